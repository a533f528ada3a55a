import assert from "node:assert/strict";
import { test } from "node:test";
import { makeZones, PlatformError } from "@holdfast/kernel";
import type { Sighting } from "../src/index.ts";
import { ZoneWatch } from "../src/zone-watch.ts";
import { definition, World } from "./world.ts";

const zone = "local-1b";

/** What can be seen of a zone, and how long its others wait before they take over; `Infinity`: they do not within a minute. */
const rules: readonly {
  readonly what: string;
  readonly agent: "gone" | "mute";
  readonly sighting: Sighting | undefined;
  readonly afterMs: number;
}[] = [
  { what: "its agent is gone and every instance refuses", agent: "gone", sighting: "refuses", afterMs: 1_000 },
  { what: "its agent is gone and no instance answers", agent: "gone", sighting: "silent", afterMs: 3_000 },
  { what: "its agent is mute and every instance refuses", agent: "mute", sighting: "refuses", afterMs: 3_000 },
  { what: "its agent is mute and no instance answers", agent: "mute", sighting: "silent", afterMs: 3_000 },
  { what: "its agent is gone and an instance serves", agent: "gone", sighting: "accepts", afterMs: 10_000 },
  { what: "its agent is mute and an instance serves", agent: "mute", sighting: "accepts", afterMs: 10_000 },
  { what: "its agent is gone and nobody can say more", agent: "gone", sighting: undefined, afterMs: 10_000 },
  { what: "its agent is mute and nobody can say more", agent: "mute", sighting: undefined, afterMs: 10_000 },
];

async function worldWhere(sighting: Sighting | undefined): Promise<World> {
  const world = new World();
  if (sighting !== undefined) {
    world.lookAt = async ({ spec }) => (spec.zone.name === zone ? sighting : "accepts");
  }
  await world.settled(6);
  return world;
}

/** The zone is gone at once, as far as anybody can tell. */
function lose(world: World, agent: "gone" | "mute"): void {
  world.engine.silentZones.add(zone);
  if (agent === "gone") world.engine.goneZones.add(zone);
  world.engine.breakOff(zone);
}

/** Ms until the others have taken over; `Infinity` when they have not within a minute. */
async function takenOverAfter(world: World): Promise<number> {
  const before = world.engine.launches.length;
  for (let ms = 0; ms < 60_000; ms += 50) {
    if (world.engine.launches.length === before + 2) return ms;
    await world.clock.advance(50);
  }
  return Number.POSITIVE_INFINITY;
}

for (const { what, agent, sighting, afterMs } of rules) {
  test(`when ${what} the others take over after ${afterMs / 1_000} s`, async () => {
    const world = await worldWhere(sighting);
    lose(world, agent);
    const tookMs = await takenOverAfter(world);
    // The last look is at most a search tick before.
    assert.ok(tookMs >= afterMs && tookMs <= afterMs + 400, `${tookMs} ms`);
    await world.clock.advance(1_000);
    const elsewhere = world.engine.up("catalog").filter(({ spec }) => spec.zone.name !== zone);
    assert.equal(elsewhere.length, 6);
  });
}

test("an agent that is restarted within its second costs nothing: what died there is replaced there", async () => {
  const world = await worldWhere("refuses");
  lose(world, "gone");
  await world.clock.advance(750);
  const dead = world.engine.up("catalog").filter(({ spec }) => spec.zone.name === zone);
  world.engine.silentZones.clear();
  world.engine.goneZones.clear();
  for (const { spec } of dead) world.engine.stop(spec.id, "killed by SIGKILL", "KILLED");
  await world.clock.advance(5_000);
  assert.equal(world.engine.upZones("catalog"), "aabbcc");
  assert.equal(world.engine.launches.length, 8);
});

test("a control that hears no zone at all is cut off itself: it takes nobody's place", async () => {
  const world = await worldWhere("silent");
  for (const { name } of makeZones(1, 3)) {
    world.engine.silentZones.add(name);
    world.engine.goneZones.add(name);
    world.engine.breakOff(name);
  }
  await world.clock.advance(9_000);
  for (const { state } of world.cloud.zones()) assert.equal(state, "unknown");
  assert.equal(world.engine.launches.length, 6);
});

test("when the zone returns, capacity moves back without a storm: nobody serves less and few start at a time", async () => {
  const world = await worldWhere("refuses");
  lose(world, "gone");
  for (const { spec } of world.engine.up("catalog")) {
    if (spec.zone.name === zone) world.engine.stop(spec.id, "killed by SIGKILL", "KILLED");
  }
  await world.clock.advance(10_000);
  assert.equal(world.engine.upZones("catalog"), "aaaccc");
  world.engine.silentZones.clear();
  world.engine.goneZones.clear();
  let [least, most] = [6, 0];
  for (let i = 0; i < 100; i++) {
    await world.clock.advance(200);
    least = Math.min(least, world.engine.up("catalog").length);
    most = Math.max(most, world.engine.all().filter(({ state }) => state === "starting").length);
  }
  assert.equal(world.engine.upZones("catalog"), "aabbcc");
  assert.equal(least, 6);
  assert.ok(most <= 4, `${most} started at a time`);
  assert.equal(world.engine.launches.length, 10);
});

test("a witness who says now this and now that begins the time anew with each sign of life", () => {
  const watch = new ZoneWatch(makeZones(1, 3), 0);
  for (const { name } of watch.zones) watch.listed(name);
  watch.silent(zone, 0, true);
  for (let nowMs = 0; nowMs < 9_000; nowMs += 500) {
    watch.witnessed(zone, nowMs % 1_500 === 0 ? "serving" : "refusing", nowMs);
    assert.equal(watch.states(nowMs).find(({ name }) => name === zone)?.state, "unknown", `${nowMs}`);
  }
  assert.equal(watch.states(10_000).find(({ name }) => name === zone)?.state, "lost");
});

test("a balancer, which answers at people's address from whatever zone, is no witness for its own", async () => {
  const world = new World();
  world.lookAt = async ({ spec }) => (spec.kind === "balancer" || spec.zone.name !== zone ? "accepts" : "refuses");
  await world.settled(6);
  const balancer = definition("balancer", 3, {
    kind: "balancer",
    placement: { address: "127.0.0.1", exclusive: true },
  });
  await world.cloud.deploy("holdfast", {}, [balancer], "operator");
  await world.clock.advance(10_000);
  assert.equal(world.engine.upZones("balancer"), "abc");
  lose(world, "gone");
  await world.clock.advance(4_000);
  assert.equal(world.engine.up("catalog").filter(({ spec }) => spec.zone.name !== zone).length, 6);
});

test("a zone whose instances were all seen to die, and then its agent, is not waited for ten seconds", async () => {
  const world = await worldWhere("accepts");
  world.engine.programs.set("catalog", { startMs: 60_000 });
  const dead = world.engine.up("catalog").filter(({ spec }) => spec.zone.name === zone);
  const launch = world.engine.launch.bind(world.engine);
  world.engine.launch = async (spec) => {
    if (spec.zone.name === zone) throw new PlatformError("AGENT_UNREACHABLE", `${zone}: its agent does not answer`);
    return launch(spec);
  };
  for (const { spec } of dead) world.engine.stop(spec.id, "killed by SIGKILL", "KILLED");
  lose(world, "gone");
  assert.ok((await takenOverAfter(world)) <= 1_400);
});
