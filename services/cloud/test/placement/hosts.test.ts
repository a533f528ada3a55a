import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { readConstraints } from "../../src/index.ts";
import { World } from "../world.ts";
import { demand, hostSet, lodger, plan } from "./hosts-world.ts";

/** Host → services of those that stand on it, as their orders say. */
function onHosts(world: World): Record<string, string[]> {
  const found: Record<string, string[]> = {};
  for (const { spec, state } of world.engine.all()) {
    if (state === "stopped" || spec.place === undefined) continue;
    assert.equal(spec.env["HOLDFAST_HOST"], spec.place.host);
    (found[spec.place.host] ??= []).push(spec.service);
  }
  return found;
}

function waitsOf(world: World): string[] {
  return world.cloud.groups().flatMap(({ waits }) => waits.map(({ reason }) => reason));
}

suite("hosts of the application", () => {
  test("without hosts declared nothing is placed, whatever a service asks for", async () => {
    const world = new World();
    await world.start();
    await world.cloud.deploy("movies", {}, [lodger("catalog", 3, demand(64))], "operator");
    await world.clock.advance(5_000);
    assert.equal(world.engine.up("catalog").length, 3);
    assert.deepEqual(onHosts(world), {});
    await world.crash();
  });

  test("each instance carries the host that has room for it, in its own zone", async () => {
    const world = new World(3);
    await world.start();
    world.cloud.hosts.configure(
      plan(hostSet("a", "local-1a", 2), hostSet("b", "local-1b", 2), hostSet("c", "local-1c", 2)),
    );
    await world.cloud.deploy("movies", {}, [lodger("catalog", 6)], "operator");
    await world.clock.advance(20_000);
    assert.deepEqual(onHosts(world), {
      a: ["catalog", "catalog"],
      b: ["catalog", "catalog"],
      c: ["catalog", "catalog"],
    });
    for (const { spec } of world.engine.up("catalog")) assert.equal(spec.zone.name, `local-1${spec.place?.host}`);
    await world.crash();
  });

  test("what finds no host waits with the reason, is written down once, and asks no engine", async () => {
    const world = new World(1);
    await world.start();
    world.cloud.hosts.configure(plan(hostSet("a", "local-1a", 2)));
    await world.cloud.deploy("movies", {}, [lodger("catalog", 3)], "operator");
    await world.clock.advance(60_000);
    assert.equal(world.engine.launches.length, 2);
    assert.deepEqual(waitsOf(world), [
      "local-1a: no host has room: a lacks 1 CPU (0 CPUs free), lacks 1 GiB of memory (0 MiB of memory free)",
    ]);
    const told = world.cloud.recentActivities(100).filter(({ detail }) => detail.startsWith("PLACEMENT_REFUSED"));
    assert.equal(told.length, 1);
    assert.equal(told[0]?.group, "movies-catalog-v000");
    assert.equal(world.cloud.hosts.pool.refusals().length, 1);
    await world.crash();
  });

  test("capacity that is freed is given at once to who waits for it", async () => {
    const world = new World(1);
    await world.start();
    world.cloud.hosts.configure(plan(hostSet("a", "local-1a", 2)));
    await world.cloud.deploy("movies", {}, [lodger("catalog", 2), lodger("ratings", 1)], "operator");
    await world.clock.advance(5_000);
    assert.equal(world.engine.up("ratings").length, 0);
    await world.cloud.scale("catalog", 1, "operator");
    await world.clock.advance(1_500);
    assert.equal(world.engine.up("ratings").length, 1);
    assert.deepEqual(waitsOf(world), []);
    assert.deepEqual(world.cloud.hosts.pool.refusals(), []);
    await world.crash();
  });

  test("when a zone's hosts are full the other zones take its share", async () => {
    const world = new World(2);
    await world.start();
    world.cloud.hosts.configure(plan(hostSet("a", "local-1a", 1), hostSet("b", "local-1b", 4)));
    await world.cloud.deploy("movies", {}, [lodger("catalog", 4)], "operator");
    await world.clock.advance(10_000);
    assert.deepEqual(onHosts(world), { a: ["catalog"], b: ["catalog", "catalog", "catalog"] });
    await world.crash();
  });

  test("a new control learns what its hosts carry from what runs", async () => {
    const world = new World(1);
    const hosts = plan(hostSet("a", "local-1a", 2), hostSet("b", "local-1a", 2));
    await world.start();
    world.cloud.hosts.configure(hosts);
    await world.cloud.deploy("movies", {}, [lodger("catalog", 3)], "operator");
    await world.clock.advance(5_000);
    await world.crash();
    await world.start(2);
    world.cloud.hosts.configure(hosts);
    await world.clock.advance(5_000);
    const used = world.cloud.hosts.pool.loads.map((load) => load.used.milliCpu);
    assert.deepEqual(used, [2_000, 1_000]);
    await world.cloud.scale("catalog", 5, "operator");
    await world.clock.advance(10_000);
    assert.equal(world.engine.up("catalog").length, 4, "one fits, the fifth does not");
    await world.crash();
  });

  test("what is on its way out holds its place until it is gone", async () => {
    const world = new World(1);
    world.engine.programs.set("catalog", { startMs: 300, drainMs: 8_000 });
    await world.start();
    world.cloud.hosts.configure(plan(hostSet("a", "local-1a", 1)));
    await world.cloud.deploy("movies", {}, [lodger("catalog", 1), lodger("ratings", 1)], "operator");
    await world.clock.advance(3_000);
    await world.cloud.scale("catalog", 0, "operator");
    await world.clock.advance(5_000);
    assert.equal(world.engine.up("ratings").length, 0);
    await world.clock.advance(5_000);
    assert.equal(world.engine.up("ratings").length, 1);
    await world.crash();
  });

  test("a launch that the engine refuses gives its place back", async () => {
    const world = new World(1);
    world.engine.fullZones.add("local-1a");
    await world.start();
    world.cloud.hosts.configure(plan(hostSet("a", "local-1a", 2)));
    await world.cloud.deploy("movies", {}, [lodger("catalog", 1)], "operator");
    await world.clock.advance(1_000);
    assert.ok(world.engine.refusals > 0);
    assert.equal(world.cloud.hosts.pool.loads[0]?.used.milliCpu, 0);
    await world.crash();
  });

  test("instances of one group stand on different hosts where uniquehost is asked for", async () => {
    const world = new World(1);
    const hard = readConstraints({ uniquehost: "true" });
    await world.start();
    world.cloud.hosts.configure(plan(hostSet("a", "local-1a", 4), hostSet("b", "local-1a", 4)));
    await world.cloud.deploy("movies", {}, [lodger("catalog", 3, demand(1, { hard }))], "operator");
    await world.clock.advance(10_000);
    assert.deepEqual(onHosts(world), { a: ["catalog"], b: ["catalog"] });
    assert.match(waitsOf(world)[0] ?? "", /2 of 2 hosts of local-1a fail uniquehost/);
    await world.crash();
  });
});

suite("opening and closing hosts", () => {
  test("a cordoned host takes no more, and what runs there runs on", async () => {
    const world = new World(1);
    await world.start();
    world.cloud.hosts.configure(plan(hostSet("a", "local-1a", 4), hostSet("b", "local-1a", 4)));
    await world.cloud.deploy("movies", {}, [lodger("catalog", 1)], "operator");
    await world.clock.advance(3_000);
    await world.cloud.hosts.setState("a", "cordoned", "operator", "new disk");
    await world.cloud.scale("catalog", 3, "operator");
    await world.clock.advance(5_000);
    assert.deepEqual(onHosts(world), { a: ["catalog"], b: ["catalog", "catalog"] });
    await world.crash();
  });

  test("a drained host is emptied, successors first, and stays closed over control's death", async () => {
    const world = new World(1);
    const hosts = plan(hostSet("a", "local-1a", 4), hostSet("b", "local-1a", 4));
    await world.start();
    world.cloud.hosts.configure(hosts);
    await world.cloud.deploy("movies", {}, [lodger("catalog", 2), lodger("ratings", 1)], "operator");
    await world.clock.advance(10_000);
    assert.deepEqual(Object.keys(onHosts(world)), ["a"]);
    assert.equal(await world.cloud.hosts.setState("a", "drained", "operator"), 3);
    let fewest = 2;
    for (let i = 0; i < 300; i++) {
      await world.clock.advance(100);
      fewest = Math.min(fewest, world.engine.up("catalog").length);
    }
    assert.equal(fewest, 2, "never below the wanted strength");
    assert.deepEqual(Object.keys(onHosts(world)), ["b"]);
    await world.crash();
    await world.start(2);
    world.cloud.hosts.configure(hosts);
    await world.cloud.scale("catalog", 4, "operator");
    await world.clock.advance(10_000);
    assert.deepEqual(Object.keys(onHosts(world)), ["b"]);
    await world.cloud.hosts.setState("a", "active", "operator");
    await world.cloud.scale("catalog", 6, "operator");
    await world.clock.advance(10_000);
    assert.deepEqual(Object.keys(onHosts(world)).toSorted(), ["a", "b"]);
    await world.crash();
  });

  test("a control that died after it closed a host and before it told the instances goes on with it", async () => {
    const world = new World(1);
    const hosts = plan(hostSet("a", "local-1a", 4), hostSet("b", "local-1a", 4));
    world.prepare = (cloud) => cloud.hosts.configure(hosts);
    await world.start();
    await world.cloud.deploy("movies", {}, [lodger("catalog", 2)], "operator");
    await world.clock.advance(10_000);
    assert.deepEqual(Object.keys(onHosts(world)), ["a"]);
    const kept = { numbers: {}, states: { a: { state: "drained", reason: "is drained by operator" } } };
    await world.state.commit([{ kind: "meta", key: "hosts", value: JSON.stringify(kept) }]);
    await world.crash();
    await world.start(2);
    await world.clock.advance(30_000);
    assert.deepEqual(onHosts(world), { b: ["catalog", "catalog"] });
    const restarts = world.cloud.recentActivities(100).filter(({ kind }) => kind === "restart");
    assert.equal(restarts.length, 1);
    await world.crash();
  });

  test("a host that is drained twice is emptied once", async () => {
    const world = new World(1);
    await world.start();
    world.cloud.hosts.configure(plan(hostSet("a", "local-1a", 4), hostSet("b", "local-1a", 4)));
    await world.cloud.deploy("movies", {}, [lodger("catalog", 2)], "operator");
    await world.clock.advance(10_000);
    assert.equal(await world.cloud.hosts.setState("a", "drained", "operator"), 2);
    assert.equal(await world.cloud.hosts.setState("a", "drained", "operator"), 0);
    await world.clock.advance(30_000);
    assert.deepEqual(onHosts(world), { b: ["catalog", "catalog"] });
    await world.crash();
  });

  test("a host that nobody declared cannot be closed", async () => {
    const world = new World(1);
    await world.start();
    world.cloud.hosts.configure(plan(hostSet("a", "local-1a", 4)));
    await assert.rejects(world.cloud.hosts.setState("z", "cordoned", "operator"), { code: "HOST_UNKNOWN" });
    await world.crash();
  });
});

suite("capacity groups", () => {
  const capacityGroups = [{ name: "front", tier: "critical", guarantee: { milliCpu: 2_000, memoryBytes: 0 } }] as const;

  test("what a critical group is guaranteed nobody else gets, and it gets it", async () => {
    const world = new World(1);
    await world.start();
    world.cloud.hosts.configure({ sets: [hostSet("a", "local-1a", 4)], capacityGroups });
    await world.cloud.deploy("movies", {}, [lodger("batch", 4)], "operator");
    await world.clock.advance(10_000);
    assert.equal(world.engine.up("batch").length, 2);
    assert.match(waitsOf(world)[0] ?? "", /2 CPUs of the 2 CPUs that are free are kept for the capacity group front/);
    const edge = lodger("edge", 2, demand(1, { capacityGroup: "front" }));
    await world.cloud.deploy("shop", {}, [{ ...edge, application: "shop" }], "operator");
    await world.clock.advance(10_000);
    assert.equal(world.engine.up("edge").length, 2);
    await world.crash();
  });
});

suite("hosts that come and go", () => {
  test("a set grows for what waits, as far as it may, and shrinks once hosts are idle long enough", async () => {
    const world = new World(1);
    const set = hostSet("flex", "local-1a", 2, { min: 1, max: 3, idle: { min: 0, max: 1 }, cooldownMs: 30_000 });
    await world.start();
    world.cloud.hosts.configure(plan(set));
    await world.cloud.deploy("movies", {}, [lodger("catalog", 8)], "operator");
    await world.clock.advance(20_000);
    assert.deepEqual(Object.keys(onHosts(world)).toSorted(), ["flex-1", "flex-2", "flex-3"]);
    assert.equal(world.engine.up("catalog").length, 6, "three hosts are all there may be");
    await world.cloud.scale("catalog", 1, "operator");
    await world.clock.advance(120_000);
    assert.equal(world.cloud.hosts.pool.loads.length, 2, "one in use, one idle");
    const causes = world.cloud.recentActivities(500).filter(({ actor }) => actor === "placement");
    assert.ok(causes.some(({ cause }) => /hosts flex: 1 more, since movies-catalog-v000 found no room/.test(cause)));
    assert.ok(causes.some(({ cause }) => /hosts flex: 1 fewer, since 2 idle, at most 1 are wanted/.test(cause)));
    await world.crash();
  });

  test("idle hosts are held ready, and no two changes are closer than the cooldown", async () => {
    const world = new World(1);
    const set = hostSet("flex", "local-1a", 1, { min: 0, max: 9, idle: { min: 1, max: 2 }, cooldownMs: 30_000 });
    await world.start();
    world.cloud.hosts.configure(plan(set));
    await world.clock.advance(5_000);
    assert.equal(world.cloud.hosts.pool.loads.length, 2);
    await world.cloud.deploy("movies", {}, [lodger("catalog", 2)], "operator");
    await world.clock.advance(5_000);
    assert.equal(world.engine.up("catalog").length, 2);
    assert.equal(world.cloud.hosts.pool.loads.length, 2, "the cooldown is not over");
    await world.clock.advance(60_000);
    assert.equal(world.cloud.hosts.pool.loads.length, 4);
    await world.crash();
  });

  test("a host that was added is there again for a control that lost its records", async () => {
    const world = new World(1);
    const set = hostSet("flex", "local-1a", 1, { min: 1, max: 3, idle: { min: 0, max: 0 } });
    await world.start();
    world.cloud.hosts.configure(plan(set));
    await world.cloud.deploy("movies", {}, [lodger("catalog", 3)], "operator");
    await world.clock.advance(10_000);
    await world.crash();
    const later = new World(1);
    for (const { spec } of world.engine.up("catalog")) await later.engine.launch(spec);
    await later.start();
    later.cloud.hosts.configure(plan(set));
    await later.clock.advance(5_000);
    assert.deepEqual(
      later.cloud.hosts.pool.loads.map(({ host, tasks }) => [host.name, tasks.size]),
      [
        ["flex-1", 1],
        ["flex-2", 1],
        ["flex-3", 1],
      ],
    );
    await later.crash();
  });
});
