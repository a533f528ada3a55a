import assert from "node:assert/strict";
import { test } from "node:test";
import { hasCode } from "@holdfast/kernel";
import type { RefreshOptions } from "../src/index.ts";
import { World } from "./world.ts";

const group = "movies-catalog-v000";
const operator = { actor: "operator" };

function statusOf(world: World): string {
  const refresh = world.cloud.group(group)?.group.refresh;
  return refresh === undefined ? "none" : `${refresh.status} ${refresh.percent}`;
}

async function refreshing(desired: number, options: Partial<RefreshOptions> & { run?: string }): Promise<World> {
  const world = new World();
  await world.settled(desired);
  await world.cloud.serverGroups.refresh(group, options, operator);
  return world;
}

function running(world: World): number {
  return world.engine.all().filter(({ state }) => state === "up" || state === "starting").length;
}

function old(world: World): number {
  return world.engine.up("catalog").filter(({ spec }) => spec.run === "node main.js").length;
}

test("a refresh replaces every instance; where 90 % leaves no room to go below, each successor comes first", async () => {
  const world = await refreshing(9, { run: "node next.js" });
  let least = 9;
  let most = 9;
  for (let ms = 0; ms < 60_000 && !statusOf(world).startsWith("Successful"); ms += 50) {
    await world.clock.advance(50);
    least = Math.min(least, world.engine.up("catalog").length);
    most = Math.max(most, running(world));
  }
  assert.equal(statusOf(world), "Successful 100");
  assert.equal(old(world), 0);
  assert.deepEqual([least, most], [9, 10], "90 % of nine is nine: a successor comes first");
  assert.equal(world.cloud.group(group)?.group.rollout, undefined);
  assert.equal(world.engine.upZones("catalog"), "aaabbbccc");
});

test("with 60 % of five the old go first, never fewer than three serve, and never more than five run", async () => {
  const world = await refreshing(5, { run: "node next.js", minHealthyPercentage: 60 });
  let least = 5;
  for (let ms = 0; ms < 60_000 && !statusOf(world).startsWith("Successful"); ms += 50) {
    await world.clock.advance(50);
    least = Math.min(least, world.engine.up("catalog").length);
    assert.ok(running(world) <= 5, `${running(world)} run`);
  }
  assert.equal(statusOf(world), "Successful 100");
  assert.equal(least, 3);
});

for (const [max, most] of [
  [110, 7],
  [150, 9],
  [200, 12],
] as const) {
  test(`with 100 % to ${max} % of six successors come first, ${most} run at most, and the zones get on alike`, async () => {
    const options = { minHealthyPercentage: 100, maxHealthyPercentage: max };
    const world = await refreshing(6, { run: "node next.js", ...options });
    let [least, ran, lopsided] = [6, 6, 0];
    for (let ms = 0; ms < 60_000 && !statusOf(world).startsWith("Successful"); ms += 50) {
      await world.clock.advance(50);
      least = Math.min(least, world.engine.up("catalog").length);
      ran = Math.max(ran, running(world));
      const zones = world.zones.map(({ name }) => {
        const there = world.engine.all().filter(({ spec, state }) => {
          return spec.zone.name === name && (state === "up" || state === "starting");
        });
        return there.length;
      });
      lopsided = Math.max(lopsided, Math.max(...zones) - Math.min(...zones));
    }
    assert.equal(statusOf(world), "Successful 100");
    assert.deepEqual([least, ran, old(world)], [6, most, 0]);
    assert.ok(lopsided <= 2, `${lopsided} apart while they are replaced`);
    assert.equal(world.engine.upZones("catalog"), "aabbcc");
    assert.equal(world.engine.launches.length, 12, "each is replaced once");
  });
}

test("with 50 % to 150 % half go at once and half come at once: never under three, never over nine", async () => {
  const world = await refreshing(6, { run: "node next.js", minHealthyPercentage: 50, maxHealthyPercentage: 150 });
  let [least, ran] = [6, 6];
  for (let ms = 0; ms < 60_000 && !statusOf(world).startsWith("Successful"); ms += 50) {
    await world.clock.advance(50);
    least = Math.min(least, world.engine.up("catalog").length);
    ran = Math.max(ran, running(world));
  }
  assert.equal(statusOf(world), "Successful 100");
  assert.ok(least >= 3 && ran <= 9, `${least} to ${ran}`);
  assert.equal(world.engine.upZones("catalog"), "aabbcc");
});

test("a surge of successors that cannot start is given up and taken back: the old ones never stop serving", async () => {
  const world = new World();
  await world.settled(6);
  world.engine.programs.set("catalog", { startMs: undefined, exitAfterMs: 100 });
  const pace = { minHealthyPercentage: 100, maxHealthyPercentage: 200, autoRollback: true };
  await world.cloud.serverGroups.refresh(group, { run: "node broken.js", ...pace }, operator);
  for (let ms = 0; ms < 120_000; ms += 500) {
    await world.clock.advance(500);
    assert.equal(old(world), 6);
  }
  assert.match(statusOf(world), /^RollbackSuccessful/);
  assert.ok(world.engine.launches.length < 60, `${world.engine.launches.length} launches`);
});

test("checkpoints: it waits at each for its delay, and goes on by itself", async () => {
  const options = { checkpointPercentages: [34, 67], checkpointDelayMs: 60_000, minHealthyPercentage: 100 };
  const world = await refreshing(3, { ...options, run: "node next.js" });
  await world.clock.advance(50_000);
  assert.equal(old(world), 1, "34 % of three is two");
  await world.clock.advance(60_000);
  assert.equal(old(world), 0);
  await world.clock.advance(120_000);
  assert.equal(statusOf(world), "Successful 100");
});

test("what matches already is skipped when asked, and replaced when not", async () => {
  const world = await refreshing(3, { skipMatching: true });
  await world.clock.advance(10_000);
  assert.equal(statusOf(world), "Successful 100");
  assert.equal(world.engine.launches.length, 3);
  await world.cloud.serverGroups.refresh(group, {}, operator);
  await world.clock.advance(20_000);
  assert.equal(world.engine.launches.length, 6);
});

test("a refresh to something that cannot start fails, and goes back by itself when it is to", async () => {
  for (const autoRollback of [false, true]) {
    const world = new World();
    await world.settled(3);
    world.engine.programs.set("catalog", { startMs: undefined, exitAfterMs: 20 });
    const options = { run: "node broken.js", minHealthyPercentage: 100, autoRollback };
    await world.cloud.serverGroups.refresh(group, options, operator);
    await world.clock.advance(8_000);
    assert.equal(world.engine.up("catalog").length, 3);
    assert.equal(old(world), 3, "who served goes on serving");
    world.engine.programs.delete("catalog");
    await world.clock.advance(20_000);
    assert.equal(statusOf(world).split(" ")[0], autoRollback ? "RollbackSuccessful" : "Failed");
    assert.equal(
      world.cloud.group(group)?.group.definition.template.run,
      autoRollback ? "node main.js" : "node broken.js",
    );
    assert.equal(world.cloud.group(group)?.group.rollout, undefined);
  }
});

test("a bake time keeps it from being a success too soon", async () => {
  const world = await refreshing(1, { bakeTimeMs: 300_000, minHealthyPercentage: 100 });
  await world.clock.advance(20_000);
  assert.equal(statusOf(world), "Baking 100");
  await world.clock.advance(300_000);
  assert.equal(statusOf(world), "Successful 100");
});

test("cancelled, it stops where it is; taken back, the new ones are replaced by what was before", async () => {
  const options = { run: "node next.js", checkpointPercentages: [34], minHealthyPercentage: 100 };
  const cancelled = await refreshing(3, options);
  await cancelled.clock.advance(20_000);
  await cancelled.cloud.serverGroups.endRefresh(group, "cancel", operator);
  await cancelled.clock.advance(20_000);
  assert.match(statusOf(cancelled), /^Cancelled/);
  assert.equal(old(cancelled), 1);

  const back = await refreshing(3, options);
  await back.clock.advance(20_000);
  await back.cloud.serverGroups.endRefresh(group, "rollback", operator);
  await back.clock.advance(20_000);
  assert.match(statusOf(back), /^RollbackSuccessful/);
  assert.equal(old(back), 3);
  await assert.rejects(back.cloud.serverGroups.endRefresh(group, "cancel", operator), (error) =>
    hasCode(error, "REFRESH_INVALID"),
  );
});

test("one refresh at a time, and options outside of AWS's bounds are refused", async () => {
  const world = await refreshing(3, { checkpointPercentages: [34] });
  await assert.rejects(world.cloud.serverGroups.refresh(group, {}, operator), (error) =>
    hasCode(error, "REFRESH_IN_PROGRESS"),
  );
  await world.cloud.serverGroups.endRefresh(group, "cancel", operator);
  await world.clock.advance(5_000);
  const bad: Partial<RefreshOptions>[] = [
    { minHealthyPercentage: 101 },
    { maxHealthyPercentage: 99 },
    { minHealthyPercentage: 20, maxHealthyPercentage: 150 },
    { checkpointPercentages: [50, 20] },
    { checkpointDelayMs: 172_800_001 },
  ];
  for (const options of bad) {
    await assert.rejects(world.cloud.serverGroups.refresh(group, options, operator), (error) =>
      hasCode(error, "REFRESH_INVALID"),
    );
  }
});

test("protected instances are waited for an hour, left alone, or replaced, as was asked", async () => {
  const expected = { Wait: "Failed", Ignore: "Successful", Refresh: "Successful" } as const;
  for (const scaleInProtectedInstances of ["Wait", "Ignore", "Refresh"] as const) {
    const world = new World();
    await world.settled(3);
    const [kept] = world.engine.up("catalog");
    assert.ok(kept);
    await world.cloud.serverGroups.protect(group, [kept.spec.id], true, operator);
    await world.cloud.serverGroups.refresh(group, { scaleInProtectedInstances, minHealthyPercentage: 100 }, operator);
    await world.clock.advance(60_000);
    const isKept = world.engine.up("catalog").some(({ spec }) => spec.id === kept.spec.id);
    assert.equal(isKept, scaleInProtectedInstances !== "Refresh");
    await world.clock.advance(3_600_000);
    assert.equal(statusOf(world).split(" ")[0], expected[scaleInProtectedInstances]);
  }
});

test("a refresh survives the death of control at any point and ends in its next life", async () => {
  const world = await refreshing(3, { run: "node next.js", minHealthyPercentage: 100 });
  for (let life = 2; life < 12; life++) {
    await world.clock.advance(170 * life);
    await world.crash();
    await world.start(life);
  }
  await world.clock.advance(30_000);
  assert.equal(statusOf(world), "Successful 100");
  assert.equal(old(world), 0);
  assert.equal(world.engine.up("catalog").length, 3);
});

test("while InstanceRefresh is suspended nothing is replaced", async () => {
  const world = new World();
  await world.settled(3);
  await world.cloud.serverGroups.suspend(group, ["InstanceRefresh"], operator);
  await world.cloud.serverGroups.refresh(group, {}, operator);
  await world.clock.advance(30_000);
  assert.equal(statusOf(world), "Pending 0");
  assert.equal(world.engine.launches.length, 3);
  await world.cloud.serverGroups.resume(group, ["InstanceRefresh"], operator);
  await world.clock.advance(30_000);
  assert.equal(statusOf(world), "Successful 100");
});
