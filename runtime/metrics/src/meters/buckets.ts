/**
 * Fixed logarithmic buckets for durations in ms: four an octave from 0.1 ms to about 60 s (a bound grows by 2^¼, so a
 * percentile is at most 19 % too high). Fixed bounds are what lets percentiles of many instances be merged.
 */
export const bucketsPerOctave = 4;
const firstBoundMs = 0.1;
export const bucketCount = 78;

/** Upper bounds of all buckets but the last, which has none. */
export const bucketBoundsMs: readonly number[] = Array.from(
  { length: bucketCount - 1 },
  (_, i) => firstBoundMs * 2 ** (i / bucketsPerOctave),
);

/** A bound and what differs from it by rounding alone are the same. */
const upperBounds = Float64Array.from(bucketBoundsMs, (bound) => bound * (1 + 1e-10));
const lastBoundMs = upperBounds[bucketCount - 2] ?? 0;
const usPerMs = 1_000;

/** For the highest bit of a whole number of µs, the first bucket that such a number may lie in. */
const firstOfOctave = Uint8Array.from({ length: 32 }, (_, bit) =>
  Math.max(
    0,
    upperBounds.findIndex((bound) => 2 ** bit / usPerMs <= bound),
  ),
);

/** The bucket that `ms` falls into. */
export function bucketOf(ms: number): number {
  if (!(ms > firstBoundMs)) return 0;
  if (ms > lastBoundMs) return bucketCount - 1;
  // The octave from the highest bit, then at most four steps: a logarithm takes four times as long.
  let index = firstOfOctave[31 - Math.clz32(ms * usPerMs)] ?? 0;
  while (ms > (upperBounds[index] ?? lastBoundMs)) index += 1;
  return index;
}

/**
 * The value under which `share` (0 to 1) of the counted durations lie: the upper bound of the bucket where that rank
 * falls, or `undefined` when nothing was counted.
 */
export function percentile(counts: ArrayLike<number>, share: number): number | undefined {
  let total = 0;
  for (let i = 0; i < counts.length; i++) total += counts[i] ?? 0;
  if (total === 0) return undefined;
  let rank = Math.max(1, Math.ceil(total * share));
  for (let i = 0; i < counts.length; i++) {
    rank -= counts[i] ?? 0;
    if (rank <= 0) return bucketBoundsMs[i] ?? bucketBoundsMs.at(-1);
  }
  return bucketBoundsMs.at(-1);
}
