import assert from "node:assert/strict";
import { test } from "node:test";
import { codeOf } from "@holdfast/kernel";
import type { InstanceObservation } from "@holdfast/wire";
import fc from "fast-check";
import { scalingProcesses } from "../src/group-settings.ts";
import { definition, World } from "./world.ts";

const operator = { actor: "operator" };
const zoneNames = ["local-1a", "local-1b", "local-1c"];

/** One thing that befalls the world; `pick` chooses whom. */
type Step = readonly [act: string, pick: number];
const acts = [
  "kill",
  "kill",
  "sicken",
  "sicken all",
  "zone silent",
  "zone back",
  "zone dies",
  "scale",
  "resize",
  "clone",
  "disable",
  "enable",
  "destroy",
  "deploy",
  "restart",
  "refresh",
  "standby",
  "protect",
  "shrink",
  "suspend",
  "crash loop",
  "crash",
  "freeze",
  "wait",
  "wait long",
] as const;

const steps = fc.array(fc.tuple(fc.constantFrom<string>(...acts), fc.nat(1_000)), { minLength: 3, maxLength: 22 });

/** What may be refused in a world like this; any other error is a failure. */
const refusals = [
  "LAST_ENABLED_GROUP",
  "CLUSTER_FULL",
  "CAPACITY_INVALID",
  "GROUP_DELETING",
  "INSTANCE_UNKNOWN",
  "REFRESH_IN_PROGRESS",
  "SCALE_OUT_OF_RANGE",
  "GROUP_UNKNOWN",
  "SERVICE_UNKNOWN",
  "ROLLOUT_IN_PROGRESS",
];

/** A world and all that can happen to it. */
class Fate {
  readonly world = new World();
  #lives = 1;

  async begin(): Promise<void> {
    await this.world.settled(4);
  }

  async step([act, pick]: Step): Promise<void> {
    try {
      await this.#act(act, pick);
    } catch (error) {
      assert.ok(error instanceof Error && refusals.includes(codeOf(error)), `${act}: ${String(error)}`);
    }
    await this.world.clock.advance(pick % 900);
  }

  async #act(act: string, pick: number): Promise<void> {
    const { world } = this;
    const { engine, clock, cloud } = world;
    const { serverGroups } = cloud;
    const one = <T>(items: readonly T[]): T | undefined => items[pick % Math.max(1, items.length)];
    const up = one(engine.up("catalog"));
    const group = one(cloud.groups())?.group.name ?? "";
    const zone = zoneNames[pick % 3] ?? "";
    const of = (id: InstanceObservation | undefined): [string, string[]] => [
      id?.spec.serverGroup ?? "",
      [id?.spec.id ?? ""],
    ];
    switch (act) {
      case "kill":
        if (up !== undefined) engine.stop(up.spec.id, "killed by SIGKILL", "KILLED");
        return;
      case "sicken":
        if (up !== undefined) engine.sicken(up.spec.id);
        return;
      case "sicken all":
        return engine.up("catalog").forEach(({ spec }) => engine.sicken(spec.id));
      case "zone silent":
        return void engine.silentZones.add(zone);
      case "zone back":
        return void engine.silentZones.delete(zone);
      case "zone dies":
        return this.#kill(zone);
      case "scale":
        return void (await cloud.scale("catalog", pick % 10, "operator"));
      case "resize":
        return void (await serverGroups.resize(group, { desired: pick % 8 }, operator));
      case "clone":
        return void (await serverGroups.clone(group, { traffic: pick % 2 === 0 }, operator));
      case "disable":
        return void (await serverGroups.disable(group, { force: pick % 2 === 0 }, operator));
      case "enable":
        return void (await serverGroups.enable(group, operator));
      case "destroy":
        return void (await serverGroups.destroy(group, { force: false }, operator));
      case "deploy": {
        const next = definition("catalog", pick % 7, { run: `node v${pick % 4}.js` });
        return void (await cloud.deploy("movies", {}, [next], "operator"));
      }
      case "restart":
        return void (await cloud.restart("catalog", "operator"));
      case "refresh":
        return void (await serverGroups.refresh(group, { minHealthyPercentage: pick % 101 }, operator));
      case "standby":
        return void (await serverGroups.enterStandby(...of(up), pick % 2 === 0, operator));
      case "protect":
        return void (await serverGroups.protect(...of(up), true, operator));
      case "shrink":
        return void (await serverGroups.shrink(of(up)[0], of(up)[1][0] ?? "", operator));
      case "suspend": {
        const process = scalingProcesses[pick % scalingProcesses.length] ?? "Launch";
        return void (await serverGroups.suspend(group, [process], operator));
      }
      case "crash loop":
        return void engine.programs.set("catalog", { startMs: undefined, exitAfterMs: 200 });
      case "crash": {
        await world.crash();
        await world.start(++this.#lives);
        return;
      }
      case "freeze":
        return clock.freeze(600_000);
      case "wait long":
        return clock.advance(20_000);
      default:
        return clock.advance(2_000);
    }
  }

  #kill(zone: string): void {
    this.world.engine.silentZones.add(zone);
    for (const { spec, state } of this.world.engine.all()) {
      if (spec.zone.name === zone && state !== "stopped") this.world.engine.stop(spec.id, "host lost", "KILLED");
    }
  }

  /** Everything that was broken is mended, everything that was held back is let go. */
  async mend(): Promise<void> {
    const { engine, cloud, clock } = this.world;
    engine.silentZones.clear();
    engine.programs.delete("catalog");
    await clock.advance(15_000);
    for (const { group, instances } of cloud.groups()) {
      if (group.deletingAtMs !== undefined) continue;
      await cloud.serverGroups.enable(group.name, operator);
      await cloud.serverGroups.resume(group.name, scalingProcesses, operator);
      await cloud.serverGroups.continueRollout(group.name, [], operator);
      const standing = instances.filter(({ state }) => state !== "stopped").map(({ spec }) => spec.id);
      const mine = standing.filter((id) => group.marks[id] !== undefined);
      if (mine.length === 0) continue;
      await cloud.serverGroups.protect(group.name, mine, false, operator);
      await cloud.serverGroups.exitStandby(group.name, mine, operator);
    }
    await clock.advance(400_000);
  }

  check(): void {
    const { engine, cloud, traffic } = this.world;
    const groups = cloud.groups();
    const running = engine.all().filter(({ state }) => state !== "stopped");
    const owned = new Set<string>();
    for (const { group, instances } of groups) {
      const standing = instances.filter(({ state }) => state !== "stopped");
      for (const { spec } of standing) {
        assert.ok(!owned.has(spec.id), `${spec.id} belongs to two groups`);
        owned.add(spec.id);
      }
      const serving = standing.filter((one) => one.state === "up" && cloud.lifecycleOf(one) === "InService");
      const { min, max } = group.definition.scale;
      assert.ok(min <= group.desired && group.desired <= max, `${min} ≤ ${group.desired} ≤ ${max}`);
      assert.equal(serving.length, group.desired, `${group.name}: ${JSON.stringify(standing.map((one) => one.state))}`);
      assert.equal(standing.length, group.desired, `${group.name} has others beside those that serve`);
      const counts = zoneNames.map((zone) => serving.filter(({ spec }) => spec.zone.name === zone).length);
      assert.ok(Math.max(...counts) - Math.min(...counts) <= 1, `${group.name} stands ${counts.join("-")}`);
      assert.deepEqual(group.marks, {});
      assert.deepEqual(group.supersedes, []);
      assert.equal(group.rollout, undefined);
      assert.ok(
        serving.every(({ spec }) => !traffic.out.has(spec.id)),
        "who serves is told to callers",
      );
    }
    assert.deepEqual(
      running.filter(({ spec }) => !owned.has(spec.id)).map(({ spec }) => spec.id),
      [],
      "nobody is lost track of",
    );
    const open = groups
      .flatMap(({ group }) => cloud.operationsOf(group.name, 100))
      .filter(({ state }) => state === "running");
    assert.deepEqual(
      open.map(({ kind, detail }) => `${kind} ${detail}`),
      [],
      "every operation has ended",
    );
  }
}

test("whatever befalls a cluster, once all is mended each group is at its strength, spread evenly, and nobody is lost track of", async () => {
  await fc.assert(
    fc.asyncProperty(steps, async (path) => {
      const fate = new Fate();
      await fate.begin();
      for (const step of path) await fate.step(step);
      await fate.mend();
      fate.check();
      await fate.world.crash();
    }),
    { numRuns: Number(process.env["HOLDFAST_PROPERTY_RUNS"] ?? 60), seed: 20_151_123 },
  );
});
