import type { Random } from "@holdfast/kernel";
import type { Picker, PickRequest, PickServer } from "./picker.ts";
import { isTried } from "./untried.ts";

/**
 * The server with the fewest calls under way, per weight (Ribbon's `BestAvailableRule`). It looks at all of them: for
 * lists up to some hundreds. Among equals chance decides, in proportion to their weights; Ribbon takes the first, so that
 * callers with few calls all go to the same server.
 */
export class LeastActivePicker implements Picker {
  readonly name = "least-active";
  readonly #random: Random;

  constructor(random: Random) {
    this.#random = random;
  }

  pick(servers: readonly PickServer[], request: PickRequest): PickServer | undefined {
    const { tried, nowMs } = request;
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
