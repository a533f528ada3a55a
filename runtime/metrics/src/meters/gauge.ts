import type { Meter } from "./meter.ts";

/** Holds the last value set. One that is not set for 15 min is published no more. */
export class Gauge implements Meter {
  #value = Number.NaN;
  #uses = 0;

  set(value: number): void {
    this.#value = value;
    this.#uses += 1;
  }

  /** NaN before the first {@link set}. */
  get value(): number {
    return this.#value;
  }

  get uses(): number {
    return this.#uses;
  }
}
