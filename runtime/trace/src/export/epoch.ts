import type { Clock } from "@holdfast/kernel";

/** A wall clock that shows whole milliseconds is at most one behind; more than that behind what was seen means it was set back. */
const behindMaxMs = 1.2;

/**
 * The wall time at monotonic time 0, to some hundredths of a millisecond, from a wall clock that shows whole ones: the latest
 * of many readings is the best, since each one is cut. Spans of several processes then lie as they were.
 */
export class Epoch {
  readonly #clock: Clock;
  #ms: number;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#ms = clock.wallMs() - clock.monotonicMs();
  }

  get ms(): number {
    return this.#ms;
  }

  /** Reads the clocks once more; the oftener, the better. */
  look(): void {
    const ms = this.#clock.wallMs() - this.#clock.monotonicMs();
    if (ms > this.#ms || ms < this.#ms - behindMaxMs) this.#ms = ms;
  }
}
