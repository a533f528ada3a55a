import assert from "node:assert/strict";
import { test } from "node:test";
import { hasCode, type InstanceId } from "@holdfast/kernel";
import type { LifecycleHook } from "../src/index.ts";
import { World } from "./world.ts";

const group = "movies-catalog-v000";
const operator = { actor: "operator" };
const launching: LifecycleHook = {
  name: "warm-up",
  transition: "launching",
  heartbeatTimeoutMs: 60_000,
  defaultResult: "ABANDON",
};
const terminating: LifecycleHook = { ...launching, name: "save", transition: "terminating", defaultResult: "CONTINUE" };

async function worldWith(...hooks: LifecycleHook[]): Promise<World> {
  const world = new World();
  await world.settled();
  await world.cloud.serverGroups.configure(group, { hooks }, operator);
  await world.clock.advance(0);
  return world;
}

/** How many instances are in each state of their lives, the ended left out. */
function lives(world: World): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const instance of world.engine.all()) {
    const state = world.cloud.lifecycleOf(instance);
    if (state !== "Terminated") counts[state] = (counts[state] ?? 0) + 1;
  }
  return counts;
}

function inState(world: World, state: string): InstanceId {
  const found = world.engine.all().find((instance) => world.cloud.lifecycleOf(instance) === state);
  assert.ok(found, `nobody is ${state}: ${JSON.stringify(lives(world))}`);
  return found.spec.id;
}

test("a launching hook keeps a new instance out of traffic and capacity until it is answered", async () => {
  const world = await worldWith(launching);
  const resize = await world.cloud.serverGroups.resize(group, { desired: 4 }, operator);
  await world.clock.advance(20_000);
  assert.deepEqual(lives(world), { InService: 3, "Pending:Wait": 1 });
  const id = inState(world, "Pending:Wait");
  assert.match(world.traffic.out.get(id) ?? "", /waits for the lifecycle hook warm-up/);
  assert.equal(world.cloud.operation(resize.id)?.state, "running");
  await world.cloud.serverGroups.answerHook(group, id, "warm-up", "CONTINUE", operator);
  await world.clock.advance(2_000);
  assert.deepEqual(lives(world), { InService: 4 });
  assert.equal(world.traffic.out.size, 0);
  assert.equal(world.cloud.operation(resize.id)?.state, "succeeded");
});

test("ABANDON ends the new instance and starts another", async () => {
  const world = await worldWith(launching);
  await world.cloud.serverGroups.resize(group, { desired: 4 }, operator);
  await world.clock.advance(3_000);
  const id = inState(world, "Pending:Wait");
  await world.cloud.serverGroups.answerHook(group, id, "warm-up", "ABANDON", operator);
  await world.clock.advance(3_000);
  assert.deepEqual(lives(world), { InService: 3, "Pending:Wait": 1 });
  assert.notEqual(inState(world, "Pending:Wait"), id);
});

test("without an answer the hook's time is up and its default holds; a heartbeat begins the time anew", async () => {
  const world = await worldWith({ ...launching, defaultResult: "CONTINUE" });
  await world.cloud.serverGroups.resize(group, { desired: 4 }, operator);
  await world.clock.advance(50_000);
  const id = inState(world, "Pending:Wait");
  await world.cloud.serverGroups.answerHook(group, id, "warm-up", "HEARTBEAT", operator);
  await world.clock.advance(50_000);
  assert.deepEqual(lives(world), { InService: 3, "Pending:Wait": 1 });
  await world.clock.advance(15_000);
  assert.deepEqual(lives(world), { InService: 4 });
  await assert.rejects(world.cloud.serverGroups.answerHook(group, id, "warm-up", "CONTINUE", operator), (error) =>
    hasCode(error, "HOOK_NOT_WAITING"),
  );
});

test("heartbeats cannot hold an instance longer than a hundred timeouts", async () => {
  const world = await worldWith({ ...launching, heartbeatTimeoutMs: 30_000 });
  await world.cloud.serverGroups.resize(group, { desired: 4 }, operator);
  await world.clock.advance(5_000);
  const id = inState(world, "Pending:Wait");
  let beats = 0;
  for (; beats < 300; beats++) {
    await world.clock.advance(20_000);
    const mark = world.cloud.group(group)?.group.marks[id];
    if (mark?.hook === undefined) break;
    await world.cloud.serverGroups.answerHook(group, id, "warm-up", "HEARTBEAT", operator);
  }
  assert.ok(beats >= 148 && beats <= 151, `${beats} beats of 20 s for a bound of 3,000 s`);
});

test("a terminating hook holds the end of an instance, which serves nobody and is replaced in time", async () => {
  const world = await worldWith(terminating);
  await world.cloud.serverGroups.resize(group, { desired: 2 }, operator);
  await world.clock.advance(10_000);
  assert.deepEqual(lives(world), { InService: 2, "Terminating:Wait": 1 });
  const id = inState(world, "Terminating:Wait");
  assert.ok(world.traffic.out.has(id));
  await world.cloud.serverGroups.answerHook(group, id, "save", "CONTINUE", operator);
  await world.clock.advance(2_000);
  assert.deepEqual(lives(world), { InService: 2 });
});

test("an unhealthy instance is replaced at once while its terminating hook still holds it", async () => {
  const world = await worldWith(terminating);
  const [victim] = world.engine.up("catalog");
  assert.ok(victim);
  world.engine.sicken(victim.spec.id);
  await world.clock.advance(3_000);
  assert.deepEqual(lives(world), { InService: 3, "Terminating:Wait": 1 });
  await world.clock.advance(60_000);
  assert.deepEqual(lives(world), { InService: 3 });
});

test("of two hooks each must answer CONTINUE; one ABANDON is enough", async () => {
  const world = await worldWith(launching, { ...launching, name: "second" });
  await world.cloud.serverGroups.resize(group, { desired: 5 }, operator);
  await world.clock.advance(5_000);
  const first = inState(world, "Pending:Wait");
  await world.cloud.serverGroups.answerHook(group, first, "warm-up", "CONTINUE", operator);
  await world.clock.advance(1_000);
  assert.deepEqual(lives(world), { InService: 3, "Pending:Wait": 2 });
  await world.cloud.serverGroups.answerHook(group, first, "second", "CONTINUE", operator);
  await world.clock.advance(1_000);
  assert.deepEqual(lives(world), { InService: 4, "Pending:Wait": 1 });
  const second = inState(world, "Pending:Wait");
  await world.cloud.serverGroups.answerHook(group, second, "second", "ABANDON", operator);
  await world.clock.advance(3_000);
  assert.deepEqual(lives(world), { InService: 4, "Pending:Wait": 1 });
  assert.notEqual(inState(world, "Pending:Wait"), second);
});

test("who waits for a hook still waits after control was restarted, and its time goes on", async () => {
  const world = await worldWith({ ...launching, defaultResult: "CONTINUE" });
  await world.cloud.serverGroups.resize(group, { desired: 4 }, operator);
  await world.clock.advance(20_000);
  const id = inState(world, "Pending:Wait");
  await world.crash();
  await world.start(2);
  await world.clock.advance(5_000);
  assert.equal(inState(world, "Pending:Wait"), id);
  assert.equal(world.engine.launches.length, 4);
  await world.clock.advance(40_000);
  assert.deepEqual(lives(world), { InService: 4 });
});

test("new instances are protected when the group says so, and scale-in spares them until they are not", async () => {
  const world = await worldWith();
  await world.cloud.serverGroups.configure(group, { newInstancesProtected: true }, operator);
  await world.cloud.serverGroups.resize(group, { desired: 6 }, operator);
  await world.clock.advance(5_000);
  await world.cloud.serverGroups.resize(group, { desired: 1 }, operator);
  await world.clock.advance(10_000);
  assert.deepEqual(lives(world), { InService: 3 });
  const kept = world.engine.up("catalog").map(({ spec }) => spec.id);
  await world.cloud.serverGroups.protect(group, kept, false, operator);
  await world.clock.advance(10_000);
  assert.deepEqual(lives(world), { InService: 1 });
});

test("a warm pool is filled, stopped, and serves a scale-out without a launch; scale-in puts back", async () => {
  const world = await worldWith();
  const warmPool = { minSize: 0, maxPreparedCapacity: 5, state: "Stopped", reuseOnScaleIn: true } as const;
  await world.cloud.serverGroups.configure(group, { warmPool }, operator);
  await world.clock.advance(30_000);
  assert.deepEqual(lives(world), { InService: 3, "Warmed:Stopped": 2 });
  assert.equal(world.traffic.out.size, 2);
  const launched = world.engine.launches.length;
  await world.cloud.serverGroups.resize(group, { desired: 5 }, operator);
  await world.clock.advance(200);
  assert.deepEqual(lives(world), { InService: 5 });
  assert.equal(world.engine.launches.length, launched);
  await world.clock.advance(10_000);
  assert.ok([...world.traffic.out.keys()].every((id) => world.cloud.group(group)?.group.marks[id]?.warm !== undefined));
  await world.cloud.serverGroups.resize(group, { desired: 4 }, operator);
  await world.clock.advance(10_000);
  assert.equal(lives(world)["InService"], 4);
  assert.equal(lives(world)["Warmed:Stopped"], 1);
  assert.equal(world.engine.launches.length, launched);
});

test("an operator's word that an instance is unhealthy replaces it", async () => {
  const world = await worldWith();
  const [victim] = world.engine.up("catalog");
  assert.ok(victim);
  world.cloud.setInstanceHealth(victim.spec.id, false, "operator");
  await world.clock.advance(2_000);
  assert.deepEqual(lives(world), { InService: 3 });
  assert.ok(world.engine.up("catalog").every(({ spec }) => spec.id !== victim.spec.id));
  const causes = world.cloud.recentActivities(10).map(({ cause }) => cause);
  assert.ok(
    causes.some((cause) => /is unhealthy: operator: operator calls/.test(cause)),
    causes.join(),
  );
});
