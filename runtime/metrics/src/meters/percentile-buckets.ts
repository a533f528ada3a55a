/**
 * The 276 buckets of Spectator's percentile meters (PercentileBuckets.java): 1, 2, 3, then nine to eleven steps of a third
 * of each power of four, the last one 2^63 − 1. The index of a bucket is what is published (`percentile=T00C8`), so both
 * bounds and `percentileBucketOf` are Spectator's to the letter, its skips included: 15 lies in bucket 21, not 16.
 */
export const percentileBucketCount = 276;

/** Beyond this a double is no exact whole number, so the formula runs on bigints: 104 days in ns, rare. */
const exactMax = Number.MAX_SAFE_INTEGER / 4;
const powers = 31;

/** Upper bounds, exclusive of the next bucket's values; the last (2^63 − 1) is as near as a double comes. */
export const percentileBounds: Float64Array = new Float64Array(percentileBucketCount);
/** Per power of four: itself, a third of it, and the index of the bucket it opens. */
const bases = new Float64Array(powers + 1);
const deltas = new Float64Array(powers + 1);
const firsts = new Uint16Array(powers + 1);

function fillTables(): void {
  const bounds: bigint[] = [1n, 2n, 3n];
  for (let power = 1; power <= powers; power++) {
    const base = 1n << BigInt(2 * power);
    const delta = base / 3n;
    bases[power] = Number(base);
    deltas[power] = Number(delta);
    firsts[power] = bounds.length;
    // The last power has but one bucket: all that is left up to 2^63 − 1.
    if (power === powers) break;
    for (let bound = base; bound < base * 4n - delta; bound += delta) bounds.push(bound);
  }
  bounds.push((1n << 63n) - 1n);
  for (const [index, bound] of bounds.entries()) percentileBounds[index] = Number(bound);
}
fillTables();

/** The bucket of a whole number from 0 to 2^63 − 1 (a fraction is cut off); below 0 it is the first, beyond the last. */
export function percentileBucketOf(value: number): number {
  if (!(value > 0)) return 0;
  if (value < 2_147_483_648) {
    const whole = value | 0;
    if (whole <= 4) return whole;
    const power = (31 - Math.clz32(whole)) >> 1;
    const base = 1 << (power << 1);
    // A third of a power of four, in whole numbers: (4^k − 1) / 3.
    return (((whole - base) / ((base - 1) / 3)) | 0) + firstOf(power) + 1;
  }
  return value <= exactMax ? ofLarge(Math.floor(value)) : ofHuge(value);
}

/** Nine buckets each power from 16 on; eleven between 4 and 16. */
function firstOf(power: number): number {
  return power === 1 ? 3 : 9 * power - 4;
}

function ofLarge(whole: number): number {
  let power = Math.floor(Math.log2(whole)) >> 1;
  // The logarithm is rounded: near a power of four it may be one off.
  if ((bases[power] ?? 0) > whole) power -= 1;
  else if ((bases[power + 1] ?? Number.POSITIVE_INFINITY) <= whole) power += 1;
  return Math.floor((whole - (bases[power] ?? 0)) / (deltas[power] ?? 1)) + (firsts[power] ?? 0) + 1;
}

function ofHuge(value: number): number {
  const last = percentileBucketCount - 1;
  if (!(value < 2 ** 63)) return last;
  const whole = BigInt(Math.floor(value));
  const power = (whole.toString(2).length - 1) >> 1;
  const base = 1n << BigInt(2 * power);
  return Math.min(last, Number((whole - base) / (base / 3n)) + (firsts[power] ?? 0) + 1);
}

/**
 * The value under which `percent` (0 to 100) of the counted values lie, straight lines drawn inside the buckets; with 100
 * the upper edge of the last bucket that counted something. `undefined` when nothing was counted.
 */
export function percentileValue(counts: ArrayLike<number>, percent: number): number | undefined {
  let total = 0;
  for (let i = 0; i < counts.length; i++) total += counts[i] ?? 0;
  if (total === 0) return undefined;
  const wanted = Math.min(100, Math.max(0, percent));
  let below = 0;
  let share = 0;
  let edge = 0;
  for (let i = 0; i < percentileBucketCount; i++) {
    below += counts[i] ?? 0;
    const nextShare = (100 * below) / total;
    const nextEdge = percentileBounds[i] ?? 0;
    if (nextShare >= wanted && nextShare > share) {
      return ((wanted - share) / (nextShare - share)) * (nextEdge - edge) + edge;
    }
    share = nextShare;
    edge = nextEdge;
  }
  return edge;
}
