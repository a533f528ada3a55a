import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { InstanceObservation } from "@holdfast/wire";
import { waitFor } from "../../wait-for.ts";
import { observe } from "../engine-world.ts";
import { programs } from "../programs.ts";
import { ask, launchUp, type Suite, until } from "./suite-context.ts";

/** From the order to serving, and what is seen of it. */
export function lifeTests(suite: Suite): void {
  suite.test("what is launched comes up, and serves where it was told to", async (world) => {
    const spec = await world.spec(programs.foreign);
    const accepted = await world.engine.launch(spec);
    assert.deepEqual([accepted.spec.id, accepted.state], [spec.id, "starting"]);
    const up = await until(world, spec, "up");
    assert.equal(up.reasonCode, "HEALTHY");
    assert.ok(up.healthyAtMs !== undefined && up.healthyAtMs >= up.startedAtMs);
    assert.deepEqual(up.spec, JSON.parse(JSON.stringify(spec)));
    assert.match(await ask(spec), /began/);
  });

  suite.test("a launch is idempotent by id: one instance, however often it is asked for", async (world) => {
    const spec = await world.spec(programs.foreign);
    await Promise.all([world.engine.launch(spec), world.engine.launch(spec)]);
    await until(world, spec, "up");
    const began = await ask(spec);
    const again = await world.engine.launch(spec);
    assert.equal(again.state, "up");
    assert.equal((await world.engine.list()).instances.length, 1);
    assert.equal(await ask(spec), began);
  });

  suite.test("what was accepted is listed at once, by this control and by the next", async (world) => {
    const spec = await world.spec(programs.foreign);
    await world.engine.launch(spec);
    assert.equal((await observe(world, spec))?.spec.id, spec.id);
    world.reconnect();
    assert.equal((await observe(world, spec))?.spec.id, spec.id);
  });

  suite.test("an instance is told who and where it is, and gets nothing of whoever starts it", async (world) => {
    process.env["CONFORMANCE_PROBE"] = "leaks";
    const spec = await world.spec(programs.environment, { env: { GREETING: "hi there", PORT: "1" } });
    await launchUp(world, spec);
    delete process.env["CONFORMANCE_PROBE"];
    const { env } = JSON.parse(await ask(spec));
    assert.equal(env.CONFORMANCE_PROBE, undefined);
    assert.deepEqual([env.GREETING, env.PORT, env.HOST], ["hi there", String(spec.port), spec.address]);
    assert.deepEqual(
      [env.HOLDFAST_INSTANCE_ID, env.HOLDFAST_SERVICE, env.HOLDFAST_SERVER_GROUP, env.HOLDFAST_CLUSTER],
      [spec.id, spec.service, spec.serverGroup, spec.cluster],
    );
    assert.deepEqual([env.HOLDFAST_ZONE, env.HOLDFAST_REGION], [spec.zone.name, spec.zone.regionName]);
    assert.equal(env.HOLDFAST_REGISTRIES, world.registry.url);
  });

  suite.test("a program of ours is known by its admin port, and left to register itself", async (world) => {
    const spec = await world.spec(programs.recipe);
    const up = await launchUp(world, spec);
    assert.equal(up.registeredByEngine, false);
    assert.deepEqual(world.registry.calls, []);
  });

  suite.test(
    "a foreign program is registered, and DOWN at the registry for as long as it is not well",
    async (world) => {
      const spec = await world.spec(programs.moody, { health: { path: "/health" } });
      await launchUp(world, spec);
      const status = (): unknown => world.registry.records.get(`${spec.service}/${spec.id}`)?.["status"];
      await waitFor("its registration", () => status() === "UP");
      const record = world.registry.records.get(`${spec.service}/${spec.id}`);
      assert.deepEqual([record?.["address"], record?.["port"]], [spec.address, spec.port]);
      assert.equal((await observe(world, spec))?.registeredByEngine, true);
      await ask(spec, "/sick");
      const sick = await until(world, spec, "unhealthy");
      assert.match(sick.reason, /500/);
      await waitFor("DOWN", () => status() === "DOWN");
      await ask(spec, "/well");
      await until(world, spec, "up");
      await waitFor("UP", () => status() === "UP");
    },
    ["registers-foreign-programs"],
  );

  suite.test(
    "all that an instance says is in its log, in order, also what comes without an end of line",
    async (world) => {
      const spec = await world.spec(programs.chatty);
      await world.engine.launch(spec);
      await waitFor("its last whole line", () => world.output(spec).includes("line 1999\n"));
      await world.engine.signal(spec.id, "SIGKILL", "test");
      await until(world, spec, "stopped");
      const lines = world.output(spec).split("\n");
      assert.deepEqual(lines, Array.from({ length: 2_000 }, (_, i) => `line ${i}`).concat("the end"));
    },
  );

  suite.test(
    "what an instance says without an end of line is in its log while it runs",
    async (world) => {
      const spec = await world.spec(programs.chatty);
      await world.engine.launch(spec);
      await waitFor("its last words", () => world.output(spec).endsWith("the end"));
    },
    ["unfinished-lines"],
  );

  suite.test("each change is told once, in order, to whoever watches", async (world) => {
    const seen: InstanceObservation[] = [];
    const watching = new AbortController();
    world.engine.watch((one) => void seen.push(one), watching.signal);
    const spec = await world.spec(programs.foreign);
    await launchUp(world, spec);
    await world.engine.terminate(spec.id, "test");
    await until(world, spec, "stopped");
    await waitFor("the news of its end", () => seen.at(-1)?.state === "stopped");
    watching.abort();
    const states = seen.map(({ state }) => state).filter((state, i, all) => state !== all[i - 1]);
    assert.deepEqual(states, ["starting", "up", "draining", "stopped"]);
  });

  suite.test(
    "a shell line is run by a shell",
    async (world) => {
      const spec = await world.spec(programs.shell);
      await world.engine.launch(spec);
      await waitFor("its output", () => world.output(spec) === `${spec.service}-23\n`);
    },
    ["shell"],
  );

  suite.test(
    "a port that somebody has is found before the start",
    async (world) => {
      const spec = await world.spec(programs.foreign);
      const other = createServer();
      await new Promise<void>((resolve) => other.listen(spec.port, spec.address, resolve));
      const seen = await world.engine.launch(spec);
      await new Promise((resolve) => other.close(resolve));
      assert.deepEqual([seen.state, seen.reasonCode], ["stopped", "PORT_TAKEN"]);
    },
    ["port-check"],
  );

  suite.test("a command that is not there is named", async (world) => {
    const spec = await world.spec(programs.missing);
    await world.engine.launch(spec);
    const stopped = await until(world, spec, "stopped");
    assert.equal(stopped.reasonCode, "COMMAND_NOT_FOUND");
    assert.match(stopped.reason, /no-such-program/);
  });

  suite.test("an image that is gone is told as such, and the others are not touched", async (world) => {
    const healthy = await world.spec(programs.foreign);
    await launchUp(world, healthy);
    const spec = await world.spec(programs.foreign, { image: `${healthy.image}-gone` });
    const seen = await world.engine.launch(spec);
    assert.deepEqual([seen.state, seen.reasonCode], ["stopped", "IMAGE_MISSING"]);
    assert.equal((await observe(world, healthy))?.state, "up");
  });
}
