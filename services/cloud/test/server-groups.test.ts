import assert from "node:assert/strict";
import { test } from "node:test";
import { hasCode } from "@holdfast/kernel";
import type { GroupOperation } from "../src/index.ts";
import { definition, World } from "./world.ts";

const first = "movies-catalog-v000";
const second = "movies-catalog-v001";
const operator = { actor: "operator" };

/** Names of the groups of those that serve, with how many. */
function serving(world: World): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { spec } of world.engine.up("catalog")) counts[spec.serverGroup] = (counts[spec.serverGroup] ?? 0) + 1;
  return counts;
}

function stateOf(world: World, operation: GroupOperation): string | undefined {
  return world.cloud.operation(operation.id)?.state;
}

test("a clone is the next group of the cluster, of the same size, and both serve side by side", async () => {
  const world = new World();
  await world.settled();
  const before = world.engine.up("catalog").map(({ spec }) => spec.id);
  const clone = await world.cloud.serverGroups.clone(first, { env: { COLOUR: "blue" } }, operator);
  assert.equal(clone.group, second);
  assert.equal(stateOf(world, clone), "running");
  await world.clock.advance(5_000);
  assert.deepEqual(serving(world), { [first]: 3, [second]: 3 });
  assert.equal(stateOf(world, clone), "succeeded");
  assert.ok(before.every((id) => world.engine.up("catalog").some(({ spec }) => spec.id === id)));
  const blue = world.engine.up("catalog").filter(({ spec }) => spec.env["COLOUR"] === "blue");
  assert.deepEqual([...new Set(blue.map(({ spec }) => spec.serverGroup))], [second]);
});

test("the same key is the same operation, also after control has died; with another request it is refused", async () => {
  const world = new World();
  await world.settled();
  const asker = { actor: "operator", key: "deploy-42" };
  const [one, two] = await Promise.all([
    world.cloud.serverGroups.clone(first, {}, asker),
    world.cloud.serverGroups.clone(first, {}, asker),
  ]);
  assert.equal(one.id, two.id);
  await world.crash();
  await world.start(2);
  const three = await world.cloud.serverGroups.clone(first, {}, asker);
  assert.equal(three.id, one.id);
  await world.clock.advance(5_000);
  assert.deepEqual(serving(world), { [first]: 3, [second]: 3 });
  await assert.rejects(world.cloud.serverGroups.resize(first, { desired: 4 }, asker), (error) =>
    hasCode(error, "IDEMPOTENCY_KEY_REUSED"),
  );
});

test("a change that the disk refuses is not made, and the same key can be used once the disk is well", async () => {
  const world = new World();
  await world.settled();
  const asker = { actor: "operator", key: "k" };
  world.store.failWith = new Error("database or disk is full");
  await assert.rejects(world.cloud.serverGroups.resize(first, { desired: 5 }, asker), (error) =>
    hasCode(error, "STATE_READ_ONLY"),
  );
  await world.clock.advance(1_000);
  assert.deepEqual(serving(world), { [first]: 3 });
  world.store.failWith = undefined;
  await world.clock.advance(3_000);
  await world.cloud.serverGroups.resize(first, { desired: 5 }, asker);
  await world.clock.advance(3_000);
  assert.deepEqual(serving(world), { [first]: 5 });
});

test("resize moves what is not named only as far as it must, and refuses min over max", async () => {
  const world = new World();
  await world.settled();
  const size = (): number[] => {
    const group = world.cloud.group(first)?.group;
    return [group?.definition.scale.min ?? -1, group?.desired ?? -1, group?.definition.scale.max ?? -1];
  };
  await world.cloud.serverGroups.resize(first, { desired: 12 }, operator);
  assert.deepEqual(size(), [0, 12, 12]);
  await world.cloud.serverGroups.resize(first, { min: 2, max: 4 }, operator);
  assert.deepEqual(size(), [2, 4, 4]);
  for (const bad of [{ min: 5, max: 4 }, { min: 2, desired: 1 }, { max: 3, desired: 4 }, { max: 501 }]) {
    await assert.rejects(world.cloud.serverGroups.resize(first, bad, operator), (error) =>
      hasCode(error, "CAPACITY_INVALID"),
    );
  }
  assert.deepEqual(size(), [2, 4, 4]);
});

test("a disabled group keeps its instances out of traffic and does nothing by itself; enabled it is as before", async () => {
  const world = new World();
  await world.settled();
  await world.cloud.serverGroups.clone(first, {}, operator);
  await world.clock.advance(5_000);
  const disable = await world.cloud.serverGroups.disable(first, { force: false }, operator);
  await world.clock.advance(100);
  assert.equal(stateOf(world, disable), "succeeded");
  const ids = world.engine.up("catalog").filter(({ spec }) => spec.serverGroup === first);
  assert.deepEqual([...world.traffic.out.keys()].toSorted(), ids.map(({ spec }) => spec.id).toSorted());
  assert.deepEqual(world.cloud.group(first)?.group.settings.suspended, ["Launch", "Terminate", "AddToLoadBalancer"]);

  const victim = ids[0];
  assert.ok(victim);
  world.engine.stop(victim.spec.id, "killed by SIGKILL", "KILLED");
  await world.clock.advance(20_000);
  assert.deepEqual(serving(world), { [first]: 2, [second]: 3 });
  assert.match(world.cloud.group(first)?.waits[0]?.reason ?? "", /Launch is suspended/);

  const enable = await world.cloud.serverGroups.enable(first, operator);
  await world.clock.advance(5_000);
  assert.equal(stateOf(world, enable), "succeeded");
  assert.ok(world.engine.up("catalog").every(({ spec }) => !world.traffic.out.has(spec.id)));
  assert.deepEqual(serving(world), { [first]: 3, [second]: 3 });
});

test("a group that begins without traffic fills up, and each of its instances is out of service", async () => {
  const world = new World();
  await world.settled();
  await world.cloud.serverGroups.clone(first, { traffic: false }, operator);
  await world.clock.advance(5_000);
  assert.deepEqual(serving(world), { [first]: 3, [second]: 3 });
  assert.equal(world.traffic.out.size, 3);
  const victim = world.engine.up("catalog").find(({ spec }) => spec.serverGroup === second);
  assert.ok(victim);
  world.engine.stop(victim.spec.id, "killed by SIGKILL", "KILLED");
  await world.clock.advance(5_000);
  const now = world.engine.up("catalog").filter(({ spec }) => spec.serverGroup === second);
  assert.equal(now.length, 3);
  assert.ok(now.every(({ spec }) => world.traffic.out.has(spec.id)));
  await world.cloud.serverGroups.enable(second, operator);
  await world.clock.advance(1_000);
  assert.equal(now.filter(({ spec }) => world.traffic.out.has(spec.id)).length, 0);
});

test("registries that do not answer are asked until they do, and the operation ends only then", async () => {
  const world = new World();
  await world.settled();
  world.traffic.refuses = true;
  const disable = await world.cloud.serverGroups.disable(first, { force: true }, operator);
  await world.clock.advance(10_000);
  assert.equal(stateOf(world, disable), "running");
  assert.ok(world.traffic.asked < 60, `${world.traffic.asked} requests in 10 s`);
  world.traffic.refuses = false;
  await world.clock.advance(5_000);
  assert.equal(stateOf(world, disable), "succeeded");
  assert.equal(world.traffic.out.size, 3);
});

test("a control that dies between taking a group into traffic and telling the registries tells them in its next life", async () => {
  const world = new World();
  await world.settled();
  await world.cloud.serverGroups.disable(first, { force: true }, operator);
  await world.clock.advance(100);
  assert.equal(world.traffic.out.size, 3);
  world.traffic.refuses = true;
  await world.cloud.serverGroups.enable(first, operator);
  await world.crash();
  world.traffic.refuses = false;
  await world.start(2);
  await world.clock.advance(10_000);
  assert.equal(world.traffic.out.size, 0);
});

test("the last group of a cluster that serves is not disabled or destroyed by mistake", async () => {
  const world = new World();
  await world.settled();
  const isRefused = (error: unknown): boolean => hasCode(error, "LAST_ENABLED_GROUP");
  await assert.rejects(world.cloud.serverGroups.disable(first, { force: false }, operator), isRefused);
  await assert.rejects(world.cloud.serverGroups.destroy(first, { force: false }, operator), isRefused);
  await world.cloud.serverGroups.clone(first, {}, operator);
  // The clone does not serve yet.
  await assert.rejects(world.cloud.serverGroups.destroy(first, { force: false }, operator), isRefused);
  await world.clock.advance(5_000);
  await world.cloud.serverGroups.destroy(first, { force: false }, operator);
});

test("a destroyed group ends its instances, protected and standing by alike, and then is no more", async () => {
  const world = new World();
  await world.settled();
  await world.cloud.serverGroups.clone(first, {}, operator);
  await world.clock.advance(5_000);
  const [one, two] = world.engine.up("catalog").filter(({ spec }) => spec.serverGroup === first);
  assert.ok(one && two);
  await world.cloud.serverGroups.protect(first, [one.spec.id], true, operator);
  await world.cloud.serverGroups.enterStandby(first, [two.spec.id], true, operator);
  const destroy = await world.cloud.serverGroups.destroy(first, { force: false }, operator);
  await assert.rejects(world.cloud.serverGroups.resize(first, { desired: 1 }, operator), (error) =>
    hasCode(error, "GROUP_DELETING"),
  );
  await world.clock.advance(5_000);
  assert.deepEqual(serving(world), { [second]: 3 });
  assert.equal(stateOf(world, destroy), "succeeded");
  assert.equal(world.cloud.group(first), undefined);
  const clone = await world.cloud.serverGroups.clone(second, {}, operator);
  assert.equal(clone.group, "movies-catalog-v002");
});

test("a group is not gone while a zone with its instances cannot be asked, also for a control that has just started", async () => {
  const world = new World();
  await world.settled();
  await world.cloud.serverGroups.clone(first, {}, operator);
  await world.clock.advance(5_000);
  world.engine.silentZones.add("local-1b");
  await world.clock.advance(500);
  const destroy = await world.cloud.serverGroups.destroy(first, { force: false }, operator);
  await world.clock.advance(20_000);
  await world.crash();
  await world.start(2);
  await world.clock.advance(20_000);
  assert.equal(stateOf(world, destroy), "running");
  assert.ok(world.cloud.group(first));
  world.engine.silentZones.delete("local-1b");
  await world.clock.advance(20_000);
  assert.equal(stateOf(world, destroy), "succeeded");
  assert.deepEqual(serving(world), { [second]: 3 });
});

test("shrink ends the instance that was named and wants one less, once per key", async () => {
  const world = new World();
  await world.settled(5);
  const victim = world.engine.up("catalog")[2];
  assert.ok(victim);
  const asker = { actor: "operator", key: "shrink-1" };
  const shrink = await world.cloud.serverGroups.shrink(first, victim.spec.id, asker);
  await world.clock.advance(3_000);
  assert.equal(stateOf(world, shrink), "succeeded");
  await world.cloud.serverGroups.shrink(first, victim.spec.id, asker);
  await world.clock.advance(3_000);
  const up = world.engine.up("catalog");
  assert.equal(up.length, 4);
  assert.ok(up.every(({ spec }) => spec.id !== victim.spec.id));
  assert.equal(world.cloud.group(first)?.group.desired, 4);
  assert.deepEqual(world.cloud.group(first)?.group.marks, {});
  await assert.rejects(world.cloud.serverGroups.shrink(first, victim.spec.id, operator), (error) =>
    hasCode(error, "INSTANCE_UNKNOWN"),
  );
});

test("one on standby is out of traffic, replaced unless fewer are wanted, never ended, and comes back as capacity", async () => {
  const world = new World();
  await world.settled();
  const [one, two] = world.engine.up("catalog").map(({ spec }) => spec.id);
  assert.ok(one !== undefined && two !== undefined);
  await world.cloud.serverGroups.enterStandby(first, [one], false, operator);
  await world.cloud.serverGroups.enterStandby(first, [two], true, operator);
  await world.clock.advance(5_000);
  assert.deepEqual([...world.traffic.out.keys()].toSorted(), [one, two].toSorted());
  assert.equal(world.engine.up("catalog").length, 4);
  assert.equal(world.cloud.group(first)?.group.desired, 2);
  const lifecycle = (): string[] =>
    world.engine
      .up("catalog")
      .map((instance) => world.cloud.lifecycleOf(instance))
      .toSorted();
  assert.deepEqual(lifecycle(), ["InService", "InService", "Standby", "Standby"]);
  await world.cloud.serverGroups.exitStandby(first, [one, two], operator);
  await world.clock.advance(5_000);
  assert.deepEqual(lifecycle(), ["InService", "InService", "InService", "InService"]);
  assert.equal(world.cloud.group(first)?.group.desired, 4);
  assert.equal(world.traffic.out.size, 0);
});

test("a detached instance runs on and belongs to nobody, over a restart of control and the end of its group", async () => {
  const world = new World();
  await world.settled();
  const given = world.engine.up("catalog")[0]?.spec.id;
  assert.ok(given !== undefined);
  await world.cloud.serverGroups.detach(first, [given], false, operator);
  await world.clock.advance(3_000);
  assert.equal(world.engine.up("catalog").length, 4);
  await world.crash();
  await world.start(2);
  await world.cloud.serverGroups.destroy(first, { force: true }, operator);
  await world.clock.advance(10_000);
  assert.deepEqual(
    world.engine.up("catalog").map(({ spec }) => spec.id),
    [given],
  );
  const kept = world.cloud.instances().find(({ spec }) => spec.id === given);
  assert.ok(kept);
  assert.equal(world.cloud.lifecycleOf(kept), "Detached");
});

test("a cluster has three groups at most, and groups with ports of their own cannot be cloned", async () => {
  const world = new World();
  await world.settled();
  await world.cloud.serverGroups.clone(first, {}, operator);
  await world.cloud.serverGroups.clone(first, {}, operator);
  await assert.rejects(world.cloud.serverGroups.clone(first, {}, operator), (error) => hasCode(error, "CLUSTER_FULL"));
  const fixedPorts = { "local-1a": 10_000, "local-1b": 10_001, "local-1c": 10_002 };
  world.cloud.ensure([definition("registry", 3, { kind: "registry", placement: { host: 1, fixedPorts } })]);
  await assert.rejects(world.cloud.serverGroups.clone("holdfast-registry-v000", {}, operator), (error) =>
    hasCode(error, "GROUP_EXCLUSIVE"),
  );
  await assert.rejects(
    world.cloud.serverGroups.clone("nobody-v000", {}, operator),
    /no such server group; known: movies/,
  );
});

test("a deployment beside a clone replaces the newest group that serves and leaves the other alone", async () => {
  const world = new World();
  await world.settled();
  await world.cloud.serverGroups.clone(first, { scale: { desired: 2 } }, operator);
  await world.clock.advance(5_000);
  await world.cloud.deploy("movies", {}, [definition("catalog", 3, { run: "node next.js" })], "operator");
  for (let ms = 0; ms < 10_000; ms += 100) {
    await world.clock.advance(100);
    assert.ok((serving(world)[first] ?? 0) === 3);
  }
  assert.deepEqual(serving(world), { [first]: 3, "movies-catalog-v002": 2 });
});

test("a clone made while a deployment rolls does not take over the instances that it replaces", async () => {
  const world = new World();
  await world.settled();
  await world.cloud.deploy("movies", {}, [definition("catalog", 3, { run: "node next.js" })], "operator");
  await world.clock.advance(100);
  await world.cloud.serverGroups.clone(second, { scale: { desired: 1 } }, operator);
  await world.clock.advance(10_000);
  assert.deepEqual(serving(world), { [second]: 3, "movies-catalog-v002": 1 });
});
