import { makeZones, SeededRandom, SystemClock, silentLog } from "@holdfast/kernel";
import type { EngineListing } from "@holdfast/wire";
import { Cloud, DurableState, MemoryStore } from "../src/index.ts";
import { FakeEngine } from "./fake-engine.ts";
import { definition } from "./world.ts";

// What looking after many groups costs, in ms of processor time a second; a line of JSON. Run by the bench of the cloud.
// Arguments: groups, instances of each, seconds of each measurement, kills a second of the second one.
const [groups = 1_000, each = 10, seconds = 15, kills = 10] = process.argv.slice(2).map(Number);

/** Each listing is of new objects, as one that came over a socket is. */
class ListingEngine extends FakeEngine {
  override async list(): Promise<EngineListing> {
    const listing = await super.list();
    return { ...listing, instances: listing.instances.map((one) => ({ ...one, spec: { ...one.spec } })) };
  }
}

const clock = new SystemClock();
const engine = new ListingEngine(clock);
const state = new DurableState(clock, silentLog, new MemoryStore());
const { state: stored } = await state.open(10);
const options = { zones: makeZones(2, 3), ports: { first: 10_000, last: 60_000 } };
const cloud = new Cloud(clock, new SeededRandom(1), silentLog, engine, state, stored, options);
cloud.start();
// One address a zone for all: ten thousand instances are more than a zone has.
const scale = { max: each * 2, placement: { host: 20 } };
const definitions = Array.from({ length: groups }, (_, i) => definition(`service${i}`, each, scale));
await cloud.deploy("movies", {}, definitions, "bench");
const up = (): number => engine.all().filter((instance) => instance.state === "up").length;
for (let i = 0; i < 240 && up() < groups * each; i++) await clock.sleep(250);
if (up() < groups * each) throw new Error(`${up()} of ${groups * each} are up after a minute`);
await clock.sleep(12_000);

async function cost(work: () => Promise<void>): Promise<number> {
  const before = process.cpuUsage();
  const startMs = clock.monotonicMs();
  await work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / (clock.monotonicMs() - startMs);
}

const atRestMsPerSecond = await cost(() => clock.sleep(seconds * 1_000));
const victims = engine.all();
const underKillsMsPerSecond = await cost(async () => {
  for (let i = 0; i < seconds * kills; i++) {
    const victim = victims[(i * 7) % victims.length];
    if (victim !== undefined) engine.stop(victim.spec.id, "killed by SIGKILL", "KILLED");
    await clock.sleep(1_000 / kills);
  }
});
await clock.sleep(2_000);
console.log(JSON.stringify({ atRestMsPerSecond, underKillsMsPerSecond, up: up() }));
cloud.stop();
await state.close();
process.exit(0);
