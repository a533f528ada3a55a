import type { Clock } from "@holdfast/kernel";

/** Wall time may be set by hand or by NTP; less than this is not worth noticing. */
const jumpMs = 2_000;

/** Wall times of moments that are known in monotonic ms: the same answer each time, unless the wall clock is set anew. */
export class WallTimes {
  readonly #clock: Clock;
  #offsetMs: number;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#offsetMs = clock.wallMs() - clock.monotonicMs();
  }

  /** Whole ms since the epoch. */
  of(monotonicMs: number): number {
    const offsetMs = this.#clock.wallMs() - this.#clock.monotonicMs();
    if (Math.abs(offsetMs - this.#offsetMs) > jumpMs) this.#offsetMs = offsetMs;
    return Math.round(monotonicMs + this.#offsetMs);
  }
}
