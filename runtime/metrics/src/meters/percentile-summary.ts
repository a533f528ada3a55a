import { OptionError } from "@holdfast/kernel";
import { Distribution, isAmount } from "./distribution.ts";
import { percentileBucketCount, percentileBucketOf, percentileValue } from "./percentile-buckets.ts";
import { type PercentileRange, wholeRange } from "./percentile-timer.ts";

/** A summary whose amounts are also counted in Spectator's 276 buckets. */
export class PercentileDistributionSummary extends Distribution {
  readonly #buckets = new Float64Array(percentileBucketCount);
  readonly #min: number;
  readonly #max: number;

  /** @throws OptionError when the range is empty. */
  constructor(range: PercentileRange = wholeRange) {
    super();
    if (!(range.max >= range.min)) throw new OptionError("range", "min ≤ max", range);
    this.#min = range.min;
    this.#max = range.max;
  }

  /** Negative and non-finite amounts are ignored. Allocates nothing. */
  record(amount: number): void {
    if (!isAmount(amount)) return;
    this.take(amount);
    const within = amount < this.#min ? this.#min : amount > this.#max ? this.#max : amount;
    const bucket = percentileBucketOf(within);
    this.#buckets[bucket] = (this.#buckets[bucket] ?? 0) + 1;
  }

  /** The amount under which `percent` (0 to 100) of all lie; `undefined` when there was none. */
  percentile(percent: number): number | undefined {
    return percentileValue(this.#buckets, percent);
  }

  get buckets(): Float64Array {
    return this.#buckets;
  }
}
