import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { SeededRandom } from "@holdfast/kernel";
import { readConstraints } from "../../src/index.ts";
import { World } from "../world.ts";
import { demand, hostSet, lodger } from "./hosts-world.ts";

const hosts = [
  hostSet("a", "local-1a", 4),
  hostSet("b", "local-1b", 2),
  hostSet("flex", "local-1b", 2, { min: 0, max: 2, idle: { min: 0, max: 1 }, cooldownMs: 10_000 }),
  hostSet("c", "local-1c", 3),
];
const plan = {
  sets: hosts,
  capacityGroups: [{ name: "front", tier: "critical", guarantee: { milliCpu: 2_000, memoryBytes: 0 } }] as const,
};
const services = [
  lodger("catalog", 3, demand(1)),
  lodger("ratings", 2, demand(0.5, { hard: readConstraints({ uniquehost: "true" }), packing: "spread" })),
  lodger("edge", 2, demand(1, { capacityGroup: "front" })),
];
const hostNames = ["a", "b", "c"];

/** What the engine runs is the truth: no host carries more than it has, and cloud's sums are the engine's. */
function check(world: World, what: string): void {
  const cores = new Map<string, number>();
  for (const { spec, state } of world.engine.all()) {
    if (state === "stopped") continue;
    assert.ok(spec.place !== undefined, `${what}: ${spec.id} has no host`);
    const set = hosts.find(({ name, max }) =>
      max === 1 ? spec.place?.host === name : spec.place?.host.startsWith(name),
    );
    assert.equal(set?.zone, spec.zone.name, `${what}: ${spec.id} stands in another zone than its host`);
    cores.set(spec.place.host, (cores.get(spec.place.host) ?? 0) + spec.place.milliCpu);
  }
  for (const { host, used } of world.cloud.hosts.pool.loads) {
    assert.ok(used.milliCpu <= host.capacity.milliCpu, `${what}: ${host.name} carries ${used.milliCpu}`);
    assert.equal(used.milliCpu, cores.get(host.name) ?? 0, `${what}: ${host.name}`);
    cores.delete(host.name);
  }
  assert.deepEqual([...cores], [], `${what}: instances on hosts that are not there`);
}

/** One thing that can happen. */
async function act(world: World, random: SeededRandom, seed: number): Promise<string> {
  const service = services[random.below(services.length)]?.service ?? "catalog";
  const host = hostNames[random.below(hostNames.length)] ?? "a";
  const [victim] = world.engine.up(service);
  switch (random.below(7)) {
    case 0:
    case 1: {
      const size = random.below(8);
      await world.cloud.scale(service, size, "operator");
      return `scale ${service} to ${size}`;
    }
    case 2:
      if (victim !== undefined) world.engine.stop(victim.spec.id, "killed", "KILLED");
      return `kill one of ${service}`;
    case 3: {
      const state = (["active", "cordoned", "drained"] as const)[random.below(3)] ?? "active";
      await world.cloud.hosts.setState(host, state, "operator");
      return `${host} is ${state}`;
    }
    case 4:
      await world.cloud.restart(service, "operator");
      return `restart ${service}`;
    case 5:
      await world.crash();
      await world.start(seed);
      await world.clock.advance(200);
      return "control dies";
    default:
      return "nothing";
  }
}

suite("any sequence of scaling, deaths, restarts, drains and ends of control", () => {
  for (let seed = 1; seed <= 12; seed++) {
    test(`overfills no host, and loses and doubles nothing (seed ${seed})`, async () => {
      const random = new SeededRandom(seed);
      const world = new World();
      // As control does it: before it looks at the first instance.
      world.prepare = (cloud) => cloud.hosts.configure(plan);
      await world.start(seed);
      await world.cloud.deploy("movies", {}, services, "operator");
      await world.clock.advance(5_000);
      const done: string[] = [];
      for (let step = 0; step < 40; step++) {
        done.push(await act(world, random, seed * 1_000 + step));
        await world.clock.advance(random.below(6_000));
        check(world, `seed ${seed}, ${done.slice(-4).join(", ")}`);
      }
      for (const host of hostNames) await world.cloud.hosts.setState(host, "active", "operator");
      for (const { service } of services) await world.cloud.scale(service, 2, "operator");
      await world.clock.advance(180_000);
      check(world, `seed ${seed}, at the end`);
      const up = services.map(({ service }) => world.engine.up(service).length);
      assert.deepEqual(up, [2, 2, 2], `seed ${seed}: at strength once there is room`);
      await world.crash();
    });
  }
});
