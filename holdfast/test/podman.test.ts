import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { PlatformError } from "@holdfast/kernel";
import { waitFor } from "@holdfast/testing";
import {
  type AgentWorld,
  ask,
  launchUp,
  observe,
  PodmanService,
  programs,
  until,
} from "@holdfast/testing/engine-conformance";
import { ContainerPlace } from "./container-place.ts";

/** The machine may be busy, and the engine is asked again after at most ten seconds. */
const patience = { timeoutMs: 40_000 } as const;
const options = { timeout: 120_000 } as const;

/** Launches until one is accepted: right after its return an engine is not yet known to be back. */
async function launchWhenBack(world: AgentWorld): Promise<void> {
  await waitFor(
    "a launch to work again",
    async () => {
      const spec = await world.spec(programs.foreign);
      if ((await world.engine.launch(spec)).state === "stopped") return false;
      return until(world, spec, "up");
    },
    patience,
  );
}

describe("podman itself", {
  skip: PodmanService.missing === false ? false : `skipped: ${PodmanService.missing}`,
}, () => {
  let place: ContainerPlace;

  before(async () => {
    place = await ContainerPlace.start((directory) => new PodmanService(directory));
  });

  after(() => place[Symbol.asyncDispose](), { timeout: 60_000 });

  const withWorld = async (body: (world: AgentWorld) => Promise<void>): Promise<void> => {
    const world = await place.open();
    try {
      await body(world);
    } finally {
      await place.service.start();
      await world[Symbol.asyncDispose]();
    }
    assert.deepEqual(await world.leftovers(), []);
  };

  test(
    "killed under the engine: what runs goes on, launches are refused with what to do, and its return is found",
    options,
    () =>
      withWorld(async (world) => {
        const spec = await world.spec(programs.foreign);
        const { pid } = await launchUp(world, spec);
        await place.service.stop("SIGKILL");
        await waitFor("it to be told", () => world.problem !== "", patience);
        assert.match(await ask(spec), /began/);
        const refused = await world.engine.launch(await world.spec(programs.foreign));
        assert.deepEqual([refused.state, refused.reasonCode], ["stopped", "CONTAINER_ENGINE_UNREACHABLE"]);
        assert.match(refused.reason, /podman system service/, "with the next step");
        const cpu = process.cpuUsage();
        await new Promise((resolve) => setTimeout(resolve, 2_000));
        const { user, system } = process.cpuUsage(cpu);
        assert.ok((user + system) / 1e6 < 1, "waiting for it is no hot loop");
        await place.service.start();
        await launchWhenBack(world);
        await waitFor("it to be heard again", () => world.problem === "", patience);
        const now = await observe(world, spec);
        assert.deepEqual([now?.state, now?.pid], ["up", pid]);
      }),
  );

  test("what a container uses is told to control, and asking costs little", options, () =>
    withWorld(async (world) => {
      const spec = await world.spec(programs.holding64);
      await launchUp(world, spec);
      const usage = async (): Promise<number> => (await world.engine.usage?.([spec.id]))?.[0]?.memoryBytes ?? 0;
      await waitFor("its memory", async () => (await usage()) > 64 * 1_048_576, patience);
      const fromMs = performance.now();
      for (let i = 0; i < 10; i++) await usage();
      // 5 ms each when measured; each instance is asked every ten seconds.
      assert.ok((performance.now() - fromMs) / 10 < 200, "ms each");
    }),
  );

  test(
    "a zone may have a network of its own: each instance has its address in it, and none is in the way of another",
    options,
    async () => {
      const world = await place.open({ kind: "bridge", name: "zone-a", subnet: "10.203.7.0/24" });
      try {
        const one = await world.spec(programs.foreign, { address: "10.203.7.11", port: 8_080, adminPort: 8_081 });
        const other = await world.spec(programs.foreign, { address: "10.203.7.12", port: 8_080, adminPort: 8_081 });
        await Promise.all([launchUp(world, one), launchUp(world, other)]);
        // It is told a moment after it is up.
        const record = await waitFor("its record", () => world.registry.records.get(`${other.service}/${other.id}`));
        assert.deepEqual([record["address"], record["port"]], ["10.203.7.12", 8_080]);
        assert.notEqual(await ask(one), await ask(other));
      } finally {
        await world[Symbol.asyncDispose]();
      }
      assert.deepEqual(await world.leftovers(), []);
      assert.doesNotMatch(place.service.run("network", "ls"), /zone-a/, "nor is the network, once nobody is in it");
    },
  );

  test("held with its connections standing: noticed, the rest goes on, and every question ends", options, () =>
    withWorld(async (world) => {
      const spec = await world.spec(programs.foreign);
      const { pid } = await launchUp(world, spec);
      place.service.signal("SIGSTOP");
      try {
        await waitFor("it to be told", () => /no answer within/.test(world.problem), patience);
        assert.match(await ask(spec), /began/);
        assert.equal((await observe(world, spec))?.state, "up");
        const fromMs = performance.now();
        const outcome = await world.engine.launch(await world.spec(programs.foreign)).then(
          ({ reasonCode }) => reasonCode,
          (error: unknown) => (error instanceof PlatformError ? error.code : "other"),
        );
        assert.notEqual(outcome, "other");
        assert.ok(performance.now() - fromMs < 30_000, "a launch does not wait for ever");
      } finally {
        place.service.signal("SIGCONT");
      }
      await launchWhenBack(world);
      assert.equal((await observe(world, spec))?.pid, pid);
    }),
  );

  test("an agent that comes up while there is no engine waits for it, and then knows what it had", options, () =>
    withWorld(async (world) => {
      const spec = await world.spec(programs.foreign);
      const { pid } = await launchUp(world, spec);
      const agent = await world.loseAgent();
      await place.service.stop("SIGKILL");
      const back = agent.end();
      await new Promise((resolve) => setTimeout(resolve, 1_000));
      assert.match(await ask(spec), /began/);
      await place.service.start();
      await back;
      const now = await until(world, spec, "up");
      assert.equal(now.pid, pid, "and started nothing twice");
      assert.equal(place.containers("status=running").length, 1);
    }),
  );
});
