import type { Clock, Timer } from "@holdfast/kernel";

/** Whoever asks this clock does so every few seconds; a longer silence means that the machine or the process was asleep. */
const asleepMs = 10_000;

/**
 * A clock on which the time does not pass that a suspended machine, a stopped process or a corrected wall clock skipped:
 * nobody is found too old, too late or lost for an hour in which nobody could do anything.
 */
export class AwakeClock implements Clock {
  readonly #clock: Clock;
  #lostMs = 0;
  #lastMs: number;
  #lastWallMs: number;
  #wallShiftMs = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#lastMs = clock.monotonicMs();
    this.#lastWallMs = clock.wallMs();
  }

  /** Monotonic time without what was slept through. */
  monotonicMs(): number {
    const nowMs = this.#clock.monotonicMs();
    const wallMs = this.#clock.wallMs();
    if (nowMs - this.#lastMs > asleepMs) this.#lostMs += nowMs - this.#lastMs;
    const wallStepMs = wallMs - this.#lastWallMs;
    if (Math.abs(wallStepMs) > asleepMs) this.#wallShiftMs += wallStepMs;
    this.#lastMs = nowMs;
    this.#lastWallMs = wallMs;
    return nowMs - this.#lostMs;
  }

  /** By how much wall-clock deadlines have to move since this was last asked, in ms; 0 when nothing was skipped. */
  takeWallShiftMs(): number {
    this.monotonicMs();
    const shiftMs = this.#wallShiftMs;
    this.#wallShiftMs = 0;
    return shiftMs;
  }

  wallMs(): number {
    return this.#clock.wallMs();
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return this.#clock.sleep(ms, signal);
  }

  after(ms: number, callback: () => void): Timer {
    return this.#clock.after(ms, callback);
  }

  every(ms: number, callback: () => void): Timer {
    return this.#clock.every(ms, callback);
  }
}
