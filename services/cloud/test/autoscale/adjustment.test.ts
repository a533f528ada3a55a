import assert from "node:assert/strict";
import { test } from "node:test";
import { scalingPolicySchema } from "@holdfast/wire/autoscale";
import fc from "fast-check";
import { adjust, stepFor } from "../../src/autoscale/adjustment.ts";

const sizes: readonly [string, number, Parameters<typeof adjust>[1], number][] = [
  ["a change adds", 10, { adjustmentType: "ChangeInCapacity", scalingAdjustment: 3 }, 13],
  ["a change takes away", 10, { adjustmentType: "ChangeInCapacity", scalingAdjustment: -3 }, 7],
  ["a change never goes below nothing", 2, { adjustmentType: "ChangeInCapacity", scalingAdjustment: -3 }, 0],
  ["an exact size is that size", 10, { adjustmentType: "ExactCapacity", scalingAdjustment: 4 }, 4],
  // AWS's own examples: 12.7 → 12, 0.67 → 1, -0.58 → -1, -6.67 → -6.
  ["12.7 instances are 12", 127, { adjustmentType: "PercentChangeInCapacity", scalingAdjustment: 10 }, 139],
  ["0.67 of an instance is 1", 67, { adjustmentType: "PercentChangeInCapacity", scalingAdjustment: 1 }, 68],
  ["-0.58 of an instance is -1", 58, { adjustmentType: "PercentChangeInCapacity", scalingAdjustment: -1 }, 57],
  ["-6.67 instances are -6", 667, { adjustmentType: "PercentChangeInCapacity", scalingAdjustment: -1 }, 661],
  ["a whole number stays whole", 100, { adjustmentType: "PercentChangeInCapacity", scalingAdjustment: 29 }, 129],
  ["a percentage of nothing is nothing", 0, { adjustmentType: "PercentChangeInCapacity", scalingAdjustment: 50 }, 0],
  ["0 percent changes nothing", 10, { adjustmentType: "PercentChangeInCapacity", scalingAdjustment: 0 }, 10],
  // AWS: 25 % of 4 is 1, and a MinAdjustmentMagnitude of 2 makes it 2.
  [
    "the least magnitude holds going out",
    4,
    { adjustmentType: "PercentChangeInCapacity", scalingAdjustment: 25, minAdjustmentMagnitude: 2 },
    6,
  ],
  [
    "the least magnitude holds going in",
    4,
    { adjustmentType: "PercentChangeInCapacity", scalingAdjustment: -25, minAdjustmentMagnitude: 2 },
    2,
  ],
  [
    "the least magnitude gets a group off the ground",
    0,
    { adjustmentType: "PercentChangeInCapacity", scalingAdjustment: 50, minAdjustmentMagnitude: 2 },
    2,
  ],
  [
    "the least magnitude is only for percentages",
    4,
    { adjustmentType: "ChangeInCapacity", scalingAdjustment: 1, minAdjustmentMagnitude: 2 },
    5,
  ],
];

for (const [name, capacity, adjustment, expected] of sizes) {
  test(`adjustment: ${name}`, () => assert.equal(adjust(capacity, adjustment), expected));
}

test("a percentage never changes by more than asked, nor by less than one instance, for any size", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 10_000 }), fc.integer({ min: -100, max: 500 }), (capacity, percent) => {
      const change =
        adjust(capacity, { adjustmentType: "PercentChangeInCapacity", scalingAdjustment: percent }) - capacity;
      const asked = (capacity * percent) / 100;
      assert.equal(Math.sign(change), Math.sign(asked));
      assert.ok(Math.abs(change) <= Math.max(1, Math.abs(asked)));
      assert.ok(Math.abs(change) > Math.abs(asked) - 1);
    }),
  );
});

// The example of AWS's guide: threshold 50; +10 from 0 to 10 above, +20 from 10 to 20, +30 above that.
const out = [
  { metricIntervalLowerBound: 0, metricIntervalUpperBound: 10, scalingAdjustment: 0 },
  { metricIntervalLowerBound: 10, metricIntervalUpperBound: 20, scalingAdjustment: 10 },
  { metricIntervalLowerBound: 20, scalingAdjustment: 30 },
];
// And for taking away: -10 from 10 to 20 below, -30 below that.
const inward = [
  { metricIntervalUpperBound: 0, metricIntervalLowerBound: -10, scalingAdjustment: 0 },
  { metricIntervalUpperBound: -10, metricIntervalLowerBound: -20, scalingAdjustment: -10 },
  { metricIntervalUpperBound: -20, scalingAdjustment: -30 },
];

const intervals: readonly [number, number | undefined, number | undefined][] = [
  // value, adjustment of `out`, adjustment of `inward`
  [49.999, undefined, 0],
  [50, 0, 0],
  [50.001, 0, undefined],
  [59.999, 0, undefined],
  [60, 10, undefined],
  [69.999, 10, undefined],
  [70, 30, undefined],
  [1e9, 30, undefined],
  [40.001, undefined, 0],
  [40, undefined, -10],
  [30.001, undefined, -10],
  [30, undefined, -30],
  [-1e9, undefined, -30],
];

for (const [value, expectedOut, expectedIn] of intervals) {
  test(`step: with the threshold at 50, ${value} is in the interval that AWS's rule of inclusive and exclusive bounds says`, () => {
    assert.equal(stepFor(out, value, 50, true)?.scalingAdjustment, expectedOut);
    assert.equal(stepFor(inward, value, 50, false)?.scalingAdjustment, expectedIn);
  });
}

test("steps that AWS accepts cover each figure past the threshold exactly once", () => {
  const figure = fc.double({ min: 50, max: 1_000, noNaN: true });
  fc.assert(
    fc.property(fc.uniqueArray(fc.integer({ min: 1, max: 100 }), { maxLength: 8 }), figure, (cuts, value) => {
      const edges = [0, ...cuts.toSorted((a, b) => a - b)];
      const steps = edges.map((edge, index) => ({
        metricIntervalLowerBound: edge,
        metricIntervalUpperBound: edges[index + 1],
        scalingAdjustment: index,
      }));
      const holding = steps.filter((step) => stepFor([step], value, 50, true) !== undefined);
      assert.equal(holding.length, 1);
    }),
  );
});

const refused: readonly [string, Record<string, number>[], RegExp][] = [
  ["both bounds open", [{ scalingAdjustment: 1 }], /must have a lower or an upper bound/],
  [
    "an upper bound below the lower",
    [{ metricIntervalLowerBound: 5, metricIntervalUpperBound: 5, scalingAdjustment: 1 }],
    /upper bound must be above/,
  ],
  [
    "overlapping steps",
    [
      { metricIntervalLowerBound: 0, metricIntervalUpperBound: 20, scalingAdjustment: 1 },
      { metricIntervalLowerBound: 10, scalingAdjustment: 2 },
    ],
    /must not overlap/,
  ],
  [
    "a gap between steps",
    [
      { metricIntervalLowerBound: 0, metricIntervalUpperBound: 10, scalingAdjustment: 1 },
      { metricIntervalLowerBound: 15, scalingAdjustment: 2 },
    ],
    /must not leave a gap/,
  ],
  [
    "no end above",
    [{ metricIntervalLowerBound: 0, metricIntervalUpperBound: 10, scalingAdjustment: 1 }],
    /the highest step must have none/,
  ],
  [
    "no end below",
    [{ metricIntervalLowerBound: -10, metricIntervalUpperBound: 0, scalingAdjustment: -1 }],
    /the lowest step must have none/,
  ],
];

for (const [name, stepAdjustments, message] of refused) {
  test(`a step policy with ${name} is refused, as by AWS`, () => {
    const policy = {
      name: "steps",
      policyType: "StepScaling",
      adjustmentType: "ChangeInCapacity",
      stepAdjustments,
      alarm: { metric: "LatencyP99", threshold: 50, comparisonOperator: "GreaterThanThreshold" },
    };
    assert.throws(() => scalingPolicySchema.parse(policy), message);
  });
}
