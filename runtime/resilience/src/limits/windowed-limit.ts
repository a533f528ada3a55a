import { numberBetween, OptionError, wholeBetween, withDefaults } from "@holdfast/kernel";
import type { Limit } from "./limit.ts";

/** Defaults of Netflix's `WindowedLimit`. */
export interface WindowOptions {
  /** A window lasts twice the shortest time in it, at least this, in ms from 100. Default 1,000. */
  readonly minWindowMs: number;
  /** And at most this, in ms from 100. Default 1,000. */
  readonly maxWindowMs: number;
  /** A window with fewer calls tells nothing, from 10. Default 10. */
  readonly minSamples: number;
  /** Calls that took less are passed over, in ms. Default 0.1. */
  readonly minRttMs: number;
  /** What a window tells: the mean of its times, or the time that this share of its first 1,000 calls took at most. Default mean. */
  readonly track: "average" | number;
}

const windowDefaults: WindowOptions = {
  minWindowMs: 1_000,
  maxWindowMs: 1_000,
  minSamples: 10,
  minRttMs: 0.1,
  track: "average",
};

/** Percentiles are of so many. */
const keptSamples = 1_000;

/** Tells a limit of windows of calls in place of single ones, so that one slow call is no sign of anything. */
export class WindowedLimit implements Limit {
  readonly #inner: Limit;
  readonly #options: WindowOptions;
  readonly #times: Float64Array | undefined;
  #nextMs = Number.NEGATIVE_INFINITY;
  #count = 0;
  #sumMs = 0;
  #leastMs = Number.POSITIVE_INFINITY;
  #mostInFlight = 0;
  #didDrop = false;

  /** @throws OptionError */
  constructor(inner: Limit, options?: Partial<WindowOptions>) {
    const all = withDefaults(windowDefaults, options);
    numberBetween("window.maxWindowMs", all.maxWindowMs, 100, 3_600_000);
    numberBetween("window.minWindowMs", all.minWindowMs, 100, all.maxWindowMs);
    wholeBetween("window.minSamples", all.minSamples, 10, 1_000_000);
    numberBetween("window.minRttMs", all.minRttMs, 0, 3_600_000);
    if (all.track !== "average" && !(all.track > 0 && all.track <= 1)) {
      throw new OptionError("window.track", '"average" or a share from above 0 to 1', all.track);
    }
    this.#inner = inner;
    this.#options = all;
    this.#times = all.track === "average" ? undefined : new Float64Array(keptSamples);
  }

  get limit(): number {
    return this.#inner.limit;
  }

  onChange(listener: (limit: number) => void): void {
    this.#inner.onChange(listener);
  }

  onSample(startMs: number, rttMs: number, inFlight: number, didDrop: boolean): void {
    const { minRttMs, minWindowMs, maxWindowMs, minSamples } = this.#options;
    if (!(rttMs >= minRttMs)) return;
    this.#add(rttMs, inFlight, didDrop);
    const endMs = startMs + rttMs;
    if (endMs <= this.#nextMs) return;
    this.#nextMs = endMs + Math.min(Math.max(this.#leastMs * 2, minWindowMs), maxWindowMs);
    if (this.#count >= minSamples) this.#inner.onSample(startMs, this.#trackedMs(), this.#mostInFlight, this.#didDrop);
    this.#reset();
  }

  #add(rttMs: number, inFlight: number, didDrop: boolean): void {
    if (this.#times !== undefined && this.#count < keptSamples) this.#times[this.#count] = rttMs;
    this.#count += 1;
    this.#sumMs += rttMs;
    if (rttMs < this.#leastMs) this.#leastMs = rttMs;
    if (inFlight > this.#mostInFlight) this.#mostInFlight = inFlight;
    if (didDrop) this.#didDrop = true;
  }

  #reset(): void {
    this.#count = 0;
    this.#sumMs = 0;
    this.#leastMs = Number.POSITIVE_INFINITY;
    this.#mostInFlight = 0;
    this.#didDrop = false;
  }

  #trackedMs(): number {
    const { track } = this.#options;
    if (this.#times === undefined || track === "average") return this.#sumMs / this.#count;
    const times = this.#times.subarray(0, Math.min(this.#count, keptSamples)).sort();
    return times[Math.max(0, Math.round(times.length * track) - 1)] ?? this.#leastMs;
  }
}
