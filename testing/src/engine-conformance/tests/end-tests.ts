import assert from "node:assert/strict";
import { connect } from "node:net";
import type { LaunchSpec } from "@holdfast/wire";
import { waitFor } from "../../wait-for.ts";
import { programs } from "../programs.ts";
import { ask, isSilent, launchUp, type Suite, until } from "./suite-context.ts";

/** How instances end: by themselves, by order, by force. */
export function endTests(suite: Suite): void {
  suite.test("a program that fails is stopped, with its exit code and its last words", async (world) => {
    const spec = await world.spec(programs.failing);
    await world.engine.launch(spec);
    const stopped = await until(world, spec, "stopped");
    assert.deepEqual([stopped.reasonCode, stopped.exit], ["EXITED", { code: 3, signal: null }]);
    assert.match(stopped.reason, /exited with code 3 after .*: no database$/);
    assert.equal(world.output(spec), "about to fail\nno database\n");
    assert.equal(stopped.pid, undefined);
  });

  suite.test("a program that forks and ends is over, and what it left ends with it", async (world) => {
    const spec = await world.spec(programs.forking);
    await world.engine.launch(spec);
    const stopped = await until(world, spec, "stopped");
    assert.deepEqual([stopped.reasonCode, stopped.exit], ["EXITED", { code: 0, signal: null }]);
    await waitFor("its child to be gone", () => isSilent(spec));
  });

  suite.test("SIGKILL ends it at once, and the reason tells who asked", async (world) => {
    const spec = await world.spec(programs.stubborn);
    await launchUp(world, spec);
    await world.engine.signal(spec.id, "SIGKILL", "chaos monkey");
    const stopped = await until(world, spec, "stopped");
    assert.deepEqual([stopped.reasonCode, stopped.exit], ["KILLED", { code: null, signal: "SIGKILL" }]);
    assert.match(stopped.reason, /killed by SIGKILL .*\(chaos monkey\)/);
    assert.ok(await isSilent(spec));
  });

  suite.test(
    "SIGSTOP holds it, which its health tells; SIGCONT lets it go on",
    async (world) => {
      const spec = await world.spec(programs.foreign, { health: { path: "/" } });
      await launchUp(world, spec);
      await world.engine.signal(spec.id, "SIGSTOP", "test");
      await until(world, spec, "unhealthy");
      await world.engine.signal(spec.id, "SIGCONT", "test");
      await until(world, spec, "up");
    },
    ["pause"],
  );

  suite.test(
    "one that is held (SIGSTOP) can be terminated in order",
    async (world) => {
      const spec = await world.spec(programs.recipe, { drainMs: 10_000 });
      await launchUp(world, spec);
      await world.engine.signal(spec.id, "SIGSTOP", "test");
      const fromMs = performance.now();
      await world.engine.terminate(spec.id, "scale in");
      const stopped = await until(world, spec, "stopped");
      assert.equal(stopped.reason, "terminated (scale in)");
      assert.ok(performance.now() - fromMs < 8_000);
    },
    ["pause"],
  );

  suite.test(
    "who is to go is out of service first, serves whom it still has, and then ends in order",
    async (world) => {
      const spec = await world.spec(programs.foreign, { drainMs: 10_000 });
      await launchUp(world, spec);
      const key = `${spec.service}/${spec.id}`;
      await waitFor("its registration", () => world.registry.records.has(key));
      const caller = await connected(spec);
      await world.engine.terminate(spec.id, "scale in");
      await waitFor("out of service", () => world.registry.calls.includes(`PUT ${key} status OUT_OF_SERVICE`));
      await new Promise((resolve) => setTimeout(resolve, 300));
      assert.match(await ask(spec), /began/, "it serves for as long as somebody holds a connection");
      caller.destroy();
      const stopped = await until(world, spec, "stopped");
      assert.deepEqual([stopped.reasonCode, stopped.reason], ["TERMINATED", "terminated (scale in)"]);
      await waitFor("its record to be gone", () => !world.registry.records.has(key));
    },
    ["drain", "registers-foreign-programs"],
  );

  suite.test("an order to end is accepted at once, and asking twice is once", async (world) => {
    const spec = await world.spec(programs.stubborn, { drainMs: 1_000 });
    await launchUp(world, spec);
    const fromMs = performance.now();
    await world.engine.terminate(spec.id, "first");
    await world.engine.terminate(spec.id, "second");
    assert.ok(performance.now() - fromMs < 800, "it is not waited for");
    const stopped = await until(world, spec, "stopped");
    assert.match(stopped.reason, /^terminated \(first\)/);
  });

  suite.test(
    "who does not end within its drain time is killed, and that is said",
    async (world) => {
      const spec = await world.spec(programs.stubborn, { drainMs: 700 });
      await launchUp(world, spec);
      const fromMs = performance.now();
      await world.engine.terminate(spec.id, "scale in");
      const stopped = await until(world, spec, "stopped");
      const tookMs = performance.now() - fromMs;
      assert.match(stopped.reason, /killed, for it did not end within its drain time/);
      assert.ok(tookMs >= 600 && tookMs < 4_000, `${tookMs} ms`);
      assert.match(world.output(spec), /^no$/m, "it was asked first");
    },
    ["drain"],
  );

  suite.test("who handles no signal ends by it all the same, long before its drain time is over", async (world) => {
    const spec = await world.spec(programs.foreign, { drainMs: 15_000 });
    await launchUp(world, spec);
    const fromMs = performance.now();
    await world.engine.terminate(spec.id, "scale in");
    const stopped = await until(world, spec, "stopped");
    assert.equal(stopped.reason, "terminated (scale in)");
    assert.ok(performance.now() - fromMs < 8_000, `${performance.now() - fromMs} ms`);
  });

  suite.test("a request that is under way when the order comes is answered", async (world) => {
    const spec = await world.spec(programs.graceful, { drainMs: 10_000 });
    await launchUp(world, spec);
    const answer = ask(spec);
    await new Promise((resolve) => setTimeout(resolve, 100));
    await world.engine.terminate(spec.id, "deploy");
    assert.equal(await answer, "done");
    await until(world, spec, "stopped");
    assert.match(world.output(spec), /going/);
  });

  suite.test("orders for instances that nobody knows are fine", async (world) => {
    const { id } = await world.spec(programs.foreign);
    await world.engine.terminate(id, "test");
    await world.engine.signal(id, "SIGKILL", "test");
    assert.deepEqual((await world.engine.list()).instances, []);
  });
}

async function connected(spec: LaunchSpec): Promise<ReturnType<typeof connect>> {
  const socket = connect(spec.port, spec.address);
  await new Promise((resolve, reject) => socket.once("connect", resolve).once("error", reject));
  return socket;
}
