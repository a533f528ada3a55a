import { numberBetween, type Random, wholeBetween, withDefaults } from "@holdfast/kernel";
import { type Bounds, checkBounds, checkSmoothing, LearntLimit } from "./limit.ts";

/** Defaults of Netflix's `GradientLimit`: initial 50, least 1, most 1,000. */
export interface GradientOptions extends Bounds {
  /** Share of a lower limit that counts at once, up to 1. Default 0.2. */
  readonly smoothing: number;
  /** Calls that may wait at the server. Default √limit, at least 4. */
  readonly queueSize: (limit: number) => number;
  /** So many times the best time is no sign of a queue, 1 to 100. Default 2. */
  readonly rttTolerance: number;
  /** The best time is learnt anew, at a limit of `queueSize`, after one to two times so many calls; 0: never. Default 1,000. */
  readonly probeInterval: number;
  /** What a drop leaves of the limit, before smoothing. Default 0.9. */
  readonly backoffRatio: number;
}

const gradientDefaults: GradientOptions = {
  initialLimit: 50,
  minLimit: 1,
  maxLimit: 1_000,
  smoothing: 0.2,
  queueSize: (limit) => Math.max(4, Math.floor(Math.sqrt(limit))),
  rttTolerance: 2,
  probeInterval: 1_000,
  backoffRatio: 0.9,
};

/** Compares each call's time with the best one. Netflix's older one, for those who have tuned it. */
export class GradientLimit extends LearntLimit {
  readonly #random: Random;
  readonly #options: GradientOptions;
  #estimate: number;
  #bestMs = Number.POSITIVE_INFINITY;
  #untilProbe: number;

  /** @throws OptionError */
  constructor(random: Random, options?: Partial<GradientOptions>) {
    const all = withDefaults(gradientDefaults, options);
    checkBounds("gradient", all);
    checkSmoothing("gradient", all.smoothing);
    numberBetween("gradient.rttTolerance", all.rttTolerance, 1, 100);
    wholeBetween("gradient.probeInterval", all.probeInterval, 0, 1_000_000);
    numberBetween("gradient.backoffRatio", all.backoffRatio, 0.5, 1);
    super(all.initialLimit);
    this.#random = random;
    this.#options = all;
    this.#estimate = all.initialLimit;
    this.#untilProbe = this.#nextProbe();
  }

  protected override learn(_startMs: number, rttMs: number, inFlight: number, didDrop: boolean): number {
    const { rttTolerance, minLimit, maxLimit } = this.#options;
    const queue = this.#options.queueSize(Math.floor(this.#estimate));
    this.#untilProbe -= 1;
    if (this.#untilProbe < 0) {
      this.#untilProbe = this.#nextProbe();
      this.#bestMs = Number.POSITIVE_INFINITY;
      this.#estimate = Math.min(maxLimit, Math.max(minLimit, queue));
      return this.#estimate;
    }
    this.#bestMs = Math.min(this.#bestMs, rttMs);
    const gradient = Math.max(0.5, Math.min(1, (rttTolerance * this.#bestMs) / rttMs));
    const next = this.#next(gradient, queue, inFlight, didDrop);
    this.#estimate = Math.max(minLimit, Math.min(maxLimit, next));
    return this.#estimate;
  }

  #next(gradient: number, queue: number, inFlight: number, didDrop: boolean): number {
    const { smoothing, backoffRatio } = this.#options;
    const estimate = this.#estimate;
    let next: number;
    if (didDrop) next = estimate * backoffRatio;
    // Far from the limit, nothing is learnt of it.
    else if (inFlight < estimate / 2) return estimate;
    else next = estimate * gradient + queue;
    if (next < estimate) next = estimate * (1 - smoothing) + next * smoothing;
    return Math.max(queue, next);
  }

  #nextProbe(): number {
    const { probeInterval } = this.#options;
    return probeInterval === 0 ? Number.POSITIVE_INFINITY : probeInterval + this.#random.below(probeInterval);
  }
}
