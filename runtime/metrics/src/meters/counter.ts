import type { Meter } from "./meter.ts";

/** Counts events, or amounts; never goes down. */
export class Counter implements Meter {
  #count = 0;

  /** What is not above 0 is ignored. */
  increment(by = 1): void {
    if (by > 0) this.#count += by;
  }

  get count(): number {
    return this.#count;
  }

  get uses(): number {
    return this.#count;
  }
}
