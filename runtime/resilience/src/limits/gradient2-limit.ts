import { numberBetween, wholeBetween, withDefaults } from "@holdfast/kernel";
import { type Bounds, checkBounds, checkSmoothing, LearntLimit } from "./limit.ts";
import { SlowAverage } from "./slow-average.ts";

/** Defaults of Netflix's `Gradient2Limit`: initial and least 20, most 200. */
export interface Gradient2Options extends Bounds {
  /** Share of a new limit that counts at once, up to 1. Default 0.2. */
  readonly smoothing: number;
  /** Calls that may wait at the server. Default 4, whatever the limit. */
  readonly queueSize: (limit: number) => number;
  /** Calls that the usual time is averaged over. Default 600. */
  readonly longWindow: number;
  /** So many times the usual time is no sign of a queue, 1 to 100. Default 1.5. */
  readonly rttTolerance: number;
  /** What a drop leaves of the limit, before smoothing. Default 0.9. Without effect when `compat`. */
  readonly backoffRatio: number;
  /** True: exactly as Netflix's. Default false. */
  readonly compat: boolean;
}

const gradient2Defaults: Gradient2Options = {
  initialLimit: 20,
  minLimit: 20,
  maxLimit: 200,
  smoothing: 0.2,
  queueSize: () => 4,
  longWindow: 600,
  rttTolerance: 1.5,
  backoffRatio: 0.9,
  compat: false,
};

const warmUpSamples = 10;

/**
 * Compares each call's time with the usual one: the limit shrinks as the times grow, and grows by `queueSize` while they do not.
 *
 * Unlike Netflix's (`compat: true` is exactly that) it does not add the queue when times have grown, so that a slight
 * overload does not raise the limit step by step, and it heeds drops. Overload that lasts still becomes the usual time
 * and the limit climbs to its maximum: {@link ProbingLimit} does not.
 */
export class Gradient2Limit extends LearntLimit {
  readonly #options: Gradient2Options;
  readonly #usual: SlowAverage;
  #estimate: number;

  /** @throws OptionError */
  constructor(options?: Partial<Gradient2Options>) {
    const all = withDefaults(gradient2Defaults, options);
    checkBounds("gradient2", all);
    checkSmoothing("gradient2", all.smoothing);
    wholeBetween("gradient2.longWindow", all.longWindow, 1, 1_000_000);
    numberBetween("gradient2.rttTolerance", all.rttTolerance, 1, 100);
    numberBetween("gradient2.backoffRatio", all.backoffRatio, 0.5, 1);
    super(all.initialLimit);
    this.#options = all;
    this.#usual = new SlowAverage(all.longWindow, warmUpSamples);
    this.#estimate = all.initialLimit;
  }

  /** The time that calls usually take, in ms; 0 before the first. */
  get usualMs(): number {
    return this.#usual.value;
  }

  protected override learn(_startMs: number, rttMs: number, inFlight: number, didDrop: boolean): number {
    const { rttTolerance, smoothing, minLimit, maxLimit } = this.#options;
    const usualMs = this.#usual.add(rttMs);
    // After a long overload the average comes down faster than it would by itself.
    if (usualMs / rttMs > 2) this.#usual.scale(0.95);
    const estimate = this.#estimate;
    const heedsDrop = didDrop && !this.#options.compat;
    // Far from the limit, nothing is learnt of it.
    if (inFlight < estimate / 2 && !heedsDrop) return estimate;
    const gradient = Math.max(0.5, Math.min(1, (rttTolerance * usualMs) / rttMs));
    const next = estimate * (1 - smoothing) + this.#target(gradient, heedsDrop) * smoothing;
    this.#estimate = Math.max(minLimit, Math.min(maxLimit, next));
    return this.#estimate;
  }

  #target(gradient: number, heedsDrop: boolean): number {
    const { queueSize, backoffRatio, compat } = this.#options;
    const estimate = this.#estimate;
    if (heedsDrop) return estimate * Math.min(gradient, backoffRatio);
    if (gradient < 1 && !compat) return estimate * gradient;
    return estimate * gradient + queueSize(Math.floor(estimate));
  }
}
