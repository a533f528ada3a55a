import assert from "node:assert/strict";
import { test } from "node:test";
import { Env } from "@holdfast/wire";
import { World } from "./world.ts";

const group = "movies-catalog-v000";
const second = "movies-catalog-v001";
const operator = { actor: "operator" };

/** Reasons by which those of a group were launched out of service; empty for one that was not. */
function launchedAs(world: World, name: string): string[] {
  const launches = world.engine.launches.filter(({ spec }) => spec.serverGroup === name);
  return launches.map(({ spec }) => spec.env[Env.outOfService] ?? "");
}

/** What the registries hear of those that were launched out of service. */
function registers(world: World): void {
  for (const { spec } of world.engine.launches) {
    const reason = spec.env[Env.outOfService];
    if (reason !== undefined) world.traffic.out.set(spec.id, reason);
  }
}

test("instances of a group without traffic are launched out of service, those of one with traffic are not", async () => {
  const world = new World();
  await world.settled(3);
  await world.cloud.serverGroups.clone(group, { traffic: false, env: {} }, operator);
  await world.clock.advance(5_000);
  assert.deepEqual(launchedAs(world, group), ["", "", ""]);
  assert.deepEqual(launchedAs(world, second), Array(3).fill(`${second} is disabled`));
});

test("a group enabled while its instances are still starting brings each into service", async () => {
  const world = new World();
  await world.settled(3);
  world.engine.programs.set("catalog", { startMs: 5_000 });
  await world.cloud.serverGroups.clone(group, { traffic: false, env: {} }, operator);
  await world.clock.advance(1_000);
  await world.cloud.serverGroups.enable(second, operator);
  registers(world);
  assert.equal(world.traffic.out.size, 3);
  await world.clock.advance(10_000);
  assert.equal(world.traffic.out.size, 0);
});

test("and so does a control that was started in between", async () => {
  const world = new World();
  await world.settled(3);
  world.engine.programs.set("catalog", { startMs: 5_000 });
  await world.cloud.serverGroups.clone(group, { traffic: false, env: {} }, operator);
  await world.clock.advance(1_000);
  await world.cloud.serverGroups.enable(second, operator);
  await world.crash();
  await world.start(2);
  registers(world);
  await world.clock.advance(10_000);
  assert.equal(world.traffic.out.size, 0);
});

test("registries that were all started anew are told again within seconds, and what they should not say is taken back", async () => {
  const world = new World();
  await world.settled(3);
  await world.cloud.serverGroups.disable(group, { force: true }, operator);
  await world.clock.advance(2_000);
  assert.equal(world.traffic.out.size, 3);
  world.traffic.out.clear();
  await world.clock.advance(17_000);
  assert.equal(world.traffic.out.size, 3);

  await world.cloud.serverGroups.enable(group, operator);
  await world.clock.advance(2_000);
  assert.equal(world.traffic.out.size, 0);
  for (const { spec } of world.engine.all()) world.traffic.out.set(spec.id, "an old word");
  await world.clock.advance(17_000);
  assert.equal(world.traffic.out.size, 0);
});

test("a registry that does not answer is asked again, and nothing is believed of it meanwhile", async () => {
  const world = new World();
  await world.settled(3);
  await world.cloud.serverGroups.disable(group, { force: true }, operator);
  await world.clock.advance(2_000);
  world.traffic.refuses = true;
  await world.clock.advance(60_000);
  assert.equal(world.traffic.out.size, 3);
  world.traffic.out.clear();
  world.traffic.refuses = false;
  await world.clock.advance(20_000);
  assert.equal(world.traffic.out.size, 3);
});

test("a disk that hangs holds up the launch of one with a hook for two seconds, not for ever", async () => {
  const world = new World();
  await world.settled(3);
  const hook = {
    name: "warm-up",
    transition: "launching",
    heartbeatTimeoutMs: 60_000,
    defaultResult: "ABANDON",
  } as const;
  await world.cloud.serverGroups.configure(group, { hooks: [hook] }, operator);
  await world.clock.advance(1_000);
  const [victim] = world.engine.up("catalog");
  assert.ok(victim);
  world.store.write = () => new Promise(() => {});
  world.engine.stop(victim.spec.id, "exited with code 1", "EXITED");
  await world.clock.advance(1_500);
  assert.equal(world.engine.launches.length, 3);
  await world.clock.advance(1_500);
  assert.equal(world.engine.launches.length, 4);
  assert.match(launchedAs(world, group)[3] ?? "", /waits for the lifecycle hook warm-up/);
});

test("what is launched while AddToLoadBalancer is suspended gets no traffic until the process is resumed", async () => {
  const world = new World();
  await world.settled(3);
  await world.cloud.serverGroups.suspend(group, ["AddToLoadBalancer"], operator);
  await world.cloud.serverGroups.resize(group, { desired: 4 }, operator);
  await world.clock.advance(5_000);
  const fresh = world.engine.launches.at(-1)?.spec;
  assert.ok(fresh);
  assert.match(fresh.env[Env.outOfService] ?? "", /was launched while AddToLoadBalancer was suspended/);
  assert.deepEqual([...world.traffic.out.keys()], [fresh.id], "and those that were there keep theirs");
  await world.clock.advance(60_000);
  assert.ok(world.traffic.out.has(fresh.id));
  await world.cloud.serverGroups.resume(group, ["AddToLoadBalancer"], operator);
  await world.clock.advance(5_000);
  assert.equal(world.traffic.out.size, 0);
});

test("what the registries remember of instances that have gone is nobody's business: nothing is asked or told for it", async () => {
  const world = new World();
  await world.settled(3);
  world.traffic.out.set("i-gone", "an old word");
  await world.clock.advance(20_000);
  const { asked } = world.traffic;
  await world.clock.advance(60_000);
  assert.equal(world.traffic.asked - asked, 4, "one question each fifteen seconds");
  assert.deepEqual([...world.traffic.out.keys()], ["i-gone"]);
});
