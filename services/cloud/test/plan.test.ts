import assert from "node:assert/strict";
import { test } from "node:test";
import { type InstanceId, makeZones, SeededRandom } from "@holdfast/kernel";
import type { InstanceObservation, InstanceState } from "@holdfast/wire";
import type { GroupDefinition, ServerGroup } from "../src/group.ts";
import { newGroup, nextServerGroupName } from "../src/group.ts";
import type { GroupSettings } from "../src/group-settings.ts";
import type { PlanInput } from "../src/plan/action.ts";
import { CrashBackoff } from "../src/plan/crash-backoff.ts";
import { planGroup } from "../src/plan/plan.ts";
import { spread } from "../src/plan/spread.ts";
import { redefine } from "../src/redefine.ts";
import { freeHost, PortRing } from "../src/slots.ts";
import { definition } from "./world.ts";

const zones = makeZones(1, 3);
const nowMs = 1_000_000;

function groupOf(desired: number): ServerGroup {
  return newGroup({ definition: definition("catalog", desired), name: "movies-catalog-v001", desired });
}

let made = 0;
function instance(zone: string, state: InstanceState, version = "v001"): InstanceObservation {
  const found = zones.find((candidate) => candidate.name === `local-1${zone}`);
  assert.ok(found);
  const { template, ...rest } = definition("catalog", 3);
  const id = `i-${++made}` as InstanceId;
  return {
    spec: {
      ...rest,
      ...template,
      id,
      cluster: "movies-catalog",
      serverGroup: `movies-catalog-${version}`,
      zone: found,
      address: "127.1.1.10",
      port: 10_000 + made,
      adminPort: 20_000 + made,
    },
    state,
    reason: "",
    reasonCode: "",
    pid: made,
    startedAtMs: nowMs - 5_000 + made,
    sinceMs: nowMs,
    healthyAtMs: state === "up" ? nowMs : undefined,
    exit: undefined,
    logFile: "",
    registeredByEngine: false,
  };
}

function plan(desired: number, instances: InstanceObservation[], more: Partial<PlanInput> = {}): string[] {
  const actions = planGroup({
    group: groupOf(desired),
    instances,
    zones: zones.map((zone) => ({ name: zone.name, state: "reachable" })),
    nowMs,
    delays: new Map(),
    lost: [],
    leaving: new Set(),
    ...more,
  });
  return actions.map((action) => `${action.kind} ${action.zone.at(-1)}`).toSorted();
}

test("a group at strength needs nothing", () => {
  assert.deepEqual(plan(3, [instance("a", "up"), instance("b", "up"), instance("c", "starting")]), []);
});

test("what is on its way out is no capacity", () => {
  const leaving = [instance("a", "draining"), instance("b", "stopped"), instance("c", "up")];
  assert.deepEqual(plan(3, leaving), ["launch a", "launch b"]);
});

test("nobody who serves goes before the zone that needs one has it up", () => {
  const [a, b, b2, c] = [instance("a", "starting"), instance("b", "up"), instance("b", "up"), instance("c", "up")];
  assert.deepEqual(plan(3, [a, b, b2, c]), []);
  assert.deepEqual(plan(3, [{ ...a, state: "up" }, b, b2, c]), ["terminate b"]);
});

test("a rollout starts one successor at a time, and an outdated instance goes only once its zone has one up", () => {
  const old = [instance("a", "up", "v000"), instance("b", "up", "v000"), instance("c", "up", "v000")];
  assert.deepEqual(plan(3, old), ["launch a"]);
  assert.deepEqual(plan(3, [...old, instance("a", "starting")]), []);
  assert.deepEqual(plan(3, [...old, instance("a", "up")]), ["launch b", "terminate a"]);
});

test("an outdated instance that never got to serve goes at once", () => {
  assert.deepEqual(plan(1, [instance("a", "starting", "v000")]).includes("terminate a"), true);
});

test("the spread of any number is even, whatever there is, and moves nothing without need", () => {
  const random = new SeededRandom(7);
  for (let i = 0; i < 500; i++) {
    const names = ["a", "b", "c", "d"].slice(0, 1 + random.below(4));
    const desired = random.below(12);
    const live = new Map(names.map((name) => [name, random.below(5)]));
    const targets = [...spread("g", desired, names, live).values()];
    assert.equal(
      targets.reduce((sum, target) => sum + target, 0),
      desired,
    );
    assert.ok(Math.max(...targets) - Math.min(...targets) <= 1);
    const balanced = spread("other", desired, names, new Map(names.map((name, j) => [name, targets[j] ?? 0])));
    assert.deepEqual(
      names.map((name) => balanced.get(name)),
      targets,
    );
  }
});

test("from any state of the zones a group comes to its strength and then rests", () => {
  const random = new SeededRandom(3);
  const states: InstanceState[] = ["starting", "up", "unhealthy", "draining", "stopped"];
  for (let run = 0; run < 300; run++) {
    const desired = random.below(8);
    let fleet = Array.from({ length: random.below(10) }, () =>
      instance("abc".charAt(random.below(3)), states[random.below(5)] ?? "up", random.below(2) === 0 ? "v000" : "v001"),
    );
    for (let step = 0; ; step++) {
      const actions = planGroup({
        group: groupOf(desired),
        instances: fleet,
        zones: zones.map((zone) => ({ name: zone.name, state: "reachable" })),
        nowMs,
        delays: new Map(),
        lost: [],
        leaving: new Set(),
      });
      const moving = fleet.some((item) => item.state === "starting" || item.state === "draining");
      if (actions.length === 0 && !moving) break;
      assert.ok(step < 40, `run ${run} does not come to rest`);
      const ended = new Set(actions.flatMap((action) => ("id" in action ? [action.id] : [])));
      const upBefore = fleet.filter((item) => item.state === "up").length;
      const upAfter = fleet.filter((item) => item.state === "up" && !ended.has(item.spec.id)).length;
      assert.ok(upAfter >= Math.min(upBefore, desired), "no plan takes serving capacity below what is wanted");
      fleet = fleet
        .filter((item) => item.state !== "draining")
        .map((item): InstanceObservation => {
          if (ended.has(item.spec.id)) return { ...item, state: "draining" };
          return item.state === "starting" ? { ...item, state: "up" } : item;
        });
      for (const action of actions) {
        if (action.kind === "launch") fleet.push(instance(action.zone.slice(-1), "starting"));
      }
    }
    const up = fleet.filter((item) => item.state === "up");
    assert.equal(up.length, desired);
    assert.ok(up.every((item) => item.spec.serverGroup === "movies-catalog-v001"));
    const counts = zones.map((zone) => up.filter((item) => item.spec.zone.name === zone.name).length);
    assert.ok(Math.max(...counts) - Math.min(...counts) <= 1);
  }
});

test("crashes double the delay to thirty seconds, and ten seconds of life clear them", () => {
  const backoff = new CrashBackoff();
  const ending = { wasHealthy: false, livedMs: 100, reason: "exited with code 1" };
  let nowMs = 0;
  const delays: number[] = [];
  for (let i = 0; i < 9; i++) {
    backoff.ended(ending, nowMs);
    const delay = backoff.delay(nowMs)?.waitMs ?? 0;
    delays.push(delay);
    nowMs += delay;
  }
  assert.deepEqual(delays, [250, 500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000]);
  assert.match(backoff.delay(nowMs - 1_000)?.reason ?? "", /^exited with code 1 \(9 times\); next try in 1 s$/);
  backoff.lives(9_000, nowMs + 9_000);
  assert.equal(backoff.crashes, 9);
  backoff.lives(10_000, nowMs + 10_100);
  assert.equal(backoff.crashes, 0);
});

test("one that had served long enough is replaced without delay", () => {
  const backoff = new CrashBackoff();
  backoff.ended({ wasHealthy: true, livedMs: 60_000, reason: "killed" }, 5);
  assert.equal(backoff.delay(5), undefined);
  backoff.ended({ wasHealthy: true, livedMs: 1_000, reason: "killed" }, 5);
  assert.equal(backoff.delay(5), undefined);
  backoff.ended({ wasHealthy: true, livedMs: 1_000, reason: "killed" }, 5);
  assert.equal(backoff.delay(5)?.waitMs, 250);
});

test("a freed port rests until all the others were used", () => {
  const ring = new PortRing(100, 104);
  const used = [ring.take(new Set()), ring.take(new Set()), ring.take(new Set([102]))];
  assert.deepEqual(used, [100, 101, 103]);
  assert.deepEqual([ring.take(new Set()), ring.take(new Set())], [104, 100]);
  assert.throws(() => ring.take(new Set([100, 101, 102, 103, 104])), /all 5 ports/);
  assert.equal(new PortRing(100, 104, 103).next, 103);
  assert.equal(new PortRing(100, 104, 7).next, 100);
});

test("a zone has 244 addresses for applications", () => {
  const taken = new Set<number>();
  for (let i = 0; i < 244; i++) taken.add(freeHost("local-1a", taken));
  assert.throws(() => freeHost("local-1a", taken), /local-1a: all 244 addresses are taken/);
});

test("server groups count as Frigga does", () => {
  assert.equal(nextServerGroupName("movies-catalog", undefined), "movies-catalog-v000");
  assert.equal(nextServerGroupName("movies-catalog", "movies-catalog-v009"), "movies-catalog-v010");
  assert.equal(nextServerGroupName("movies-catalog", "movies-catalog-v999"), "movies-catalog-v000");
});

test("a figure somebody scaled to stays until the definition asks for another, and always fits its bounds", () => {
  const rollout = { operation: "op-1", kind: "deploy", actor: "operator", startedAtMs: 0, outdated: [] } as const;
  const first = redefine(undefined, definition("catalog", 3), undefined, rollout).group;
  const scaled = { ...first, desired: 6 };
  assert.equal(redefine(scaled, definition("catalog", 3), undefined, rollout).group.desired, 6);
  assert.equal(redefine(scaled, definition("catalog", 3, { max: 4 }), undefined, rollout).group.desired, 4);
  assert.equal(redefine(scaled, definition("catalog", 5), undefined, rollout).group.desired, 5);
  const next = redefine(scaled, definition("catalog", 3, { run: "node next.js" }), undefined, rollout);
  assert.deepEqual([next.isNew, next.group.name, next.group.desired], [true, "movies-catalog-v001", 6]);
  const afterLoss = redefine(undefined, definition("catalog", 3), "movies-catalog-v007", rollout);
  assert.equal(afterLoss.group.name, "movies-catalog-v008");
});

test("how instances are checked stays as somebody set it until the definition says something else", () => {
  const rollout = { operation: "op-1", kind: "deploy", actor: "operator", startedAtMs: 0, outdated: [] } as const;
  const plain = definition("catalog", 3);
  const checked = { ...plain, settings: { healthChecks: ["http"], healthCheckGraceMs: 5_000 } as const };
  const settingsAfter = (before: ServerGroup | undefined, next: GroupDefinition): GroupSettings =>
    redefine(before, next, undefined, rollout).group.settings;
  const first = redefine(undefined, checked, undefined, rollout).group;
  assert.deepEqual([first.settings.healthChecks, first.settings.healthCheckGraceMs], [["http"], 5_000]);
  const byHand = { ...first, settings: { ...first.settings, healthCheckGraceMs: 60_000, defaultCooldownMs: 1 } };
  assert.deepEqual(settingsAfter(byHand, checked), byHand.settings, "the same definition again changes nothing");
  const more = { ...checked, settings: { ...checked.settings, healthChecks: ["http", "registry"] as const } };
  assert.deepEqual(settingsAfter(byHand, more), { ...byHand.settings, healthChecks: ["http", "registry"] });
  assert.deepEqual(settingsAfter(byHand, plain), {
    ...byHand.settings,
    healthChecks: ["process"],
    healthCheckGraceMs: 0,
  });
});
