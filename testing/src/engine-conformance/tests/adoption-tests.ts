import assert from "node:assert/strict";
import type { InstanceObservation } from "@holdfast/wire";
import { waitFor } from "../../wait-for.ts";
import { observe } from "../engine-world.ts";
import { programs } from "../programs.ts";
import { ask, launchUp, type Suite, until } from "./suite-context.ts";

/** Nobody's end but its own ends an instance, and it is known again afterwards. */
export function adoptionTests(suite: Suite): void {
  suite.test("a new control finds every instance as it was", async (world) => {
    const spec = await world.spec(programs.foreign);
    const before = await launchUp(world, spec);
    world.reconnect();
    const after = await observe(world, spec);
    assert.deepEqual([after?.state, after?.pid, after?.startedAtMs], ["up", before.pid, before.startedAtMs]);
    await world.engine.terminate(spec.id, "the new control");
    assert.match((await until(world, spec, "stopped")).reason, /the new control/);
  });

  suite.test(
    "an agent that is killed leaves its instances running, and the next one takes them over",
    async (world) => {
      const spec = await world.spec(programs.moody, { health: { path: "/health" } });
      const before = await launchUp(world, spec);
      const outage = await world.loseAgent();
      assert.equal(await ask(spec), "", "it serves while nobody looks after it");
      await outage.end();
      const after = await until(world, spec, "up");
      assert.deepEqual([after.pid, after.healthyAtMs], [before.pid, before.healthyAtMs]);
      await ask(spec, "/sick");
      await until(world, spec, "unhealthy");
      await world.engine.terminate(spec.id, "done");
      assert.equal((await until(world, spec, "stopped")).reason, "terminated (done)");
    },
  );

  suite.test("what an instance says while nobody listens is in its log afterwards", async (world) => {
    const spec = await world.spec(programs.talkative);
    await launchUp(world, spec);
    await ask(spec, "/one");
    await waitFor("the first word", () => world.output(spec).includes("/one\n"));
    const outage = await world.loseAgent();
    await new Promise((resolve) => setTimeout(resolve, 50));
    await ask(spec, "/two");
    await outage.end();
    await until(world, spec, "up");
    await ask(spec, "/three");
    await waitFor("the last word", () => world.output(spec).includes("/three\n"));
    const said = world
      .output(spec)
      .split("\n")
      .filter((line) => /^\/(one|two|three)$/.test(line));
    assert.deepEqual(said, ["/one", "/two", "/three"]);
  });

  suite.test("who died while nobody looked is told as stopped by the next agent", async (world) => {
    const spec = await world.spec(programs.exitOnRequest);
    await launchUp(world, spec);
    const outage = await world.loseAgent();
    await ask(spec, "/exit").catch(() => {});
    await new Promise((resolve) => setTimeout(resolve, 300));
    await outage.end();
    const stopped = await until(world, spec, "stopped");
    assert.equal(stopped.reasonCode, "EXITED");
  });

  suite.test(
    "its exit code is told, too",
    async (world) => {
      const spec = await world.spec(programs.exitOnRequest);
      await launchUp(world, spec);
      const outage = await world.loseAgent();
      await ask(spec, "/exit").catch(() => {});
      await new Promise((resolve) => setTimeout(resolve, 300));
      await outage.end();
      const stopped = await until(world, spec, "stopped");
      assert.deepEqual(stopped.exit, { code: 7, signal: null });
    },
    ["exit-code-after-adoption"],
  );

  suite.test(
    "instances are known again from what they carry, when even the agent's memory is lost",
    async (world) => {
      const spec = await world.spec(programs.foreign);
      const before = await launchUp(world, spec);
      const began = await ask(spec);
      const outage = await world.loseAgent({ state: "lost" });
      await outage.end();
      const after = await until(world, spec, "up");
      assert.deepEqual([after.spec, after.pid], [before.spec, before.pid]);
      assert.equal(await ask(spec), began);
      assert.equal((await world.engine.launch(spec)).pid, before.pid);
    },
    ["adoption-without-state"],
  );

  suite.test(
    "a drain that was under way goes on under the next agent",
    async (world) => {
      const spec = await world.spec(programs.stubborn, { drainMs: 2_500 });
      await launchUp(world, spec);
      await world.engine.terminate(spec.id, "scale in");
      const outage = await world.loseAgent();
      await outage.end();
      const stopped = await until(world, spec, "stopped");
      assert.match(stopped.reason, /^terminated \(scale in\)/);
    },
    ["drain"],
  );

  suite.test("a watch goes on after the agent was replaced, and begins with all there is", async (world) => {
    const seen: InstanceObservation[] = [];
    const watching = new AbortController();
    world.engine.watch((one) => void seen.push(one), watching.signal);
    const spec = await world.spec(programs.foreign);
    await launchUp(world, spec);
    await waitFor("the news", () => seen.some(({ state }) => state === "up"));
    const outage = await world.loseAgent();
    seen.length = 0;
    await outage.end();
    await waitFor("what there is", () => seen.some((one) => one.spec.id === spec.id && one.state === "up"));
    await world.engine.signal(spec.id, "SIGKILL", "test");
    await waitFor("its end", () => seen.some(({ state }) => state === "stopped"));
    watching.abort();
  });

  suite.test("what a watch that is over would have heard is heard by nobody", async (world) => {
    const seen: InstanceObservation[] = [];
    const watching = new AbortController();
    world.engine.watch((one) => void seen.push(one), watching.signal);
    const spec = await world.spec(programs.foreign);
    await launchUp(world, spec);
    watching.abort();
    const heard = seen.length;
    await world.engine.signal(spec.id, "SIGKILL", "test");
    await until(world, spec, "stopped");
    assert.equal(seen.length, heard);
  });
}
