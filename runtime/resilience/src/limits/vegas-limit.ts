import { type Random, wholeBetween, withDefaults } from "@holdfast/kernel";
import { checkBounds, checkSmoothing, LearntLimit, log10Root } from "./limit.ts";

type OfLimit = (limit: number) => number;

/** Defaults of Netflix's `VegasLimit`. */
export interface VegasOptions {
  /** Default 20. */
  readonly initialLimit: number;
  /** Default 1. */
  readonly minLimit: number;
  /** Default 1,000. */
  readonly maxLimit: number;
  /** Share of a new limit that counts at once, up to 1. Default 1. */
  readonly smoothing: number;
  /** The best time is learnt anew after between half and all of `probeMultiplier · limit` calls. Default 30. */
  readonly probeMultiplier: number;
  /** A queue shorter than this has room. Default 3 · log10(limit). */
  readonly alpha: OfLimit;
  /** A queue longer than this is too long. Default 6 · log10(limit). */
  readonly beta: OfLimit;
  /** Up to this the queue counts as none, and the limit grows by `beta`. Default log10(limit). */
  readonly threshold: OfLimit;
  /** Default limit + log10(limit). */
  readonly increase: OfLimit;
  /** Default limit − log10(limit). */
  readonly decrease: OfLimit;
}

export const vegasDefaults: VegasOptions = {
  initialLimit: 20,
  minLimit: 1,
  maxLimit: 1_000,
  smoothing: 1,
  probeMultiplier: 30,
  alpha: (limit) => 3 * log10Root(limit),
  beta: (limit) => 6 * log10Root(limit),
  threshold: log10Root,
  increase: (limit) => limit + log10Root(limit),
  decrease: (limit) => limit - log10Root(limit),
};

/**
 * Keeps a short queue, as TCP Vegas does: `limit · (1 − best time / this time)` calls are taken to wait at the server; the
 * limit grows while they are few and shrinks when they are many, and on every drop.
 *
 * As Netflix's, with its two weaknesses: times that differ by nature are taken for a queue, and a probe under load takes
 * the loaded time for the best one, so that the limit climbs for a while. {@link ProbingLimit} has neither.
 */
export class VegasLimit extends LearntLimit {
  readonly #random: Random;
  readonly #options: VegasOptions;
  #estimate: number;
  /** The best time seen since the last probe; 0: none yet. */
  #bestMs = 0;
  #sinceProbe = 0;
  #probeJitter: number;

  /** @throws OptionError */
  constructor(random: Random, options?: Partial<VegasOptions>) {
    const all = withDefaults(vegasDefaults, options);
    checkBounds("vegas", all);
    checkSmoothing("vegas", all.smoothing);
    wholeBetween("vegas.probeMultiplier", all.probeMultiplier, 1, 1_000_000);
    super(all.initialLimit);
    this.#random = random;
    this.#options = all;
    this.#estimate = all.initialLimit;
    this.#probeJitter = this.#nextJitter();
  }

  /** The time of an unloaded server as far as known, in ms; 0 before the first call. */
  get bestMs(): number {
    return this.#bestMs;
  }

  protected override learn(_startMs: number, rttMs: number, inFlight: number, didDrop: boolean): number {
    this.#sinceProbe += 1;
    if (this.#probeJitter * this.#options.probeMultiplier * this.#estimate <= this.#sinceProbe) {
      this.#probeJitter = this.#nextJitter();
      this.#sinceProbe = 0;
      this.#bestMs = rttMs;
      return this.#estimate;
    }
    if (this.#bestMs === 0 || rttMs < this.#bestMs) {
      this.#bestMs = rttMs;
      return this.#estimate;
    }
    this.#estimate = this.#next(rttMs, inFlight, didDrop);
    return this.#estimate;
  }

  #next(rttMs: number, inFlight: number, didDrop: boolean): number {
    const { alpha, beta, threshold, increase, decrease, minLimit, maxLimit, smoothing } = this.#options;
    const estimate = this.#estimate;
    const whole = Math.floor(estimate);
    const queue = Math.ceil(estimate * (1 - this.#bestMs / rttMs));
    let next: number;
    if (didDrop) next = decrease(estimate);
    // Far from the limit, nothing is learnt of it.
    else if (inFlight * 2 < estimate) return estimate;
    else if (queue <= threshold(whole)) next = estimate + beta(whole);
    else if (queue < alpha(whole)) next = increase(estimate);
    else if (queue > beta(whole)) next = decrease(estimate);
    else return estimate;
    next = Math.max(minLimit, Math.min(maxLimit, next));
    return (1 - smoothing) * estimate + smoothing * next;
  }

  #nextJitter(): number {
    return 0.5 + this.#random.next() / 2;
  }
}
