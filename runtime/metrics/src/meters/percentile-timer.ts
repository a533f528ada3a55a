import { OptionError } from "@holdfast/kernel";
import { Distribution, isAmount } from "./distribution.ts";
import { percentileBucketCount, percentileBucketOf, percentileValue } from "./percentile-buckets.ts";

/** Values outside count as the nearer end, which bounds how many series the percentiles become. */
export interface PercentileRange {
  readonly min: number;
  readonly max: number;
}

/** What `percentileTimer(name, tags)` gives, as Spectator's `get`: no limit. Its builder's range is 10 ms to 60 000 ms. */
export const wholeRange: PercentileRange = { min: 0, max: Number.MAX_VALUE };

const nsPerMs = 1e6;

/** A timer whose durations (ms) are also counted in Spectator's 276 buckets of nanoseconds. */
export class PercentileTimer extends Distribution {
  readonly #buckets = new Float64Array(percentileBucketCount);
  readonly #minNs: number;
  readonly #maxNs: number;

  /** @throws OptionError when the range (ms) is empty. */
  constructor(rangeMs: PercentileRange = wholeRange) {
    super();
    if (!(rangeMs.max >= rangeMs.min)) throw new OptionError("range", "min ≤ max", rangeMs);
    this.#minNs = rangeMs.min * nsPerMs;
    this.#maxNs = rangeMs.max * nsPerMs;
  }

  /** Records one duration in ms; negative and non-finite ones are ignored. Allocates nothing. */
  record(ms: number): void {
    if (!isAmount(ms)) return;
    this.take(ms);
    const ns = ms * nsPerMs;
    const within = ns < this.#minNs ? this.#minNs : ns > this.#maxNs ? this.#maxNs : ns;
    const bucket = percentileBucketOf(within);
    this.#buckets[bucket] = (this.#buckets[bucket] ?? 0) + 1;
  }

  /** The duration in ms under which `percent` (0 to 100) of all lie; `undefined` when there was none. */
  percentile(percent: number): number | undefined {
    const ns = percentileValue(this.#buckets, percent);
    return ns === undefined ? undefined : ns / nsPerMs;
  }

  get buckets(): Float64Array {
    return this.#buckets;
  }
}
