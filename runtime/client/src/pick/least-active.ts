import type { Random } from "@holdfast/kernel";
import type { Picker, PickRequest, PickServer } from "./picker.ts";
import { isTried } from "./untried.ts";

/** Draws by chance before all are looked at: while some are idle, mostly one of these is. */
const draws = 4;

/**
 * The server with the fewest calls under way, per weight (Ribbon's `BestAvailableRule`). When none of a few random ones is
 * idle, it looks at all of them (1,000: 3 µs), so it is for lists up to some hundreds. Among equals chance decides, in
 * proportion to weights; Ribbon takes the first, so that callers with few calls all go to the same server.
 */
export class LeastActivePicker implements Picker {
  readonly name = "least-active";
  readonly #random: Random;

  constructor(random: Random) {
    this.#random = random;
  }

  pick(servers: readonly PickServer[], request: PickRequest): PickServer | undefined {
    const { tried, nowMs } = request;
    for (let i = 0; i < draws; i++) {
      const server = servers[this.#random.below(servers.length)];
      if (server === undefined || server.outstanding > 0 || isTried(server, tried)) continue;
      const weight = server.weight(nowMs);
      if (weight >= 1 || this.#random.next() < weight) return server;
    }
    let fewest = Number.POSITIVE_INFINITY;
    let weights = 0;
    for (const server of servers) {
      const { outstanding } = server;
      const weight = server.weight(nowMs);
      const active = outstanding === 0 ? 0 : outstanding / weight;
      if (active > fewest || isTried(server, tried)) continue;
      if (active < fewest) weights = 0;
      fewest = active;
      weights += weight;
    }
    if (weights === 0) return undefined;
    return this.#amongEqual(servers, request, fewest, this.#random.next() * weights);
  }

  #amongEqual(
    servers: readonly PickServer[],
    request: PickRequest,
    fewest: number,
    share: number,
  ): PickServer | undefined {
    const { tried, nowMs } = request;
    let left = share;
    let last: PickServer | undefined;
    for (const server of servers) {
      const { outstanding } = server;
      const weight = server.weight(nowMs);
      if ((outstanding === 0 ? 0 : outstanding / weight) !== fewest || isTried(server, tried)) continue;
      last = server;
      left -= weight;
      if (left < 0) return server;
    }
    return last;
  }
}
