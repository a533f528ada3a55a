import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { percentileBounds, percentileBucketCount, percentileBucketOf, percentileValue } from "@holdfast/metrics";

const golden = JSON.parse(readFileSync(join(import.meta.dirname, "golden/percentile-buckets.json"), "utf8")) as {
  count: number;
  values: string[];
};

test("all 276 bounds are Spectator's", () => {
  assert.equal(percentileBucketCount, golden.count);
  assert.equal(golden.values.length, 276);
  assert.deepEqual([...percentileBounds], golden.values.map(Number));
});

/** PercentileBuckets.indexOf, line by line, on bigints. */
function javaIndexOf(value: bigint): number {
  if (value <= 0n) return 0;
  if (value <= 4n) return Number(value);
  const bits = value.toString(2).length - 1;
  const shift = bits - (bits % 2);
  const base = 1n << BigInt(shift);
  const power = shift / 2;
  const first = power === 1 ? 3 : power === 31 ? 275 : 14 + 9 * (power - 2);
  const at = Number((value - base) / (base / 3n)) + first;
  return at >= 275 ? 275 : at + 1;
}

test("every bound and its neighbours fall where Spectator's formula puts them", () => {
  for (const text of golden.values) {
    for (const step of [-1n, 0n, 1n]) {
      const value = BigInt(text) + step;
      // What no double can say cannot be asked.
      if (value < 0n || BigInt(Number(value)) !== value || value >= 1n << 63n) continue;
      assert.equal(percentileBucketOf(Number(value)), javaIndexOf(value), `${value}`);
    }
  }
  for (let value = 0; value < 20_000; value++) assert.equal(percentileBucketOf(value), javaIndexOf(BigInt(value)));
  for (let power = 31; power < 53; power++) {
    for (const value of [2 ** power - 1, 2 ** power, 2 ** power + 1, Math.floor(2 ** power * 1.7)]) {
      assert.equal(percentileBucketOf(value), javaIndexOf(BigInt(value)), `${value}`);
    }
  }
});

test("a value after the last step of a power skips a bucket, as in Spectator", () => {
  assert.deepEqual([14, 15, 16].map(percentileBucketOf), [14, 15, 15]);
  assert.equal(percentileBounds[percentileBucketOf(15)], 21);
});

test("what is below zero counts as zero and what is too large as the largest", () => {
  assert.deepEqual([-1, -5e12, Number.NaN, 0, 0.9].map(percentileBucketOf), [0, 0, 0, 0, 0]);
  assert.deepEqual([2 ** 63, Number.POSITIVE_INFINITY].map(percentileBucketOf), [275, 275]);
});

test("percentiles are straight lines inside their bucket, and the hundredth is its upper edge", () => {
  const counts = new Float64Array(percentileBucketCount);
  assert.equal(percentileValue(counts, 50), undefined);
  for (let value = 0; value < 100_000; value++) {
    const bucket = percentileBucketOf(value);
    counts[bucket] = (counts[bucket] ?? 0) + 1;
  }
  for (const percent of [25, 50, 75, 90, 95, 98, 99, 99.5]) {
    const value = percentileValue(counts, percent) ?? 0;
    // Spectator's own test (PercentileBucketsTest.percentiles) allows the same: 10 % of the value.
    assert.ok(Math.abs(value - percent * 1_000) < 100 * percent + 1e-6, `${percent}: ${value}`);
  }
  const one = new Float64Array(percentileBucketCount);
  one[percentileBucketOf(20)] = 4;
  assert.deepEqual([percentileValue(one, 0), percentileValue(one, 50), percentileValue(one, 100)], [16, 18.5, 21]);
});
