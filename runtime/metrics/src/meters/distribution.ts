import type { Meter } from "./meter.ts";
import { RecentMax } from "./recent-max.ts";

/** How many values, their sum, the sum of their squares, and the largest of late. What timers and summaries share. */
export abstract class Distribution implements Meter {
  readonly recent: RecentMax = new RecentMax();
  #count = 0;
  #total = 0;
  #squares = 0;

  /** Takes one value that {@link isAmount}. */
  protected take(value: number): void {
    this.#count += 1;
    this.#total += value;
    this.#squares += value * value;
    if (value > this.recent.now) this.recent.now = value;
  }

  get count(): number {
    return this.#count;
  }

  get total(): number {
    return this.#total;
  }

  get totalOfSquares(): number {
    return this.#squares;
  }

  /** The largest of the last minute or two; 0 when there was none. */
  get max(): number {
    const largest = this.recent.value;
    return largest > 0 ? largest : 0;
  }

  get uses(): number {
    return this.#count;
  }
}

/** Negative and non-finite values are ignored everywhere. */
export function isAmount(value: number): boolean {
  return value >= 0 && value < Number.POSITIVE_INFINITY;
}
