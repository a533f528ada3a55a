import assert from "node:assert/strict";
import { test } from "node:test";
import { judgeSimple, judgeStep } from "../../src/autoscale/alarm-policies.ts";
import type { GroupView, PolicyVerdict } from "../../src/autoscale/group-view.ts";
import { activity, group, nowMs, policy } from "./policies.ts";
import { series } from "./series.ts";

const high = { metric: "ASGAverageCPUUtilization", threshold: 50, comparisonOperator: "GreaterThanOrEqualToThreshold" };
const low = { ...high, threshold: 30, comparisonOperator: "LessThanOrEqualToThreshold", evaluationPeriods: 2 };

function simple(value: number | undefined, view: GroupView, more: Record<string, unknown> = {}): PolicyVerdict {
  const made = policy("SimpleScaling", {
    adjustmentType: "ChangeInCapacity",
    scalingAdjustment: 2,
    alarm: high,
    ...more,
  });
  return judgeSimple(made, series([value, value, value, value]), "OK", view, nowMs);
}

const simpleCases: readonly [string, PolicyVerdict, PolicyVerdict["stance"], number][] = [
  ["adds once its alarm is on", simple(60, group()), "out", 12],
  ["does nothing while its alarm is not", simple(40, group()), "hold", 10],
  ["says that it knows nothing without figures", simple(undefined, group()), "unknown", 10],
  ["waits while the last scaling is under way", simple(60, group({ activities: [activity(8, 10, 30)] })), "wait", 12],
  [
    "waits for the cooldown of 300 s after the last scaling ended",
    simple(60, group({ activities: [activity(8, 10, 400, 299)] })),
    "wait",
    12,
  ],
  [
    "acts again when 300 s have passed since the last scaling ended",
    simple(60, group({ activities: [activity(8, 10, 400, 300)] })),
    "out",
    12,
  ],
  [
    "waits as well after instances were taken away",
    simple(60, group({ activities: [activity(12, 10, 400, 200)] })),
    "wait",
    12,
  ],
  [
    "has its own cooldown when it names one",
    simple(60, group({ activities: [activity(8, 10, 400, 30)] }), { cooldown: "20s" }),
    "out",
    12,
  ],
  [
    "without one waits for the group's default cooldown",
    simple(60, group({ defaultCooldownMs: 60_000, activities: [activity(8, 10, 400, 59)] })),
    "wait",
    12,
  ],
  [
    "and acts when that has passed",
    simple(60, group({ defaultCooldownMs: 60_000, activities: [activity(8, 10, 400, 60)] })),
    "out",
    12,
  ],
  [
    "its own cooldown outweighs the group's",
    simple(60, group({ defaultCooldownMs: 60_000, activities: [activity(8, 10, 400, 60)] }), { cooldown: "2m" }),
    "wait",
    12,
  ],
  ["takes away", simple(20, group(), { alarm: low, scalingAdjustment: -3 }), "in", 7],
];

for (const [name, got, stance, want] of simpleCases) {
  test(`a simple policy ${name}`, () => assert.deepEqual([got.stance, got.want], [stance, want], got.reason));
}

test("a simple policy says when its cooldown ends", () => {
  const { reason } = simple(60, group({ activities: [activity(8, 10, 400, 255)] }));
  assert.match(reason, /the cooldown ends in 45 s$/);
});

// The example of AWS's user guide: threshold 50; nothing up to 10 above, 10 % from there to 20, 30 % beyond.
const guideOut = {
  adjustmentType: "PercentChangeInCapacity",
  minAdjustmentMagnitude: 1,
  estimatedInstanceWarmup: "120s",
  alarm: high,
  stepAdjustments: [
    { metricIntervalLowerBound: 0, metricIntervalUpperBound: 10, scalingAdjustment: 0 },
    { metricIntervalLowerBound: 10, metricIntervalUpperBound: 20, scalingAdjustment: 10 },
    { metricIntervalLowerBound: 20, scalingAdjustment: 30 },
  ],
};
const guideIn = {
  ...guideOut,
  alarm: { ...high, comparisonOperator: "LessThanOrEqualToThreshold" },
  stepAdjustments: [
    { metricIntervalUpperBound: 0, metricIntervalLowerBound: -10, scalingAdjustment: 0 },
    { metricIntervalUpperBound: -10, metricIntervalLowerBound: -20, scalingAdjustment: -10 },
    { metricIntervalUpperBound: -20, scalingAdjustment: -30 },
  ],
};

function steps(
  value: number | undefined,
  view: GroupView,
  definition: Record<string, unknown> = guideOut,
): PolicyVerdict {
  return judgeStep(policy("StepScaling", definition), series([value, value, value]), "OK", view, nowMs);
}

const warming = (to: number): GroupView => group({ desired: to, activities: [activity(10, to, 60, 30)] });
const stepCases: readonly [string, PolicyVerdict, PolicyVerdict["stance"], number][] = [
  ["at 60 a group of 10 gets 1 more", steps(60, group()), "out", 11],
  ["at 70 a group of 10 gets 3 more", steps(70, group()), "out", 13],
  ["at 55 a step of 0 changes nothing", steps(55, group()), "hold", 10],
  ["at 62 nothing more is added while the 1 of before warms up", steps(62, warming(11)), "hold", 11],
  ["at 70 only 2 are added while the 1 of before warms up", steps(70, warming(11)), "out", 13],
  [
    "once the 1 of before is warm, it counts",
    steps(62, group({ desired: 11, activities: [activity(10, 11, 300, 120)] })),
    "out",
    12,
  ],
  [
    "instances that are still being launched are warming up",
    steps(62, group({ desired: 11, activities: [activity(10, 11, 300)] })),
    "hold",
    11,
  ],
  ["at 40 a group of 10 loses 1", steps(40, group(), guideIn), "in", 9],
  ["at 30 a group of 10 loses 3", steps(30, group(), guideIn), "in", 7],
  ["nothing is taken away while new ones warm up", steps(30, warming(13), guideIn), "wait", 10],
  [
    "instances on their way out still count, so none is taken twice",
    steps(40, group({ desired: 9, activities: [activity(10, 9, 5)] }), guideIn),
    "hold",
    9,
  ],
  ["without figures nothing is known", steps(undefined, group()), "unknown", 10],
  [
    "an exact size is that size, up",
    steps(60, group(), {
      ...guideOut,
      adjustmentType: "ExactCapacity",
      minAdjustmentMagnitude: undefined,
      stepAdjustments: [{ metricIntervalLowerBound: 0, scalingAdjustment: 20 }],
    }),
    "out",
    20,
  ],
  [
    "an exact size is that size, down",
    steps(60, group(), {
      ...guideOut,
      adjustmentType: "ExactCapacity",
      stepAdjustments: [{ metricIntervalLowerBound: 0, scalingAdjustment: 4 }],
    }),
    "in",
    4,
  ],
  [
    "a breach that no step is for changes nothing",
    steps(52, group(), { ...guideOut, stepAdjustments: [{ metricIntervalLowerBound: 10, scalingAdjustment: 10 }] }),
    "hold",
    10,
  ],
  [
    "an alarm that missing data sets off cannot choose a step",
    steps(undefined, group(), { ...guideOut, alarm: { ...high, treatMissingData: "breaching" } }),
    "unknown",
    10,
  ],
];

for (const [name, got, stance, want] of stepCases) {
  test(`a step policy: ${name}`, () => assert.deepEqual([got.stance, got.want], [stance, want], got.reason));
}

test("a step policy chooses its step by the aggregation it names", () => {
  const alarm = { ...high, evaluationPeriods: 2 };
  const wants = (["Average", "Minimum", "Maximum"] as const).map((metricAggregationType) => {
    const made = policy("StepScaling", { ...guideOut, alarm, metricAggregationType });
    return judgeStep(made, series([52, 70]), "OK", group(), nowMs).want;
  });
  assert.deepEqual(wants, [11, 10, 13]);
});

test("missing data takes nothing away, even where the alarm treats it as breaching", () => {
  const alarm = { ...low, treatMissingData: "breaching" };
  const definition = policy("SimpleScaling", {
    adjustmentType: "ChangeInCapacity",
    scalingAdjustment: -1,
    alarm,
  });
  const got = judgeSimple(definition, series([undefined, undefined, 20, undefined]), "OK", group(), nowMs);
  assert.deepEqual([got.state, got.stance, got.want], ["ALARM", "unknown", 10]);
  assert.match(got.reason, /takes none away: 1 of the last 2 periods were not measured/);
  const whole = judgeSimple(definition, series([undefined, undefined, 20, 20]), "OK", group(), nowMs);
  assert.deepEqual([whole.stance, whole.want], ["in", 9]);
});
