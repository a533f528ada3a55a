import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { decide } from "../../src/autoscale/decide.ts";
import type { PolicyVerdict } from "../../src/autoscale/group-view.ts";
import { group, verdict } from "./policies.ts";

const guard = { guards: true, policyType: "TargetTrackingScaling" } as const;

const cases: readonly [string, PolicyVerdict[], number, string | undefined][] = [
  ["no policy changes nothing", [], 10, undefined],
  ["of several that add, the largest wins", [verdict("out", 12), verdict("out", 15), verdict("out", 13)], 15, "out-15"],
  ["of several that take away, the largest wins", [verdict("in", 4), verdict("in", 7)], 7, "in-7"],
  ["one that adds wins over one that takes away", [verdict("in", 4), verdict("out", 11)], 11, "out-11"],
  ["a guard at ease keeps all instances", [verdict("in", 4), verdict("hold", 10, guard)], 10, undefined],
  ["a guard without figures keeps all instances", [verdict("in", 4), verdict("unknown", 10, guard)], 10, undefined],
  ["a guard that waits keeps all instances", [verdict("in", 4), verdict("wait", 5, guard)], 10, undefined],
  [
    "guards that agree take away, to the largest of them",
    [verdict("in", 4, guard), verdict("in", 6, guard)],
    6,
    "in-6",
  ],
  ["a calm policy that does not guard is no obstacle", [verdict("in", 4), verdict("hold", 10)], 4, "in-4"],
  ["one that waits does nothing", [verdict("wait", 20)], 10, undefined],
  ["one that is only shown does nothing", [verdict("shown", 20)], 10, undefined],
  ["a forecast lifts", [verdict("floor", 14), verdict("hold", 10, guard)], 14, "floor-14"],
  ["a forecast never lowers", [verdict("floor", 3)], 10, undefined],
  ["a forecast is no ceiling", [verdict("floor", 12), verdict("out", 20)], 20, "out-20"],
  ["a forecast holds what others would take away", [verdict("floor", 8), verdict("in", 4)], 8, "in-4"],
  ["the higher of two forecasts counts", [verdict("floor", 11), verdict("floor", 13)], 13, "floor-13"],
  ["never above max", [verdict("out", 500)], 100, "out-500"],
  ["never below min", [verdict("in", 0)], 1, "in-0"],
];

for (const [name, verdicts, desired, by] of cases) {
  test(`decision: ${name}`, () => {
    const got = decide(group(), verdicts);
    assert.deepEqual([got.desired, got.policy], [desired, by], got.cause);
  });
}

test("a decision names the policy, its reason, and the bound that held it", () => {
  assert.equal(decide(group(), [verdict("out", 500)]).cause, "policy out-500: because; held at the group's max of 100");
  assert.equal(
    decide(group(), [verdict("in", 4), verdict("hold", 10, guard)]).cause,
    "policy in-4 wants 4, but hold-10 does not agree: because",
  );
});

test("a group outside its bounds is brought back within them without any policy", () => {
  assert.equal(decide(group({ desired: 10, min: 12 }), []).desired, 12);
  assert.equal(decide(group({ desired: 10, max: 6 }), [verdict("hold", 10)]).desired, 6);
});

const anyVerdict = fc
  .record({
    stance: fc.constantFrom<PolicyVerdict["stance"]>("out", "in", "hold", "wait", "unknown", "floor", "shown"),
    away: fc.integer({ min: 1, max: 50 }),
    guards: fc.boolean(),
  })
  .map(({ stance, away, guards }) => verdict(stance, stance === "in" ? 10 - away : 10 + away, { guards }));

test("whatever the policies say: within bounds, never less with an unknown guard, never under what adds most", () => {
  fc.assert(
    fc.property(fc.array(anyVerdict, { maxLength: 6 }), fc.boolean(), (verdicts, isOutside) => {
      const view = isOutside ? group({ min: 12, max: 40 }) : group({ min: 2, max: 40 });
      const { desired } = decide(view, verdicts);
      assert.ok(desired >= view.min && desired <= 40);
      if (verdicts.some((item) => item.stance === "unknown" && item.guards)) assert.ok(desired >= 10);
      for (const item of verdicts) {
        if (item.stance === "out" || item.stance === "floor") assert.ok(desired >= Math.min(40, item.want));
      }
      if (desired > 12) assert.ok(verdicts.some((item) => item.stance === "out" || item.stance === "floor"));
      if (desired < 10) assert.ok(verdicts.some((item) => item.stance === "in"));
    }),
  );
});
