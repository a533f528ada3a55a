import assert from "node:assert/strict";
import { connect } from "node:net";
import { test } from "node:test";
import { waitFor } from "@holdfast/testing";
import type { LaunchSpec } from "@holdfast/wire";
import type { ProcessEngine } from "../src/index.ts";
import { groupExists } from "../src/system/processes.ts";
import { foreignProgram, lives, recipeProgram, ZoneFixture } from "./fixture.ts";

async function launchUp(fixture: ZoneFixture, engine: ProcessEngine, spec: LaunchSpec): Promise<number> {
  await engine.launch(spec);
  return waitFor(`${spec.id} up`, async () => {
    const seen = await fixture.one(engine, spec.id);
    return seen?.state === "up" && seen.pid;
  });
}

const stubborn = `node -e 'process.on("SIGTERM", () => {}); require("net").createServer().listen(process.env.PORT, process.env.HOST)'`;

test("kill -9 is reported within 200 ms and taken out of the registry", async (t) => {
  await using fixture = await ZoneFixture.start();
  const engine = fixture.engine();
  const events = fixture.watch(engine);
  const spec = await fixture.spec(recipeProgram);
  const pid = await launchUp(fixture, engine, spec);
  const key = `catalog/${spec.id}`;
  // It would have registered itself.
  fixture.registry.records.set(key, { incarnation: 7 });

  const killedAtMs = performance.now();
  process.kill(pid, "SIGKILL");
  const stopped = await waitFor("the event", () => events.find(({ seen }) => seen.state === "stopped"), { everyMs: 2 });
  await waitFor("the removal", () => !fixture.registry.records.has(key), { everyMs: 2 });
  const goneMs = performance.now() - killedAtMs;

  t.diagnostic(`event after ${(stopped.atMs - killedAtMs).toFixed(1)} ms, registry after ${goneMs.toFixed(1)} ms`);
  assert.ok(stopped.atMs - killedAtMs < 200, `event after ${stopped.atMs - killedAtMs} ms`);
  assert.ok(goneMs < 200, `removed after ${goneMs} ms`);
  assert.equal(stopped.seen.reasonCode, "KILLED");
  assert.match(stopped.seen.reason, /^killed by SIGKILL after/);
});

test("a kill asked of the engine carries its cause", async () => {
  await using fixture = await ZoneFixture.start();
  const engine = fixture.engine();
  const spec = await fixture.spec(foreignProgram);
  await launchUp(fixture, engine, spec);
  await engine.signal(spec.id, "SIGKILL", "operator asked");
  const reason = await waitFor("stopped", async () => {
    const seen = await fixture.one(engine, spec.id);
    return seen?.state === "stopped" && seen.reason;
  });
  assert.match(reason, /killed by SIGKILL after \d+\.\d s \(operator asked\)/);
  await waitFor("deregistered", () => !fixture.registry.records.has(`catalog/${spec.id}`));
});

test("a foreign program is taken out of service and its connections end before it hears SIGTERM", {
  skip: process.platform !== "linux",
}, async () => {
  await using fixture = await ZoneFixture.start();
  const engine = fixture.engine();
  const events = fixture.watch(engine);
  const spec = await fixture.spec(foreignProgram);
  const pid = await launchUp(fixture, engine, spec);
  await waitFor("registered", () => fixture.registry.records.has(`catalog/${spec.id}`));
  const caller = connect(spec.port, spec.address);
  await new Promise((resolve) => caller.once("connect", resolve));

  await engine.terminate(spec.id, "scale in");
  await waitFor("out of service", () => fixture.registry.calls.some((call) => call.endsWith("status OUT_OF_SERVICE")));
  await new Promise((resolve) => setTimeout(resolve, 300));
  assert.ok(lives(pid), "it still serves its open connection");
  caller.destroy();
  await waitFor("its end", () => !lives(pid));

  const last = await waitFor("stopped", () => events.findLast(({ seen }) => seen.state === "stopped"));
  assert.equal(last.seen.reason, "terminated (scale in)");
  assert.ok(events.some(({ seen }) => seen.state === "draining"));
  await waitFor("deregistered", () => !fixture.registry.records.has(`catalog/${spec.id}`));
});

test("a program that ignores SIGTERM is killed when its drain time is over", async () => {
  await using fixture = await ZoneFixture.start();
  const engine = fixture.engine();
  const spec = await fixture.spec(stubborn, { drainMs: 600 });
  const pid = await launchUp(fixture, engine, spec);
  const startMs = performance.now();
  await engine.terminate(spec.id, "scale in");
  assert.ok(performance.now() - startMs < 300, "the order is accepted, not waited for");
  await waitFor("its end", () => !lives(pid));
  const tookMs = performance.now() - startMs;
  assert.ok(tookMs > 500 && tookMs < 2_000, `took ${tookMs} ms`);
  const stopped = await waitFor("stopped", async () => {
    const seen = await fixture.one(engine, spec.id);
    return seen?.state === "stopped" && seen;
  });
  assert.match(stopped.reason, /killed, for it did not end/);
});

test("a stopped (SIGSTOP) program can be terminated in order", async () => {
  await using fixture = await ZoneFixture.start();
  const engine = fixture.engine();
  const spec = await fixture.spec(recipeProgram, { drainMs: 20_000 });
  const pid = await launchUp(fixture, engine, spec);
  await engine.signal(spec.id, "SIGSTOP", "test");
  await engine.terminate(spec.id, "scale in");
  await waitFor("its end", () => !lives(pid), { timeoutMs: 3_000 });
});

test("children left in the group, or in a session of their own, end with their leader", {
  skip: process.platform !== "linux",
}, async () => {
  await using fixture = await ZoneFixture.start();
  const engine = fixture.engine();
  const run = `node -e 'const { spawn } = require("child_process"); const o = { stdio: "inherit" }; const a = spawn("sleep", ["300"], o); const b = spawn("sleep", ["300"], { ...o, detached: true }); console.log(a.pid + " " + b.pid); require("net").createServer().listen(process.env.PORT, process.env.HOST)'`;
  const spec = await fixture.spec(run);
  const pid = await launchUp(fixture, engine, spec);
  const [inGroup, stray] = fixture.log(spec).trim().split(" ").map(Number);
  process.kill(pid, "SIGKILL");
  await waitFor("all gone", () => !lives(pid) && !lives(inGroup ?? -1) && !lives(stray ?? -1));
  assert.equal(groupExists(pid), false);
});

test("terminating an unknown instance is fine", async () => {
  await using fixture = await ZoneFixture.start();
  await fixture.engine().terminate("i-unknown" as LaunchSpec["id"], "test");
});

test("a stopped instance is listed for a while, then forgotten", async () => {
  await using fixture = await ZoneFixture.start({ timings: { forgetAfterMs: 300 } });
  const engine = fixture.engine();
  const spec = await fixture.spec("node -e 0");
  await engine.launch(spec);
  await waitFor("stopped", async () => (await fixture.one(engine, spec.id))?.state === "stopped");
  await waitFor("forgotten", async () => (await fixture.one(engine, spec.id)) === undefined);
});
