import assert from "node:assert/strict";
import { test } from "node:test";
import { hasCode } from "@holdfast/kernel";
import { definition, World } from "./world.ts";

test("a new application comes up spread evenly over the zones, each instance with an own address and port", async () => {
  const world = new World();
  await world.start();
  const [operation] = await world.cloud.deploy("movies", {}, [definition("catalog", 6)], "operator");
  await world.clock.advance(1_000);

  assert.equal(world.engine.upZones("catalog"), "aabbcc");
  const specs = world.engine.all().map((instance) => instance.spec);
  assert.equal(new Set(specs.map((spec) => spec.address)).size, 6);
  assert.equal(new Set(specs.flatMap((spec) => [spec.port, spec.adminPort])).size, 12);
  assert.ok(specs.every((spec) => spec.serverGroup === "movies-catalog-v000"));
  assert.equal(world.cloud.operation(operation?.id ?? "")?.state, "succeeded");
  assert.ok(world.cloud.recentActivities(100).every((activity) => activity.outcome === "succeeded"));
});

test("an instance that had served is replaced in its zone at once, and the diary says why", async () => {
  const world = new World();
  await world.settled();
  const victim = world.engine.up("catalog")[1];
  assert.ok(victim);
  world.engine.stop(victim.spec.id, "killed by SIGKILL", "KILLED");
  await world.clock.advance(0);

  const last = world.engine.launches.at(-1);
  assert.equal(last?.spec.zone.name, victim.spec.zone.name);
  assert.equal(last?.atMs, world.clock.monotonicMs());
  await world.clock.advance(400);
  assert.equal(world.engine.upZones("catalog"), "abc");
  const activity = world.cloud.recentActivities(1)[0];
  assert.equal(activity?.kind, "replace");
  assert.equal(activity?.cause, `${victim.spec.id}: killed by SIGKILL`);
  assert.equal(activity?.outcome, "succeeded");
});

test("all instances of a zone killed at once are all replaced there at once", async () => {
  const world = new World();
  await world.settled(9);
  const victims = world.engine.up("catalog").filter((instance) => instance.spec.zone.name === "local-1b");
  for (const victim of victims) world.engine.stop(victim.spec.id, "killed by SIGKILL", "KILLED");
  await world.clock.advance(350);
  assert.equal(world.engine.upZones("catalog"), "aaabbbccc");
});

test("an unhealthy instance is killed and replaced in its zone", async () => {
  const world = new World();
  await world.settled();
  const victim = world.engine.up("catalog")[0];
  assert.ok(victim);
  world.engine.sicken(victim.spec.id);
  await world.clock.advance(500);
  assert.equal(world.engine.all().find((item) => item.spec.id === victim.spec.id)?.state, "stopped");
  assert.equal(world.engine.upZones("catalog"), "abc");
  const causes = world.cloud.recentActivities(2).map((activity) => `${activity.kind} ${activity.cause}`);
  assert.match(causes.join(), /replace i-\w+ is unhealthy: no answer/);
  assert.match(causes.join(), /terminate i-\w+ is unhealthy: no answer/);
});

test("a program that exits at once is retried with growing delays, never in a hot loop, and the reason is shown", async () => {
  const world = new World();
  await world.start();
  world.engine.programs.set("quits", { startMs: undefined, exitAfterMs: 50 });
  await world.cloud.deploy("movies", {}, [definition("quits", 1), definition("catalog", 3)], "operator");
  await world.clock.advance(60_000);
  const times = world.engine.launches.filter(({ spec }) => spec.service === "quits").map(({ atMs }) => atMs);
  const gaps = times.slice(1).map((time, i) => time - (times[i] ?? 0));
  assert.deepEqual(gaps.slice(0, 5), [300, 550, 1_050, 2_050, 4_050]);
  assert.ok(times.length <= 10, `${times.length} launches in a minute`);
  const status = world.cloud.groups().find(({ group }) => group.definition.service === "quits");
  assert.match(status?.waits[0]?.reason ?? "", /^exited with code 1 \(\d times\); next try in \d+ s$/);
  assert.equal(world.engine.upZones("catalog"), "abc");
  const deployed = world.cloud.recentActivities(500).find((item) => item.kind === "deploy" && item.service === "quits");
  assert.equal(deployed?.outcome, "failed");
});

test("an instance that never becomes healthy is given up after its start timeout and tried again later", async () => {
  const world = new World();
  await world.start();
  world.engine.programs.set("deaf", { startMs: undefined });
  await world.cloud.deploy("movies", {}, [definition("deaf", 1)], "operator");
  await world.clock.advance(29_000);
  assert.equal(world.engine.launches.length, 1);
  await world.clock.advance(5_000);
  assert.equal(world.engine.launches.length, 2);
  const failed = world.cloud.recentActivities(10).find((activity) => activity.kind === "terminate");
  assert.match(failed?.cause ?? "", /was not healthy within 30 s: no answer on 127\.1\.\d\.10:100\d\d yet/);
});

test("scaling up and down keeps the spread and ends the surplus of the fullest zone", async () => {
  const world = new World();
  await world.settled();
  await world.cloud.scale("catalog", 7, "operator");
  await world.clock.advance(1_000);
  assert.equal(world.engine.up("catalog").length, 7);
  const down = await world.cloud.scale("catalog", 4, "operator");
  await world.clock.advance(3_000);
  const zones = world.engine.upZones("catalog");
  assert.equal(zones.length, 4);
  assert.equal(new Set(zones).size, 3);
  assert.equal(world.cloud.operation(down.id)?.state, "succeeded");
  await assert.rejects(world.cloud.scale("catalog", 10, "operator"), (error) => hasCode(error, "SCALE_OUT_OF_RANGE"));
  await assert.rejects(world.cloud.scale("nobody", 1, "operator"), /nobody: no such service; known: catalog/);
});

for (const desired of [1, 3, 5]) {
  test(`a rolling restart of ${desired} replaces every instance and never has fewer up`, async () => {
    const world = new World();
    await world.settled(desired);
    const before = new Set(world.engine.up("catalog").map((instance) => instance.spec.id));
    const operation = await world.cloud.restart("catalog", "operator");
    for (let ms = 0; ms < 5_000; ms += 50) {
      await world.clock.advance(50);
      assert.ok(world.engine.up("catalog").length >= desired, `${world.engine.up("catalog").length} up at ${ms}`);
    }
    const after = world.engine.up("catalog");
    assert.equal(after.length, desired);
    assert.ok(after.every((instance) => !before.has(instance.spec.id)));
    assert.ok(after.every((instance) => instance.spec.serverGroup === "movies-catalog-v000"));
    assert.equal(world.cloud.operation(operation.id)?.state, "succeeded");
    assert.equal(world.cloud.groups()[0]?.group.rollout, undefined);
  });
}

test("a deployment with another command makes the next version and rolls over without losing capacity", async () => {
  const world = new World();
  await world.settled();
  const next = definition("catalog", 3, { run: "node next.js" });
  const [operation] = await world.cloud.deploy("movies", {}, [next], "operator");
  for (let ms = 0; ms < 3_000; ms += 50) {
    await world.clock.advance(50);
    assert.ok(world.engine.up("catalog").length >= 3);
  }
  assert.ok(world.engine.up("catalog").every((instance) => instance.spec.serverGroup === "movies-catalog-v001"));
  assert.equal(world.engine.upZones("catalog"), "abc");
  assert.equal(world.cloud.operation(operation?.id ?? "")?.state, "succeeded");
});

test("a deployment that cannot start fails, and the version before goes on serving", async () => {
  const world = new World();
  await world.settled();
  world.engine.programs.set("catalog", { startMs: undefined, exitAfterMs: 20 });
  const next = definition("catalog", 3, { run: "node broken.js" });
  const [operation] = await world.cloud.deploy("movies", {}, [next], "operator");
  await world.clock.advance(20_000);
  assert.equal(world.engine.up("catalog").length, 3);
  assert.ok(world.engine.up("catalog").every((instance) => instance.spec.serverGroup === "movies-catalog-v000"));
  assert.equal(world.cloud.operation(operation?.id ?? "")?.state, "failed");
  assert.match(world.cloud.operation(operation?.id ?? "")?.detail ?? "", /exited with code 1/);
});

test("the same application again changes nothing; a service taken out of it is ended", async () => {
  const world = new World();
  await world.start();
  await world.cloud.deploy("movies", {}, [definition("catalog", 3), definition("ratings", 3)], "operator");
  await world.clock.advance(1_000);
  const again = await world.cloud.deploy(
    "movies",
    {},
    [definition("catalog", 3), definition("ratings", 3)],
    "operator",
  );
  assert.deepEqual(again, []);
  await world.cloud.deploy("movies", {}, [definition("catalog", 3)], "operator");
  await world.clock.advance(3_000);
  assert.equal(world.engine.launches.length, 6);
  assert.equal(world.engine.up("ratings").length, 0);
  assert.equal(world.engine.up("catalog").length, 3);
});

test("a zone whose agent is silent for a moment is left alone", async () => {
  const world = new World();
  await world.settled();
  world.engine.silentZones.add("local-1b");
  await world.clock.advance(9_000);
  assert.equal(world.engine.launches.length, 3);
  world.engine.silentZones.delete("local-1b");
  await world.clock.advance(20_000);
  assert.equal(world.engine.launches.length, 3);
  assert.equal(world.engine.upZones("catalog"), "abc");
});

test("a zone that stays silent is made good elsewhere, and balance returns with it", async () => {
  const world = new World();
  await world.settled();
  world.engine.silentZones.add("local-1b");
  await world.clock.advance(15_000);
  const reachable = world.engine.up("catalog").filter((instance) => instance.spec.zone.name !== "local-1b");
  assert.equal(reachable.length, 3);
  assert.match(world.cloud.recentActivities(1)[0]?.cause ?? "", /local-1b cannot be reached/);
  world.engine.silentZones.delete("local-1b");
  await world.clock.advance(5_000);
  assert.equal(world.engine.upZones("catalog"), "abc");
});

test("a zone that comes back empty is filled again before the others give up their surplus", async () => {
  const world = new World();
  await world.settled();
  world.engine.silentZones.add("local-1b");
  for (const instance of world.engine.up("catalog")) {
    if (instance.spec.zone.name === "local-1b") world.engine.stop(instance.spec.id, "host lost", "KILLED");
  }
  await world.clock.advance(15_000);
  world.engine.silentZones.delete("local-1b");
  for (let ms = 0; ms < 5_000; ms += 100) {
    await world.clock.advance(100);
    assert.ok(world.engine.up("catalog").length >= 3);
  }
  assert.equal(world.engine.upZones("catalog"), "abc");
});

test("a restarted control takes over what runs, touching nothing, and finishes what was under way", async () => {
  const world = new World();
  await world.settled();
  const before = world.engine.up("catalog").map((instance) => instance.spec.id);
  await world.crash();
  const lostMeanwhile = before[0];
  assert.ok(lostMeanwhile);
  await world.start(2);
  await world.clock.advance(3_000);
  assert.equal(world.engine.launches.length, 3);
  assert.deepEqual(
    world.engine.up("catalog").map((instance) => instance.spec.id),
    before,
  );

  const operation = await world.cloud.restart("catalog", "operator");
  await world.clock.advance(100);
  await world.crash();
  world.engine.stop(lostMeanwhile, "killed by SIGKILL", "KILLED");
  await world.start(3);
  await world.clock.advance(10_000);
  assert.equal(world.cloud.operation(operation.id)?.state, "succeeded");
  assert.equal(world.engine.upZones("catalog"), "abc");
  assert.ok(world.engine.up("catalog").every((instance) => !before.includes(instance.spec.id)));
  assert.deepEqual(
    world.cloud.recentActivities(500).filter((activity) => activity.outcome === "running"),
    [],
  );
});

test("instances of a fixed address are replaced one zone after the other", async () => {
  const world = new World();
  await world.start();
  const fixedPorts = { "local-1a": 10_000, "local-1b": 10_001, "local-1c": 10_002 };
  world.cloud.ensure([definition("registry", 3, { kind: "registry", placement: { host: 1, fixedPorts } })]);
  await world.clock.advance(1_000);
  assert.deepEqual(
    world.engine.up("registry").map(({ spec }) => `${spec.address}:${spec.port}`),
    ["127.1.1.1:10000", "127.1.2.1:10001", "127.1.3.1:10002"],
  );
  await world.cloud.restart("registry", "operator");
  for (let ms = 0; ms < 5_000; ms += 50) {
    await world.clock.advance(50);
    assert.ok(world.engine.up("registry").length >= 2);
  }
  assert.equal(world.engine.launches.length, 6);
  assert.equal(world.engine.up("registry").length, 3);
});

test("at a cold start the others wait for the registries, but never longer than two seconds", async () => {
  const world = new World();
  const placement = { host: 1, fixedPorts: { "local-1a": 10_000, "local-1b": 10_001, "local-1c": 10_002 } };
  world.engine.programs.set("registry", { startMs: undefined });
  await world.start();
  world.cloud.ensure([definition("registry", 3, { kind: "registry", placement })]);
  await world.cloud.deploy("movies", {}, [definition("catalog", 3)], "operator");
  await world.clock.advance(1_900);
  assert.equal(world.engine.launches.length, 3);
  await world.clock.advance(200);
  assert.equal(world.engine.launches.length, 6);
});

test("with the disk refusing, the dead are still replaced, requests are refused, and all is written later", async () => {
  const world = new World();
  await world.settled();
  world.store.failWith = new Error("database or disk is full");
  const victim = world.engine.up("catalog")[0];
  assert.ok(victim);
  await world.cloud.kill(victim.spec.id, "SIGKILL", "operator");
  await world.clock.advance(1_000);
  assert.equal(world.engine.upZones("catalog"), "abc");
  assert.equal(world.cloud.stateHealth.kind, "read-only");
  await assert.rejects(world.cloud.scale("catalog", 6, "operator"), (error) => hasCode(error, "STATE_READ_ONLY"));
  await assert.rejects(world.cloud.restart("catalog", "operator"), (error) => hasCode(error, "STATE_READ_ONLY"));

  world.store.failWith = undefined;
  await world.clock.advance(2_000);
  assert.equal(world.cloud.stateHealth.kind, "writable");
  const stored = await world.store.activities(10);
  assert.equal(stored[0]?.kind, "replace");
  assert.match(stored[0]?.cause ?? "", /was killed by the operator/);
  await world.cloud.scale("catalog", 6, "operator");
});

test("a control that another one has replaced does nothing more", async () => {
  const world = new World();
  await world.settled();
  world.engine.deposed = true;
  const victim = world.engine.up("catalog")[0];
  assert.ok(victim);
  world.engine.stop(victim.spec.id, "killed by SIGKILL", "KILLED");
  await world.clock.advance(60_000);
  assert.equal(world.engine.launches.length, 3);
  assert.match(world.cloud.deposed ?? "", /taken over/);
});

test("killing one instance a second for two minutes never leaves a zone without a replacement for long", async () => {
  const world = new World();
  await world.settled(6);
  let worst = 6;
  for (let second = 0; second < 120; second++) {
    const up = world.engine.up("catalog");
    const victim = up[second % up.length];
    if (victim !== undefined) world.engine.stop(victim.spec.id, "killed by SIGKILL", "KILLED");
    await world.clock.advance(1_000);
    worst = Math.min(worst, world.engine.up("catalog").length);
  }
  assert.ok(worst >= 3, `worst: ${worst} of 6`);
  await world.clock.advance(15_000);
  assert.equal(world.engine.upZones("catalog"), "aabbcc");
});

test("a program that is healthy for moments only, again and again, is replaced with delays", async () => {
  const world = new World();
  await world.start();
  world.engine.programs.set("flaps", { startMs: 100, exitAfterMs: 200 });
  await world.cloud.deploy("movies", {}, [definition("flaps", 1)], "operator");
  await world.clock.advance(30_000);
  assert.ok(world.engine.launches.length <= 18, `${world.engine.launches.length} launches in 30 s`);
  assert.ok(world.engine.launches.length >= 12);
});
