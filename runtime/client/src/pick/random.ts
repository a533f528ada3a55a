import type { Random } from "@holdfast/kernel";
import type { Picker, PickRequest, PickServer } from "./picker.ts";
import { randomUntried } from "./untried.ts";

/** How often a server of little weight is drawn again before the next one counts, whatever its weight. */
const draws = 8;

/** Any untried server by chance (Ribbon's `RandomRule`); one with a weight below 1 is taken with that probability. */
export class RandomPicker implements Picker {
  readonly name = "random";
  readonly #random: Random;

  constructor(random: Random) {
    this.#random = random;
  }

  pick(servers: readonly PickServer[], request: PickRequest): PickServer | undefined {
    for (let i = 0; i < draws; i++) {
      const server = randomUntried(servers, request.tried, this.#random);
      if (server === undefined) return undefined;
      const weight = server.weight(request.nowMs);
      if (weight >= 1 || this.#random.next() < weight) return server;
    }
    return randomUntried(servers, request.tried, this.#random);
  }
}
