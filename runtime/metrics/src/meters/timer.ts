import { bucketCount, bucketOf } from "./buckets.ts";
import { Distribution, isAmount } from "./distribution.ts";

/** Counts durations in ms: how many, how long in all, the longest, and a histogram that merges over instances. */
export class Timer extends Distribution {
  readonly #buckets = new Float64Array(bucketCount);

  /** Records one duration; negative and non-finite ones are ignored. Allocates nothing. */
  record(ms: number): void {
    if (!isAmount(ms)) return;
    this.take(ms);
    const bucket = bucketOf(ms);
    this.#buckets[bucket] = (this.#buckets[bucket] ?? 0) + 1;
  }

  get totalMs(): number {
    return this.total;
  }

  /** The longest of the last minute or two; 0 when there was none. */
  get maxMs(): number {
    return this.max;
  }

  get buckets(): Float64Array {
    return this.#buckets;
  }
}
