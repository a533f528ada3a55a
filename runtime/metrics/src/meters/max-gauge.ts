import type { Meter } from "./meter.ts";
import { RecentMax } from "./recent-max.ts";

/** Holds the largest value set of late: of the step when published, of the last minute or two when looked at. */
export class MaxGauge implements Meter {
  readonly recent: RecentMax = new RecentMax();
  #uses = 0;

  set(value: number): void {
    if (value > this.recent.now) this.recent.now = value;
    this.#uses += 1;
  }

  /** NaN when nothing was set of late. */
  get value(): number {
    const largest = this.recent.value;
    return largest === Number.NEGATIVE_INFINITY ? Number.NaN : largest;
  }

  get uses(): number {
    return this.#uses;
  }
}
