import type { Random } from "@holdfast/kernel";
import type { Picker, PickRequest, PickServer } from "./picker.ts";
import { RoundRobinPicker } from "./round-robin.ts";
import { isTried } from "./untried.ts";

/** Ribbon's `AvailabilityFilteringRule`: so many round-robin picks before the whole list is searched. */
const tries = 11;

/**
 * Round robin that passes by servers with `activeLimit` calls under way or more (Ribbon's `AvailabilityFilteringRule` and
 * `ActiveConnectionsLimit`). After eleven busy ones the list is searched for one below the limit; when all are busy, all
 * count. That a server's circuit is open is not looked at here: such servers are not in the list.
 */
export class AvailabilityFilteringPicker implements Picker {
  readonly name = "availability-filtering";
  readonly #random: Random;
  readonly #roundRobin: RoundRobinPicker;
  readonly #activeLimit: number;

  /** `activeLimit`: no limit by default; Ribbon's -1 means the same. */
  constructor(random: Random, activeLimit = -1) {
    this.#random = random;
    this.#roundRobin = new RoundRobinPicker(random);
    this.#activeLimit = activeLimit < 0 ? Number.POSITIVE_INFINITY : activeLimit;
  }

  pick(servers: readonly PickServer[], request: PickRequest): PickServer | undefined {
    const limit = this.#activeLimit;
    let server: PickServer | undefined;
    for (let i = 0; i < tries; i++) {
      server = this.#roundRobin.pick(servers, request);
      if (server === undefined || server.outstanding < limit) return server;
    }
    return this.#search(servers, request) ?? server;
  }

  /** From a random place on, so that callers that all find the list full do not all take the first free one. */
  #search(servers: readonly PickServer[], request: PickRequest): PickServer | undefined {
    const { length } = servers;
    const from = this.#random.below(length);
    for (let i = 0; i < length; i++) {
      const server = servers[(from + i) % length];
      if (server === undefined || server.outstanding >= this.#activeLimit) continue;
      if (!isTried(server, request.tried)) return server;
    }
    return undefined;
  }
}
