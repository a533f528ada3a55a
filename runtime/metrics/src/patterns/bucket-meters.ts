import type { Counter } from "../meters/counter.ts";
import type { DistributionSummary } from "../meters/distribution-summary.ts";
import type { Tags } from "../meters/tags.ts";
import type { Timer } from "../meters/timer.ts";
import type { MeterRegistry } from "../registry/meter-registry.ts";
import type { BucketFunction } from "./bucket-functions.ts";

/** One meter a bucket, told apart by the tag `bucket` and resolved when a value first lies in it. */
abstract class BucketMeters<M> {
  readonly #bucketOf: BucketFunction;
  readonly #resolve: (bucket: Tags) => M;
  readonly #meters = new Map<string, M>();

  constructor(bucketOf: BucketFunction, resolve: (bucket: Tags) => M) {
    this.#bucketOf = bucketOf;
    this.#resolve = resolve;
  }

  protected meterOf(value: number): M {
    const bucket = this.#bucketOf(value);
    let meter = this.#meters.get(bucket);
    if (meter === undefined) {
      meter = this.#resolve({ bucket });
      this.#meters.set(bucket, meter);
    }
    return meter;
  }
}

/** Counts values by bucket. */
export class BucketCounter extends BucketMeters<Counter> {
  constructor(meters: MeterRegistry, name: string, tags: Tags, bucketOf: BucketFunction) {
    super(bucketOf, (bucket) => meters.counter(name, { ...tags, ...bucket }));
  }

  record(value: number): void {
    this.meterOf(value).increment();
  }
}

/** Durations in ms by bucket. */
export class BucketTimer extends BucketMeters<Timer> {
  constructor(meters: MeterRegistry, name: string, tags: Tags, bucketOf: BucketFunction) {
    super(bucketOf, (bucket) => meters.timer(name, { ...tags, ...bucket }));
  }

  record(ms: number): void {
    this.meterOf(ms).record(ms);
  }
}

/** Amounts by bucket. */
export class BucketDistributionSummary extends BucketMeters<DistributionSummary> {
  constructor(meters: MeterRegistry, name: string, tags: Tags, bucketOf: BucketFunction) {
    super(bucketOf, (bucket) => meters.summary(name, { ...tags, ...bucket }));
  }

  record(amount: number): void {
    this.meterOf(amount).record(amount);
  }
}
