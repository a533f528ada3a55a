import { Counter } from "../meters/counter.ts";
import { Distribution } from "../meters/distribution.ts";
import { Gauge } from "../meters/gauge.ts";
import { MaxGauge } from "../meters/max-gauge.ts";
import type { Meter } from "../meters/meter.ts";
import { PercentileDistributionSummary } from "../meters/percentile-summary.ts";
import { PercentileTimer } from "../meters/percentile-timer.ts";
import type { Tags } from "../meters/tags.ts";
import { Timer } from "../meters/timer.ts";

/** `[bucket index, count]` for the buckets that are not empty. */
export type BucketCounts = readonly (readonly [number, number])[];

interface Named {
  readonly name: string;
  readonly tags: Tags;
}

interface Timed extends Named {
  readonly count: number;
  readonly totalMs: number;
  /** The longest of the last minute or two. */
  readonly maxMs: number;
  readonly buckets: BucketCounts;
}

interface Summed extends Named {
  readonly count: number;
  readonly total: number;
  /** The largest of the last minute or two. */
  readonly max: number;
}

/**
 * One series at one moment. All counts only ever grow while the process lives. The buckets of a `timer` are those of
 * `bucketBoundsMs`, those of a `percentile-timer` are those of `percentileBounds`, in ns.
 */
export type MeterSnapshot =
  | (Named & { readonly kind: "counter"; readonly count: number })
  | (Named & { readonly kind: "gauge"; readonly value: number })
  | (Timed & { readonly kind: "timer" })
  | (Timed & { readonly kind: "percentile-timer" })
  | (Summed & { readonly kind: "summary" })
  | (Summed & { readonly kind: "percentile-summary"; readonly buckets: BucketCounts });

/** What a meter shows now; `undefined` for a gauge without a value. */
export function snapshotOf(name: string, tags: Tags, meter: Meter): MeterSnapshot | undefined {
  if (meter instanceof Counter) return { kind: "counter", name, tags, count: meter.count };
  if (meter instanceof Gauge || meter instanceof MaxGauge) {
    const { value } = meter;
    return Number.isNaN(value) ? undefined : { kind: "gauge", name, tags, value };
  }
  if (!(meter instanceof Distribution)) return undefined;
  const { count, total, max } = meter;
  if (meter instanceof Timer || meter instanceof PercentileTimer) {
    const timed = { name, tags, count, totalMs: total, maxMs: max, buckets: filled(meter.buckets) };
    return meter instanceof Timer ? { kind: "timer", ...timed } : { kind: "percentile-timer", ...timed };
  }
  if (meter instanceof PercentileDistributionSummary) {
    return { kind: "percentile-summary", name, tags, count, total, max, buckets: filled(meter.buckets) };
  }
  return { kind: "summary", name, tags, count, total, max };
}

function filled(counts: Float64Array): BucketCounts {
  const buckets: (readonly [number, number])[] = [];
  for (let index = 0; index < counts.length; index++) {
    const count = counts[index] ?? 0;
    if (count > 0) buckets.push([index, count]);
  }
  return buckets;
}
