import assert from "node:assert/strict";
import { test } from "node:test";
import type { InstanceId } from "@holdfast/kernel";
import { Env, type InstanceObservation } from "@holdfast/wire";
import type { LifecycleHook } from "../src/index.ts";
import { CrashingStore } from "./crashing-store.ts";
import { World } from "./world.ts";

const group = "movies-catalog-v000";
const operator = { actor: "operator" };
const launching: LifecycleHook = {
  name: "warm-up",
  transition: "launching",
  heartbeatTimeoutMs: 7_200_000,
  defaultResult: "ABANDON",
};
const terminating: LifecycleHook = { ...launching, name: "save", transition: "terminating" };

/** A group with both hooks whose control is killed in the middle of writes and started again. */
class HookWorld extends World {
  readonly disk: CrashingStore;
  /** Who was there before the hooks, and who was let in. */
  readonly admitted = new Set<InstanceId>();
  /** Whose end was allowed. */
  readonly released = new Set<InstanceId>();
  #lives = 1;

  constructor() {
    const disk = new CrashingStore();
    super(3, disk);
    this.disk = disk;
    disk.onDeath = () => this.kill();
  }

  static async start(): Promise<HookWorld> {
    const world = new HookWorld();
    await world.settled(3);
    for (const { spec } of world.engine.all()) world.admitted.add(spec.id);
    await world.cloud.serverGroups.configure(group, { hooks: [launching, terminating] }, operator);
    await world.clock.advance(1_000);
    return world;
  }

  async untilRunning(): Promise<void> {
    if (this.isRunning) return;
    await this.clock.advance(500);
    this.disk.revive();
    await this.start(++this.#lives);
    await this.clock.advance(2_000);
  }

  /** Asks until somebody who lives on has said yes. */
  async ask(request: () => Promise<unknown>): Promise<void> {
    for (let tries = 0; tries < 20; tries++) {
      await this.untilRunning();
      let isAnswered = false;
      request().then(
        () => {
          isAnswered = true;
        },
        () => {},
      );
      for (let i = 0; i < 40 && !isAnswered && this.isRunning; i++) await this.clock.advance(50);
      if (isAnswered) return;
    }
    assert.fail("nobody ever said yes");
  }

  async waitFor(what: string, condition: () => boolean): Promise<void> {
    for (let i = 0; i < 400; i++) {
      await this.untilRunning();
      this.check();
      if (this.isRunning && condition()) return;
      await this.clock.advance(100);
    }
    const states = this.engine.all().map((one) => `${one.spec.id} ${this.cloud.lifecycleOf(one)}`);
    assert.fail(`never: ${what}; ${states.join(", ")}`);
  }

  inState(state: string): InstanceObservation | undefined {
    return this.engine.all().find((one) => this.cloud.lifecycleOf(one) === state);
  }

  /** Nobody serves who was not let in, and nobody ends who was not let go. */
  check(): void {
    for (const { spec, state } of this.engine.all()) {
      if (!this.admitted.has(spec.id)) {
        assert.ok(spec.env[Env.outOfService] !== undefined, `${spec.id} could be chosen from its first moment`);
      }
      const hasEnded = state === "stopped" || state === "draining";
      assert.ok(!hasEnded || this.released.has(spec.id), `${spec.id} ended before its hook was answered`);
    }
  }
}

/** One instance more, let in by its hook; then one less, let go by its hook. */
async function run(world: HookWorld): Promise<void> {
  await world.ask(() => world.cloud.serverGroups.resize(group, { desired: 4 }, { ...operator, key: "up" }));
  await world.waitFor("a new one waits for its hook", () => world.inState("Pending:Wait")?.state === "up");
  const fresh = world.inState("Pending:Wait");
  assert.ok(fresh);
  // However long: it is not let in by itself, nor by any restart.
  await world.clock.advance(60_000);
  await world.waitFor("it still waits", () => world.inState("Pending:Wait")?.spec.id === fresh.spec.id);
  world.admitted.add(fresh.spec.id);
  const answer = (id: InstanceId, hook: string, key: string) => (): Promise<unknown> =>
    world.cloud.serverGroups.answerHook(group, id, hook, "CONTINUE", { ...operator, key });
  await world.ask(answer(fresh.spec.id, "warm-up", "in"));
  await world.waitFor("all four serve", () => inService(world) === 4);
  await world.ask(() => world.cloud.serverGroups.resize(group, { desired: 3 }, { ...operator, key: "down" }));
  await world.waitFor("one waits for its end", () => world.inState("Terminating:Wait") !== undefined);
  const leaving = world.inState("Terminating:Wait");
  assert.ok(leaving);
  await world.clock.advance(60_000);
  await world.waitFor("it still waits", () => world.inState("Terminating:Wait")?.spec.id === leaving.spec.id);
  world.released.add(leaving.spec.id);
  await world.ask(answer(leaving.spec.id, "save", "out"));
  await world.waitFor("three serve, one has ended", () => {
    return inService(world) === 3 && world.engine.all().filter(({ state }) => state === "stopped").length === 1;
  });
  assert.equal(world.engine.launches.length, 4, "nobody was launched but the one that was asked for");
  assert.equal([...world.traffic.out.keys()].filter((id) => id !== leaving.spec.id).length, 0);
}

function inService(world: HookWorld): number {
  return world.engine.all().filter((one) => world.cloud.lifecycleOf(one) === "InService").length;
}

test("killed at any one write, control loses no hook: nobody serves or ends before its hook was answered", async () => {
  const calm = await HookWorld.start();
  const before = calm.disk.writes;
  await run(calm);
  const writes = calm.disk.writes - before;
  calm.kill();
  assert.ok(writes >= 8, `${writes} writes`);
  for (let at = 1; at <= writes; at++) {
    for (const kept of [false, true]) {
      const world = await HookWorld.start();
      world.disk.dieAt(at, kept);
      await run(world);
      world.kill();
    }
  }
});

test("killed between the launch and its answer, control's next life still asks the hook", async () => {
  const world = await HookWorld.start();
  const launch = world.engine.launch.bind(world.engine);
  // The agent has started it, and nobody heard.
  world.engine.launch = async (spec) => {
    await launch(spec);
    world.kill();
    return new Promise(() => {});
  };
  await world.cloud.serverGroups.resize(group, { desired: 4 }, operator);
  await world.clock.advance(1_000);
  assert.equal(world.isRunning, false);
  world.engine.launch = launch;
  await world.untilRunning();
  await world.waitFor("the adopted one waits", () => world.inState("Pending:Wait")?.state === "up");
  assert.equal(world.engine.launches.length, 4);
  world.kill();
});
