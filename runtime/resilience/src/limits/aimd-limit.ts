import { numberBetween, withDefaults } from "@holdfast/kernel";
import { type Bounds, checkBounds, LearntLimit } from "./limit.ts";

/** Defaults of Netflix's `AIMDLimit`: initial and least 20, most 200. */
export interface AimdOptions extends Bounds {
  /** What a drop leaves of the limit, 0.5 to below 1. Default 0.9. */
  readonly backoffRatio: number;
  /** A call that takes longer counts as dropped, in ms. Default 5,000. */
  readonly timeoutMs: number;
}

const aimdDefaults: AimdOptions = {
  initialLimit: 20,
  minLimit: 20,
  maxLimit: 200,
  backoffRatio: 0.9,
  timeoutMs: 5_000,
};

/** One more for each call near the limit that ends well, a tenth less for each that is dropped: as TCP Reno. */
export class AimdLimit extends LearntLimit {
  readonly #options: AimdOptions;

  /** @throws OptionError */
  constructor(options?: Partial<AimdOptions>) {
    const all = withDefaults(aimdDefaults, options);
    checkBounds("aimd", all);
    numberBetween("aimd.backoffRatio", all.backoffRatio, 0.5, 0.999);
    numberBetween("aimd.timeoutMs", all.timeoutMs, 0.001, 3_600_000);
    super(all.initialLimit);
    this.#options = all;
  }

  protected override learn(_startMs: number, rttMs: number, inFlight: number, didDrop: boolean): number {
    const { backoffRatio, timeoutMs, minLimit, maxLimit } = this.#options;
    let limit = this.limit;
    if (didDrop || rttMs > timeoutMs) limit = Math.floor(limit * backoffRatio);
    else if (inFlight * 2 >= limit) limit += 1;
    return Math.min(maxLimit, Math.max(minLimit, limit));
  }
}
