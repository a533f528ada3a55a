import { numberBetween, wholeBetween } from "@holdfast/kernel";

/** How many calls may be under way at once, learnt from how long they take. */
export interface Limit {
  /** A whole number. */
  readonly limit: number;
  /**
   * One call has ended.
   *
   * @param startMs when it began, on the clock's monotonic time
   * @param rttMs how long it took; what is not above 0 counts as 1 µs
   * @param inFlight calls under way when it began, itself included
   * @param didDrop it timed out, or was turned away for load
   */
  onSample(startMs: number, rttMs: number, inFlight: number, didDrop: boolean): void;
  /** Tells `listener` each new limit, after it has come into force. */
  onChange(listener: (limit: number) => void): void;
}

/** No clock tells less apart. */
const shortestRttMs = 0.001;

/** The common part: one number, kept as a fraction by those who learn slowly, shown as a whole. */
export abstract class LearntLimit implements Limit {
  #limit: number;
  readonly #listeners: ((limit: number) => void)[] = [];

  constructor(initialLimit: number) {
    this.#limit = Math.floor(initialLimit);
  }

  get limit(): number {
    return this.#limit;
  }

  onSample(startMs: number, rttMs: number, inFlight: number, didDrop: boolean): void {
    this.change(this.learn(startMs, rttMs > shortestRttMs ? rttMs : shortestRttMs, inFlight, didDrop));
  }

  onChange(listener: (limit: number) => void): void {
    this.#listeners.push(listener);
  }

  /** The new limit, perhaps with a fraction. */
  protected abstract learn(startMs: number, rttMs: number, inFlight: number, didDrop: boolean): number;

  protected change(to: number): void {
    const limit = Math.floor(to);
    if (limit === this.#limit) return;
    this.#limit = limit;
    for (const listener of this.#listeners) listener(limit);
  }
}

/** Where a limit begins and what it never leaves. */
export interface Bounds {
  readonly initialLimit: number;
  readonly minLimit: number;
  readonly maxLimit: number;
}

/** No process of ours has more calls under way. */
const mostCalls = 1_000_000;

/** @throws OptionError unless min ≤ initial ≤ max; Netflix's begin outside and only log it. */
export function checkBounds(path: string, { initialLimit, minLimit, maxLimit }: Bounds): void {
  wholeBetween(`${path}.maxLimit`, maxLimit, 1, mostCalls);
  wholeBetween(`${path}.minLimit`, minLimit, 1, maxLimit);
  wholeBetween(`${path}.initialLimit`, initialLimit, minLimit, maxLimit);
}

/** @throws OptionError unless within (0, 1]: the share of a new limit that counts at once. */
export function checkSmoothing(path: string, smoothing: number): void {
  numberBetween(`${path}.smoothing`, smoothing, 0.001, 1);
}

/** Whole tens: 1 below 100, 2 below 1,000 … (Netflix's `Log10RootIntFunction`). */
export function log10Root(limit: number): number {
  return Math.max(1, Math.floor(Math.log10(limit) + 1e-9));
}
