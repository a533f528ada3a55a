import assert from "node:assert/strict";
import { test } from "node:test";
import { SeededRandom } from "@holdfast/kernel";
import type { GroupOperation, ServerGroups } from "../src/index.ts";
import { CrashingStore } from "./crashing-store.ts";
import { World } from "./world.ts";

const first = "movies-catalog-v000";
const second = "movies-catalog-v001";

/** What a delivery does, each step under its key; asked again and again until somebody has said yes. */
const steps: readonly ((groups: ServerGroups, key: string, world: CrashWorld) => Promise<GroupOperation>)[] = [
  (groups, key) => groups.clone(first, { traffic: false, env: { COLOUR: "blue" } }, { actor: "delivery", key }),
  (groups, key) => groups.resize(second, { desired: 5 }, { actor: "delivery", key }),
  (groups, key) => groups.enable(second, { actor: "delivery", key }),
  (groups, key) => groups.disable(first, { force: true }, { actor: "delivery", key }),
  (groups, key, world) => groups.shrink(second, world.victim, { actor: "delivery", key }),
  (groups, key) => groups.destroy(first, { force: true }, { actor: "delivery", key }),
];

/** A client that does not give up: it repeats its request, with its key, to whatever control runs. */
async function ask(world: CrashWorld, index: number): Promise<void> {
  for (let tries = 0; tries < 50; tries++) {
    await world.untilRunning();
    const step = steps[index];
    assert.ok(step);
    let answer: GroupOperation | undefined;
    const asked = step(world.cloud.serverGroups, `key-${index}`, world).then((operation) => {
      answer = operation;
    });
    asked.catch(() => {});
    for (let i = 0; i < 60 && answer === undefined && world.isRunning; i++) await world.clock.advance(50);
    if (answer === undefined) continue;
    const { id } = answer;
    for (let i = 0; i < 400 && world.isRunning; i++) {
      if (world.cloud.operation(id)?.state !== "running") break;
      await world.clock.advance(50);
    }
    if (world.isRunning) {
      assert.equal(
        world.cloud.operation(id)?.state,
        "succeeded",
        `step ${index}: ${world.cloud.operation(id)?.detail}`,
      );
      return;
    }
  }
  assert.fail(`step ${index} was never done`);
}

/** A world whose control is killed in the middle of writes and started again by its supervisor. */
class CrashWorld extends World {
  readonly disk: CrashingStore;
  #lives = 1;
  #victim: string | undefined;

  constructor() {
    const disk = new CrashingStore();
    super(3, disk);
    this.disk = disk;
    disk.onDeath = () => this.kill();
  }

  /** Whom the delivery ends: chosen once, whatever happens to control. */
  get victim(): string {
    this.#victim ??= this.engine.up("catalog").find(({ spec }) => spec.serverGroup === second)?.spec.id;
    return this.#victim ?? "";
  }

  get lives(): number {
    return this.#lives;
  }

  async untilRunning(): Promise<void> {
    if (this.isRunning) return;
    await this.clock.advance(500);
    this.disk.revive();
    await this.start(++this.#lives);
    await this.clock.advance(500);
  }
}

/** The same end as without any crash: nothing lost, nothing doubled. */
async function check(world: CrashWorld): Promise<void> {
  // The write it is killed at may be one that nobody waited for.
  for (let calm = false; !calm; calm = world.isRunning) {
    await world.untilRunning();
    await world.clock.advance(30_000);
  }
  const groups = world.cloud.groups();
  assert.deepEqual(
    groups.map(({ group }) => `${group.name} ${group.desired} ${group.disabledAtMs === undefined}`),
    [`${second} 4 true`],
  );
  const standing = world.engine.all().filter(({ state }) => state !== "stopped");
  assert.deepEqual([...new Set(standing.map(({ spec, state }) => `${spec.serverGroup} ${state}`))], [`${second} up`]);
  assert.equal(standing.length, 4);
  assert.equal(new Set(standing.map(({ spec }) => spec.zone.name)).size, 3);
  assert.ok(standing.every(({ spec }) => !world.traffic.out.has(spec.id)));
  const { state } = await world.store.open(1_000);
  const operations = state.operations.filter(({ key }) => key !== undefined);
  assert.deepEqual(
    operations.map(({ key, state: how }) => `${key} ${how}`),
    steps.map((_, index) => `key-${index} succeeded`),
    "each was done once, and all are on the disk",
  );
  assert.deepEqual(
    state.activities.filter(({ outcome }) => outcome === "running").map(({ kind, cause }) => `${kind} ${cause}`),
    [],
    "nothing in the diary is left open",
  );
  world.kill();
}

async function run(world: CrashWorld, onStep: (index: number) => void = () => {}): Promise<void> {
  for (const [index] of steps.entries()) {
    onStep(index);
    await ask(world, index);
  }
}

test("killed at any one write of a delivery, before or after it counts, control comes to the same end", async () => {
  const calm = new CrashWorld();
  await calm.settled(3);
  const before = calm.disk.writes;
  await run(calm);
  await check(calm);
  const writes = calm.disk.writes - before;
  assert.ok(writes >= 15, `${writes} writes`);
  for (let at = 1; at <= writes; at++) {
    for (const kept of [false, true]) {
      const world = new CrashWorld();
      await world.settled(3);
      world.disk.dieAt(at, kept);
      await run(world);
      await check(world);
    }
  }
});

test("killed again and again at random, two hundred times in all, nothing is lost and nothing doubled", async () => {
  const random = new SeededRandom(6);
  let kills = 0;
  for (let runs = 0; kills < 200; runs++) {
    assert.ok(runs < 100, `${kills} kills in ${runs} runs`);
    const world = new CrashWorld();
    await world.settled(3);
    await run(world, () => world.disk.dieAt(1 + random.below(6), random.below(2) === 0));
    await check(world);
    kills += world.lives - 1;
  }
});
