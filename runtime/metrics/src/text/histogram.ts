import { bucketBoundsMs } from "../meters/buckets.ts";
import { percentileBucketOf } from "../meters/percentile-buckets.ts";
import type { MeterSnapshot } from "../registry/snapshot.ts";

/** A bound as it is written, and the index of the last bucket that lies under it. */
interface Bound {
  readonly le: number;
  readonly last: number;
}

/** Every eighth bound (two octaves apart) is enough for a scrape and keeps it short. */
const exportEvery = 8;
const msPerSecond = 1_000;
const nsPerSecond = 1e9;

const timerBounds: readonly Bound[] = bucketBoundsMs
  .map((bound, last) => ({ le: Number((bound / msPerSecond).toPrecision(4)), last }))
  .filter((_, index) => index % exportEvery === exportEvery - 1);

/** The powers of four of ns from 65 µs to 69 s. */
const percentileTimerBounds = powersOfFour(8, 18, nsPerSecond);
/** From 4 to 2^30, which is as far as sizes go. */
const percentileSummaryBounds = powersOfFour(1, 15, 1);

function powersOfFour(from: number, to: number, unit: number): Bound[] {
  return Array.from({ length: to - from + 1 }, (_, i) => {
    const bound = 4 ** (from + i);
    // The bucket in front of the one that begins with the bound.
    return { le: Number((bound / unit).toPrecision(6)), last: percentileBucketOf(bound) - 1 };
  });
}

type Histogram = Extract<MeterSnapshot, { readonly buckets: unknown }>;

/** `[le, how many are not above it]`, lowest first, without the one of infinity. */
export function cumulative(snapshot: Histogram): [le: number, count: number][] {
  const bounds = {
    timer: timerBounds,
    "percentile-timer": percentileTimerBounds,
    "percentile-summary": percentileSummaryBounds,
  }[snapshot.kind];
  let below = 0;
  let next = 0;
  return bounds.map(({ le, last }) => {
    for (; next < snapshot.buckets.length; next++) {
      const [index, count] = snapshot.buckets[next] ?? [Number.POSITIVE_INFINITY, 0];
      if (index > last) break;
      below += count;
    }
    return [le, below];
  });
}
