import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { InstanceId } from "@holdfast/kernel";
import type { InstanceObservation } from "@holdfast/wire";
import type { GroupSettings, ScalingProcess, TerminationPolicy } from "../src/group-settings.ts";
import { checkSettings, groupSettingsDefaults, scalingProcesses } from "../src/group-settings.ts";
import type { PlanInput } from "../src/plan/action.ts";
import { chooseVictim } from "../src/plan/termination-policy.ts";
import { actionsOf, type GroupWords, groupOf, instance, planOf, waitsOf, zones } from "./plan-world.ts";

const zoneState = (states: Record<string, "reachable" | "unknown" | "lost">): Partial<PlanInput> => ({
  zones: zones.map(({ name }) => ({ name, state: states[name.slice(-1)] ?? "reachable" })),
});
const all = (...ids: string[]): InstanceObservation[] => ids.map((id) => instance(id));

interface Row {
  readonly rule: string;
  readonly group: GroupWords;
  readonly instances: InstanceObservation[];
  readonly more?: Partial<PlanInput>;
  readonly plan: readonly string[];
}

function table(name: string, rows: readonly Row[]): void {
  describe(name, () => {
    for (const { rule, group, instances, more, plan } of rows) {
      test(rule, () => assert.deepEqual(planOf(groupOf(group), instances, more), [...plan]));
    }
  });
}

table("where a launch goes", [
  {
    rule: "to the zone with fewest",
    group: { desired: 5 },
    instances: all("a1", "a2", "b1", "b2"),
    plan: ["launch c"],
  },
  {
    rule: "to another zone when that one has no room",
    group: { desired: 5 },
    instances: all("a1", "a2", "b1", "b2"),
    more: { fullZones: new Set(["local-1c"]) },
    plan: ["launch a"],
  },
  {
    rule: "to the other zones while one is lost",
    group: { desired: 3 },
    instances: all("a1", "b1", "c1"),
    more: zoneState({ c: "lost" }),
    plan: ["launch a"],
  },
  {
    rule: "nowhere else while its zone is silent for a moment only",
    group: { desired: 3 },
    instances: all("a1", "b1"),
    more: zoneState({ c: "unknown" }),
    plan: [],
  },
]);

table("rebalancing", [
  {
    rule: "launches before it ends anybody",
    group: { desired: 4, max: 9 },
    instances: all("a1", "a2", "a3", "b1"),
    plan: ["launch c"],
  },
  {
    rule: "ends the surplus once the new one serves",
    group: { desired: 4, max: 9 },
    instances: all("a1", "a2", "a3", "b1", "c1"),
    plan: ["terminate a1"],
  },
  {
    rule: "goes above max by one at least",
    group: { desired: 3, max: 3 },
    instances: all("a1", "a2", "b1"),
    plan: ["launch c"],
  },
  {
    rule: "and by a tenth at most: 22 stand for a max of 20",
    group: { desired: 20, max: 20 },
    instances: Array.from({ length: 20 }, (_, i) => instance(`${"ab".charAt(i % 2)}${i}`)),
    plan: ["launch c", "launch c"],
  },
  {
    rule: "does not begin while AZRebalance is suspended",
    group: { desired: 4, settings: { suspended: ["AZRebalance"] } },
    instances: all("a1", "a2", "a3", "b1"),
    plan: [],
  },
  {
    rule: "what is missing is launched even so",
    group: { desired: 4, settings: { suspended: ["AZRebalance"] } },
    instances: all("a1", "a2", "b1"),
    plan: ["launch c"],
  },
]);

table("scale-in", [
  {
    rule: "takes from the zone with most, whatever the policies say",
    group: { desired: 3, settings: { terminationPolicies: ["OldestInstance"] } },
    instances: [instance("a1"), instance("a2"), instance("b1", { ageMs: 9_000_000 }), instance("c1")],
    plan: ["terminate a1"],
  },
  {
    rule: "of the zone with most that has one that is not protected",
    group: { desired: 3, marks: { a1: { protected: true }, a2: { protected: true } } },
    instances: all("a1", "a2", "b1", "c1"),
    plan: ["terminate c1"],
  },
  {
    rule: "takes nobody when all are protected",
    group: { desired: 1, marks: { a1: { protected: true }, b1: { protected: true }, c1: { protected: true } } },
    instances: all("a1", "b1", "c1"),
    plan: [],
  },
  {
    rule: "an unhealthy one goes although it is protected",
    group: { desired: 3, marks: { a1: { protected: true } } },
    instances: [instance("a1", { state: "unhealthy" }), ...all("b1", "c1")],
    plan: ["kill a1"],
  },
  {
    rule: "standing by is neither capacity nor chosen",
    group: { desired: 2, marks: { a1: { standby: true } } },
    instances: all("a1", "b1", "c1"),
    plan: [],
  },
  {
    rule: "the one that was named goes, and no other",
    group: { desired: 3, marks: { b1: { doomed: "because" } } },
    instances: all("a1", "b1", "c1", "a2"),
    plan: ["terminate b1"],
  },
]);

const candidates = [
  { id: "i-old" as InstanceId, ageMs: 10 * 3_600_000 + 60_000, versionsBehind: 0 },
  { id: "i-outdated" as InstanceId, ageMs: 5 * 3_600_000 + 120_000, versionsBehind: 2 },
  { id: "i-hour" as InstanceId, ageMs: 3 * 3_600_000 - 5_000, versionsBehind: 0 },
  { id: "i-new" as InstanceId, ageMs: 30_000, versionsBehind: 1 },
];
const policyRows: [readonly TerminationPolicy[], string][] = [
  [["OldestInstance"], "i-old"],
  [["NewestInstance"], "i-new"],
  [["OldestLaunchTemplate"], "i-outdated"],
  [["OldestLaunchConfiguration"], "i-outdated"],
  [["ClosestToNextInstanceHour"], "i-hour"],
  [["Default"], "i-outdated"],
  [["AllocationStrategy", "OldestInstance"], "i-old"],
  [["OldestLaunchTemplate", "NewestInstance"], "i-outdated"],
];
for (const [policies, victim] of policyRows) {
  test(`by ${policies.join(", then ")} the first to go is ${victim}`, () => {
    assert.equal(chooseVictim(policies, candidates)?.id, victim);
  });
}

test("policies are asked in order: each narrows what the one before left", () => {
  const same = candidates.map((one) => ({ ...one, versionsBehind: 0 }));
  assert.equal(chooseVictim(["OldestLaunchTemplate", "NewestInstance"], same)?.id, "i-new");
  assert.equal(chooseVictim(["Default"], same)?.id, "i-hour");
});

test("what is left after the last policy is a draw, the same one for the same instances in any order", () => {
  const twins = ["i-1", "i-2", "i-3"].map((id) => ({ id: id as InstanceId, ageMs: 5, versionsBehind: 0 }));
  const drawn = chooseVictim(["Default"], twins)?.id;
  assert.ok(drawn !== undefined);
  assert.equal(chooseVictim(["Default"], twins.toReversed())?.id, drawn);
  assert.equal(chooseVictim([], []), undefined);
});

table("health", [
  {
    rule: "what is unhealthy in its grace period is left alone",
    group: { desired: 3, settings: { healthCheckGraceMs: 30_000 } },
    instances: [instance("a1", { state: "unhealthy", upForMs: 29_000 }), ...all("b1", "c1")],
    plan: [],
  },
  {
    rule: "and ended after it",
    group: { desired: 3, settings: { healthCheckGraceMs: 30_000 } },
    instances: [instance("a1", { state: "unhealthy", upForMs: 30_000 }), ...all("b1", "c1")],
    plan: ["kill a1"],
  },
  {
    rule: "another checker's word counts like the engine's",
    group: { desired: 3 },
    instances: all("a1", "b1", "c1"),
    more: { sickness: ({ spec }) => (spec.id === "b1" ? "registry: no lease" : undefined) },
    plan: ["kill b1"],
  },
  {
    rule: "one of three that looks unhealthy is ended at once",
    group: { desired: 3 },
    instances: [instance("a1", { state: "unhealthy" }), ...all("b1", "c1")],
    plan: ["kill a1"],
  },
  {
    rule: "when all look unhealthy the check is suspected: one goes",
    group: { desired: 3 },
    instances: ["a1", "b1", "c1"].map((id) => instance(id, { state: "unhealthy" })),
    plan: ["kill a1"],
  },
  {
    rule: "and nobody else while its successor starts",
    group: { desired: 3 },
    instances: [
      instance("a2", { state: "starting", ageMs: 1_000 }),
      ...["b1", "c1"].map((id) => instance(id, { state: "unhealthy" })),
    ],
    plan: [],
  },
  {
    rule: "of thirty, three at a time",
    group: { desired: 30, max: 30 },
    instances: Array.from({ length: 30 }, (_, i) => instance(`${"abc".charAt(i % 3)}${i}`, { state: "unhealthy" })),
    plan: ["kill a0", "kill a3", "kill a6"],
  },
  {
    rule: "an instance that has outlived its maximum lifetime is replaced, its successor first",
    group: { desired: 3, settings: { maxInstanceLifetimeMs: 86_400_000 } },
    instances: [instance("a1", { ageMs: 86_400_000 }), ...all("b1", "c1")],
    plan: ["launch a"],
  },
  {
    rule: "and ended once that serves",
    group: { desired: 3, settings: { maxInstanceLifetimeMs: 86_400_000 } },
    instances: [instance("a1", { ageMs: 86_400_000 }), ...all("a2", "b1", "c1")],
    plan: ["terminate a1"],
  },
]);

/** What a group does with everything to do at once: one dead, one unhealthy, one zone too full, one superseded. */
const busy: Record<
  string,
  { readonly group: GroupWords; readonly instances: InstanceObservation[]; readonly plan: string[] }
> = {
  missing: { group: { desired: 3 }, instances: all("a1", "b1"), plan: ["launch c"] },
  surplus: { group: { desired: 3 }, instances: all("a1", "b1", "c1", "c2"), plan: ["terminate c1"] },
  sick: {
    group: { desired: 3 },
    instances: [instance("a1", { state: "unhealthy" }), ...all("b1", "c1")],
    plan: ["kill a1"],
  },
  lopsided: { group: { desired: 3 }, instances: all("a1", "a2", "b1"), plan: ["launch c"] },
};
const stopped: Partial<Record<ScalingProcess, readonly string[]>> = {
  Launch: ["missing", "lopsided"],
  Terminate: ["surplus", "sick"],
  HealthCheck: ["sick"],
  ReplaceUnhealthy: ["sick"],
  AZRebalance: ["lopsided"],
};
describe("a suspended process", () => {
  for (const process of scalingProcesses) {
    const idle = stopped[process] ?? [];
    test(`${process} stops ${idle.length === 0 ? "nothing of the planner's" : idle.join(" and ")}`, () => {
      for (const [name, { group, instances, plan }] of Object.entries(busy)) {
        const words = { ...group, settings: { suspended: [process] } };
        const found = planOf(groupOf(words), instances).map((action) => action.replace(/ c[12]$/, " c"));
        const wanted = idle.includes(name) ? [] : plan.map((action) => action.replace(/ c[12]$/, " c"));
        assert.deepEqual(found, wanted, `${name} with ${process} suspended`);
      }
    });
  }

  test("ReplaceUnhealthy keeps the place of one that died", () => {
    const lost = [{ id: "c9" as InstanceId, zone: "local-1c", cause: "killed" }];
    const group = groupOf({ desired: 3, settings: { suspended: ["ReplaceUnhealthy"] } });
    assert.deepEqual(planOf(group, all("a1", "b1"), { lost }), []);
    assert.deepEqual(planOf(groupOf({ desired: 3 }), all("a1", "b1"), { lost }), ["launch c"]);
  });

  test("Launch says that it is why nothing comes", () => {
    const group = groupOf({ desired: 3, settings: { suspended: ["Launch"] } });
    assert.deepEqual(waitsOf(group, all("a1", "b1")), ["the process Launch is suspended"]);
  });
});

table("a rollout", [
  {
    rule: "that is paused replaces nobody",
    group: { desired: 2, more: { rollout: { ...rollout(), paused: "local-1c is lost" } } },
    instances: [instance("a1", { version: "v000" }), instance("b1", { version: "v000" })],
    plan: [],
  },
  {
    rule: "that is paused ends none of the last healthy version, even beside enough new ones",
    group: { desired: 2, more: { rollout: { ...rollout(), paused: "local-1c is lost" } } },
    instances: [instance("a1", { version: "v000" }), instance("b1", { version: "v000" }), ...all("a2", "b2")],
    plan: [],
  },
  {
    rule: "starts no successor for one that is protected: it waits",
    group: { desired: 1, marks: { a1: { protected: true } }, more: { rollout: rollout() } },
    instances: [instance("a1", { version: "v000" })],
    plan: [],
  },
  {
    rule: "that may go down to 50 % ends half of the old at once and starts nothing before",
    group: {
      desired: 4,
      more: { rollout: { ...rollout(), outdated: ids("a1", "a2", "b1", "b2"), minHealthyPercent: 50, noSurge: true } },
    },
    instances: all("a1", "a2", "b1", "b2"),
    more: zoneState({ c: "lost" }),
    plan: ["terminate a1", "terminate a2"],
  },
]);

function rollout() {
  return { operation: "op-1", kind: "deploy", actor: "operator", startedAtMs: 0, outdated: [] } as const;
}

function ids(...names: string[]): InstanceId[] {
  return names as InstanceId[];
}

table("the warm pool", [
  {
    rule: "is filled to max when the group is at strength, one at a time",
    group: { desired: 3, max: 5, settings: { warmPool: warmPool() } },
    instances: all("a1", "b1", "c1"),
    plan: ["launch a"],
  },
  {
    rule: "waits for the one that starts",
    group: { desired: 3, max: 5, settings: { warmPool: warmPool() }, marks: { a2: { warm: "pending" } } },
    instances: [...all("a1", "b1", "c1"), instance("a2", { state: "starting", ageMs: 1_000 })],
    plan: [],
  },
  {
    rule: "gives back what is too much after a scale-out",
    group: {
      desired: 4,
      max: 5,
      settings: { warmPool: warmPool() },
      marks: { a9: { warm: "running" }, b9: { warm: "running" } },
    },
    instances: all("a1", "b1", "c1", "a2", "a9", "b9"),
    plan: ["terminate a9"],
  },
  {
    rule: "serves a group that lacks one, in place of a launch",
    group: { desired: 3, max: 5, settings: { warmPool: warmPool() }, marks: { c9: { warm: "running" } } },
    instances: all("a1", "b1", "c9"),
    plan: ["draw c9"],
  },
  {
    rule: "gives nobody up that is drawn at the same moment",
    group: {
      desired: 5,
      max: 5,
      settings: { warmPool: warmPool() },
      marks: { a9: { warm: "running" }, b9: { warm: "stopped" } },
    },
    instances: all("a1", "b1", "c1", "a9", "b9"),
    plan: ["draw a9", "draw b9"],
  },
  {
    rule: "takes in who is too many, when it is to",
    group: { desired: 3, max: 5, settings: { warmPool: { ...warmPool(), reuseOnScaleIn: true } } },
    instances: all("a1", "a2", "b1", "c1"),
    plan: ["pool a1"],
  },
]);

function warmPool(): NonNullable<GroupSettings["warmPool"]> {
  return { minSize: 0, maxPreparedCapacity: undefined, state: "Running", reuseOnScaleIn: false };
}

test("a group that is destroyed ends whoever it has, protected and standing by alike, and starts nobody", () => {
  const marks = { a1: { protected: true }, b1: { standby: true } } as const;
  const group = groupOf({ desired: 0, marks, more: { deletingAtMs: 1 } });
  assert.deepEqual(planOf(group, all("a1", "b1", "c1")), ["terminate a1", "terminate b1", "terminate c1"]);
});

test("each cause is a sentence that says why", () => {
  const causes = actionsOf(groupOf({ desired: 3 }), [instance("a1", { state: "unhealthy" }), instance("b1")]).map(
    (action) => ("cause" in action ? action.cause : action.reason),
  );
  assert.deepEqual(causes, ["a1 is unhealthy: no answer within 1000 ms", "catalog should have 3"]);
});

const badSettings: [string, Partial<GroupSettings>, RegExp][] = [
  ["a lifetime under a day", { maxInstanceLifetimeMs: 86_399_999 }, /24 h/],
  ["a heartbeat under 30 s", hookOf({ heartbeatTimeoutMs: 29_999 }), /30 s to 7200 s/],
  ["a heartbeat over two hours", hookOf({ heartbeatTimeoutMs: 7_200_001 }), /30 s to 7200 s/],
  ["a hook without a name", hookOf({ name: "" }), /1 to 255/],
  ["a cooldown below nothing", { defaultCooldownMs: -1 }, /0 or more/],
];
for (const [name, settings, reason] of badSettings) {
  test(`settings with ${name} are refused`, () => {
    assert.throws(() => checkSettings({ ...groupSettingsDefaults, ...settings }), reason);
  });
}

function hookOf(change: Partial<GroupSettings["hooks"][number]>): Partial<GroupSettings> {
  const hook = { name: "h", transition: "launching", heartbeatTimeoutMs: 30_000, defaultResult: "ABANDON" } as const;
  return { hooks: [{ ...hook, ...change }] };
}
