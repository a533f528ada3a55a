import assert from "node:assert/strict";
import { test } from "node:test";
import type { GroupView, PolicyVerdict } from "../../src/autoscale/group-view.ts";
import type { Series } from "../../src/autoscale/metric-source.ts";
import { judgeTarget } from "../../src/autoscale/target-tracking.ts";
import { activity, group, nowMs, policy } from "./policies.ts";
import { series } from "./series.ts";

const target = { metric: "ASGAverageCPUUtilization", targetValue: 50 };

function track(seen: Series, view: GroupView = group(), more: Record<string, unknown> = {}): PolicyVerdict {
  return judgeTarget(policy("TargetTrackingScaling", { ...target, ...more }), seen, view, nowMs);
}
function repeat(value: number | undefined, count: number, inService = 10): Series {
  return series(
    Array.from({ length: count }, () => value),
    inService,
  );
}
function silent(value: number, reporting: number, count = 17): Series {
  return repeat(value, count).map((point) => point && { ...point, reporting });
}
function withGap(values: Series, index: number): Series {
  return values.map((point, at) => (at === index ? undefined : point));
}

const cases: readonly [string, PolicyVerdict, PolicyVerdict["stance"], number][] = [
  ["one period over the target changes nothing", track(series([40, 40, 80], 10)), "hold", 10],
  ["two in a row add what the latest needs", track(series([40, 60, 80], 10)), "out", 16],
  ["exactly at the target is right", track(repeat(50, 17)), "hold", 10],
  ["a share of an instance is an instance", track(repeat(51, 3)), "out", 11],
  [
    "what the load needs is on its way already",
    track(repeat(80, 3), group({ desired: 16, activities: [activity(10, 16, 60)] })),
    "hold",
    16,
  ],
  [
    "more load than what is on its way can take adds the rest",
    track(repeat(90, 3), group({ desired: 16, activities: [activity(10, 16, 60)] })),
    "out",
    18,
  ],
  [
    "fourteen periods under it are not enough",
    track(series([50, ...Array.from({ length: 14 }, () => 20)], 10)),
    "hold",
    10,
  ],
  ["fifteen periods under it take away, down to 10 % under the target", track(repeat(20, 15)), "in", 5],
  ["the highest of the fifteen counts", track(series([...Array.from({ length: 14 }, () => 20), 40], 10)), "in", 9],
  ["just under the target is near enough", track(repeat(46, 17)), "hold", 10],
  ["a gap in the fifteen takes nothing away", track(withGap(repeat(20, 17), 10)), "hold", 10],
  ["no figures: nothing is known", track(repeat(undefined, 17)), "unknown", 10],
  ["a group that was never measured: nothing is known", track([]), "unknown", 10],
  ["figures that ended are no figures", track([...repeat(80, 15), undefined, undefined]), "unknown", 10],
  ["a policy that never takes away does not", track(repeat(20, 17), group(), { disableScaleIn: true }), "hold", 10],
  [
    "nothing is taken away while new ones warm up",
    track(repeat(20, 17), group({ activities: [activity(8, 10, 90, 59)] })),
    "wait",
    5,
  ],
  ["once they are warm, it is", track(repeat(20, 17), group({ activities: [activity(8, 10, 90, 60)] })), "in", 5],
  ["when adding, instances that do not report count as idle", track(silent(60, 8)), "hold", 10],
  ["when adding, those that report speak for themselves", track(silent(90, 8)), "out", 15],
  ["when taking away, instances that do not report count as at the target", track(silent(20, 8)), "in", 6],
  ["half of them silent: too little is known to take away much", track(silent(40, 5)), "hold", 10],
];

for (const [name, got, stance, want] of cases) {
  test(`target tracking: ${name}`, () => assert.deepEqual([got.stance, got.want], [stance, want], got.reason));
}

test("target tracking guards against others taking instances away unless it never does itself", () => {
  assert.equal(track(repeat(46, 17)).guards, true);
  assert.equal(track(repeat(46, 17), group(), { disableScaleIn: true }).guards, false);
});

test("target tracking says what it saw and what it needs", () => {
  assert.equal(
    track(series([40, 60, 80], 10)).reason,
    "ASGAverageCPUUtilization was over the target of 50 in the last 2 periods of 60 s; 80 on 10 instances needs 16",
  );
  assert.equal(
    track(repeat(undefined, 17)).reason,
    "ASGAverageCPUUtilization was not measured in the last 120 s; no data, no change",
  );
});
