import assert from "node:assert/strict";
import { test } from "node:test";
import {
  ageBuckets,
  ageBucketsBiasOld,
  type BucketFunction,
  byteBuckets,
  decimalBuckets,
  latencyBuckets,
  latencyBucketsBiasSlow,
} from "@holdfast/metrics";

const second = 1_000;
const largest = 2 ** 63;

/** The expectations of Spectator's BucketFunctionsTest. */
const cases: readonly (readonly [string, BucketFunction, number, readonly (readonly [number, string])[]])[] = [
  [
    "age60s",
    ageBuckets(60 * second),
    second,
    [
      [-1, "future"],
      [0, "07s"],
      [6, "07s"],
      [7, "07s"],
      [8, "15s"],
      [10, "15s"],
      [20, "30s"],
      [30, "30s"],
      [31, "60s"],
      [42, "60s"],
      [60, "60s"],
      [61, "old"],
    ],
  ],
  [
    "age60sBiasOld",
    ageBucketsBiasOld(60 * second),
    second,
    [
      [-1, "future"],
      [0, "30s"],
      [30, "30s"],
      [42, "45s"],
      [48, "52s"],
      [59, "60s"],
      [60, "60s"],
      [61, "old"],
    ],
  ],
  [
    "latency100ms",
    latencyBuckets(100),
    1,
    [
      [-1, "negative_latency"],
      [0, "012ms"],
      [1, "012ms"],
      [13, "025ms"],
      [25, "025ms"],
      [99, "100ms"],
      [101, "slow"],
    ],
  ],
  [
    "latency100msBiasSlow",
    latencyBucketsBiasSlow(100),
    1,
    [
      [-1, "negative_latency"],
      [0, "050ms"],
      [25, "050ms"],
      [74, "075ms"],
      [75, "075ms"],
      [76, "087ms"],
      [99, "100ms"],
      [101, "slow"],
    ],
  ],
  [
    "latency3s",
    latencyBuckets(3_000),
    1,
    [
      [-1, "negative_latency"],
      [25, "0375ms"],
      [740, "0750ms"],
      [1_000, "1500ms"],
      [1_567, "3000ms"],
      [3_001, "slow"],
    ],
  ],
  [
    "bytes1K",
    byteBuckets(1_024),
    1,
    [
      [-1, "negative"],
      [212, "0256_B"],
      [512, "0512_B"],
      [761, "1024_B"],
      [20_001, "large"],
    ],
  ],
  [
    "bytes20K",
    byteBuckets(20_000),
    1,
    [
      [-1, "negative"],
      [761, "02_KiB"],
      [4_567, "04_KiB"],
      [15_761, "19_KiB"],
      [20_001, "large"],
    ],
  ],
  [
    "decimal20K",
    decimalBuckets(20_000),
    1,
    [
      [-1, "negative"],
      [761, "02_k"],
      [4_567, "05_k"],
      [15_761, "20_k"],
      [20_001, "large"],
    ],
  ],
  [
    "decimalMaxValue",
    decimalBuckets(largest),
    1,
    [
      [-1, "negative"],
      [761, "1_E"],
      [largest / 4, "2_E"],
      [largest / 2, "4_E"],
      [largest, "9_E"],
    ],
  ],
];

for (const [name, bucketOf, unit, expectations] of cases) {
  test(`values lie in Spectator's buckets: ${name}`, () => {
    for (const [value, bucket] of expectations) assert.equal(bucketOf(value * unit), bucket, `${value}`);
  });
}

test("the names of buckets sort as their values, for maxima from nanoseconds to years", () => {
  for (let ns = 8; ns < 1e18; ns *= 3) {
    const bucketOf = latencyBuckets(ns / 1e6);
    const names = [1 / 8, 1 / 4, 1 / 2, 1].map((share) => bucketOf((ns / 1e6) * share * 0.99));
    assert.equal(new Set(names).size, 4, `${ns}: ${names.join()}`);
    assert.deepEqual(names.toSorted(), names);
  }
});
