import type { Random } from "@holdfast/kernel";

/** How often, what, and how. */
export type Deed = readonly [weight: number, name: string, run: () => void];

/** Chooses among deeds by weight. */
export class Dice {
  readonly #random: Random;
  readonly #deeds: readonly Deed[];
  readonly #sum: number;

  constructor(random: Random, deeds: readonly Deed[]) {
    this.#random = random;
    this.#deeds = deeds;
    this.#sum = deeds.reduce((sum, [weight]) => sum + weight, 0);
  }

  roll(): void {
    let left = this.#random.next() * this.#sum;
    for (const [weight, , run] of this.#deeds) {
      left -= weight;
      if (left < 0) return run();
    }
  }
}
