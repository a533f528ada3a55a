import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { createServer, request } from "node:http";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { silentLog, systemRandom } from "@holdfast/kernel";
import { waitFor } from "@holdfast/testing";
import { Env } from "@holdfast/wire";
import { agentHealth, endOrphans, readAgentState, runAgent, shutDownAgent } from "../src/index.ts";
import { groupExists } from "../src/system/processes.ts";
import { clock, foreignProgram, lives, recipeProgram, ZoneFixture, zone } from "./fixture.ts";

const main = fileURLToPath(new URL("../src/main.ts", import.meta.url));

/** The agent as a process of its own, so that it can be killed. */
async function agentProcess(fixture: ZoneFixture): Promise<ChildProcess> {
  const env = { ...process.env, [Env.settings]: JSON.stringify(fixture.settings) };
  const child = spawn(process.execPath, [main], { env, stdio: "ignore", detached: true });
  await waitFor("the agent", async () => {
    const health = await agentHealth(clock, zone.name, fixture.settings.socket);
    return health.pid === child.pid;
  });
  return child;
}

async function killed(child: ChildProcess): Promise<void> {
  const exit = new Promise((resolve) => child.once("exit", resolve));
  child.kill("SIGKILL");
  await exit;
}

test("an agent killed with -9 leaves its instances running, and the next one adopts them untouched", async (t) => {
  await using fixture = await ZoneFixture.start({ agent: false });
  const engine = fixture.engine();
  const events = fixture.watch(engine);
  const first = await agentProcess(fixture);
  const foreign = await fixture.spec(foreignProgram);
  const ours = await fixture.spec(recipeProgram);
  const doomed = await fixture.spec(recipeProgram, { service: "ratings" });
  const pids = new Map<string, number>();
  for (const spec of [foreign, ours, doomed]) {
    await engine.launch(spec);
    const up = await waitFor("up", async () => {
      const seen = await fixture.one(engine, spec.id);
      return seen?.state === "up" && seen;
    });
    pids.set(spec.id, up.pid ?? -1);
  }
  await waitFor("registered", () => fixture.registry.records.has(`catalog/${foreign.id}`));
  fixture.registry.records.set(`ratings/${doomed.id}`, { incarnation: 1 });

  await killed(first);
  process.kill(pids.get(doomed.id) ?? -1, "SIGKILL");
  assert.deepEqual((await engine.list()).unreachableZones, [zone.name]);
  const before = events.length;
  const second = await agentProcess(fixture);

  const listed = (await engine.list()).instances;
  for (const spec of [foreign, ours]) {
    const seen = listed.find((observation) => observation.spec.id === spec.id);
    assert.deepEqual([seen?.state, seen?.pid], ["up", pids.get(spec.id)]);
  }
  const dead = listed.find((observation) => observation.spec.id === doomed.id);
  assert.equal(dead?.state, "stopped");
  await waitFor("the dead one's removal", () => !fixture.registry.records.has(`ratings/${doomed.id}`));
  await waitFor("the watch to hear of the dead one", () =>
    events.slice(before).some(({ seen }) => seen.spec.id === doomed.id && seen.state === "stopped"),
  );
  assert.equal(listed.find((seen) => seen.spec.id === foreign.id)?.registeredByEngine, true);

  const killedAtMs = performance.now();
  process.kill(pids.get(ours.id) ?? -1, "SIGKILL");
  const stopped = await waitFor("its end", () =>
    events.slice(before).find(({ seen }) => seen.spec.id === ours.id && seen.state === "stopped"),
  );
  t.diagnostic(`end of an adopted instance noticed after ${(stopped.atMs - killedAtMs).toFixed(0)} ms`);
  assert.ok(stopped.atMs - killedAtMs < 500);

  const exit = new Promise((resolve) => second.once("exit", resolve));
  await shutDownAgent(clock, zone.name, fixture.settings.socket, 300);
  await exit;
  assert.equal(lives(pids.get(foreign.id) ?? -1), false);
});

test("SIGTERM ends the agent and no instance", async () => {
  await using fixture = await ZoneFixture.start({ agent: false });
  const engine = fixture.engine();
  const agent = await agentProcess(fixture);
  const { pid = -1 } = await engine.launch(await fixture.spec("sleep 300"));
  const exit = new Promise((resolve) => agent.once("exit", resolve));
  agent.kill("SIGTERM");
  assert.equal(await exit, 0);
  assert.ok(lives(pid));
  assert.equal(existsSync(fixture.settings.pidFile), false);

  assert.equal(await endOrphans(clock, fixture.settings.stateFile, 2_000), 1);
  assert.equal(lives(pid), false);
});

test("orphans of a killed agent are ended from its state file, stubborn ones too", async () => {
  await using fixture = await ZoneFixture.start({ agent: false });
  const engine = fixture.engine();
  const agent = await agentProcess(fixture);
  const spec = await fixture.spec(
    `node -e 'process.on("SIGTERM", () => {}); console.log("on"); setInterval(() => {}, 1000)'`,
  );
  const { pid = -1 } = await engine.launch(spec);
  await waitFor("it runs", () => fixture.log(spec) !== "");
  await killed(agent);
  assert.equal(await endOrphans(clock, fixture.settings.stateFile, 200), 1);
  await waitFor("gone", () => !lives(pid));
});

test("a process that has merely the same pid is not adopted", async () => {
  await using fixture = await ZoneFixture.start();
  const spec = await fixture.spec("sleep 300");
  const launched = await fixture.engine().launch(spec);
  await fixture.running?.close();
  fixture.running = undefined;
  const state = readAgentState(fixture.settings.stateFile);
  const instances = (state?.instances ?? []).map((entry) => ({ ...entry, pid: process.pid, startTime: "1" }));
  writeFileSync(fixture.settings.stateFile, JSON.stringify({ ...state, instances }));
  await fixture.startAgent();
  const seen = await fixture.one(fixture.engine(), spec.id);
  assert.equal(seen?.state, "stopped");
  assert.ok(lives(process.pid));
  if (process.platform !== "linux") process.kill(launched.pid ?? -1, "SIGKILL");
});

test("an instance started just before the agent's death is found by its environment", {
  skip: process.platform !== "linux",
}, async () => {
  await using fixture = await ZoneFixture.start();
  const spec = await fixture.spec("sleep 300");
  const { pid } = await fixture.engine().launch(spec);
  await fixture.running?.close();
  fixture.running = undefined;
  const state = readAgentState(fixture.settings.stateFile);
  const instances = (state?.instances ?? []).map(({ pid: _pid, startTime: _start, ...intent }) => intent);
  writeFileSync(fixture.settings.stateFile, JSON.stringify({ ...state, instances }));
  await fixture.startAgent();
  assert.equal((await fixture.one(fixture.engine(), spec.id))?.pid, pid);
});

test("a commander with a lower epoch is refused, also after the agent was restarted", async () => {
  await using fixture = await ZoneFixture.start();
  const spec = await fixture.spec("sleep 300");
  await fixture.engine(5).launch(spec);
  const stale = fixture.engine(4);
  await assert.rejects(stale.launch(await fixture.spec("sleep 300")), { code: "EPOCH_STALE", status: 409 });
  await assert.rejects(stale.terminate(spec.id, "old"), { code: "EPOCH_STALE" });
  await assert.rejects(stale.signal(spec.id, "SIGKILL", "old"), { code: "EPOCH_STALE" });

  await fixture.running?.close();
  await fixture.startAgent();
  await assert.rejects(stale.launch(await fixture.spec("sleep 300")), { code: "EPOCH_STALE" });
  assert.equal((await fixture.one(stale, spec.id))?.state, "starting");
  await fixture.engine(6).terminate(spec.id, "new");
});

test("a shutdown ends every instance within its grace and leaves no process", async () => {
  await using fixture = await ZoneFixture.start();
  const engine = fixture.engine();
  const stubborn = `node -e 'process.on("SIGTERM", () => {}); setInterval(() => {}, 1000)'`;
  const specs = await Promise.all([fixture.spec(stubborn), fixture.spec(recipeProgram), fixture.spec("sleep 300")]);
  const launched = await Promise.all(specs.map((spec) => engine.launch(spec)));
  const startMs = performance.now();
  await shutDownAgent(clock, zone.name, fixture.settings.socket, 700);
  assert.ok(performance.now() - startMs < 2_500);
  for (const { pid } of launched) assert.equal(groupExists(pid ?? -1), false);
  await assert.rejects(engine.launch(await fixture.spec("sleep 300")), { code: "AGENT_STOPPING" });
  assert.deepEqual(readAgentState(fixture.settings.stateFile)?.instances, []);
});

test("a shutdown ends registries last, so that the others can still say that they go", async () => {
  await using fixture = await ZoneFixture.start();
  const engine = fixture.engine();
  const events = fixture.watch(engine);
  const lingers = `node -e 'console.log("on"); process.on("SIGTERM", () => setTimeout(() => process.exit(0), 150)); setInterval(() => {}, 1000)'`;
  const app = await fixture.spec(lingers);
  const registry = await fixture.spec("sleep 300", { kind: "registry", service: "registry" });
  for (const spec of [app, registry]) await engine.launch(spec);
  await waitFor("it runs", () => fixture.log(app) !== "");
  await shutDownAgent(clock, zone.name, fixture.settings.socket, 2_000);
  await waitFor("both ends", () => events.filter(({ seen }) => seen.state === "stopped").length === 2);
  const ended = events.filter(({ seen }) => seen.state === "stopped").map(({ seen }) => seen.spec.id);
  assert.deepEqual(ended, [app.id, registry.id]);
});

test("the socket is the user's own, and a second agent is refused while the first lives", async () => {
  await using fixture = await ZoneFixture.start();
  assert.equal(statSync(fixture.settings.socket).mode & 0o777, 0o600);
  assert.equal(statSync(join(fixture.root, "run")).mode & 0o777, 0o700);
  const again = runAgent(clock, systemRandom(), silentLog, fixture.settings);
  await assert.rejects(again, { code: "AGENT_RUNNING" });
  const other = { ...fixture.settings, pidFile: `${fixture.settings.pidFile}.other` };
  await assert.rejects(runAgent(clock, systemRandom(), silentLog, other), { code: "AGENT_RUNNING" });
  assert.equal(existsSync(other.pidFile), false);
  assert.equal((await agentHealth(clock, zone.name, fixture.settings.socket)).pid, process.pid);
});

test("a socket path the system would cut is refused", async () => {
  await using fixture = await ZoneFixture.start({ agent: false });
  const settings = { ...fixture.settings, socket: join(fixture.root, "x".repeat(120)) };
  await assert.rejects(runAgent(clock, systemRandom(), silentLog, settings), { code: "SOCKET_PATH_TOO_LONG" });
});

test("a state file that cannot be read stops the agent rather than orphan its instances", async () => {
  await using fixture = await ZoneFixture.start();
  await fixture.running?.close();
  fixture.running = undefined;
  writeFileSync(fixture.settings.stateFile, '{"format":1,"inst');
  await assert.rejects(fixture.startAgent(), { code: "AGENT_STATE_UNREADABLE" });
  assert.equal(existsSync(fixture.settings.pidFile), false);
});

test("bad orders get their coded errors", async () => {
  await using fixture = await ZoneFixture.start();
  const engine = fixture.engine();
  const spec = await fixture.spec("sleep 300");
  await assert.rejects(engine.launch({ ...spec, image: "relative", port: 0 }), (error: Error) => {
    assert.match(error.message, /image: must be an absolute path; port: must be a port/);
    return "code" in error && error.code === "SPEC_INVALID";
  });
  await assert.rejects(engine.launch({ ...spec, zone: { ...zone, name: "elsewhere" } }), { code: "ZONE_UNKNOWN" });
  assert.equal((await engine.launch({ ...spec, run: "node 'x" })).reasonCode, "COMMAND_INVALID");
  assert.equal(
    await rawStatus(fixture.settings.socket, "POST", "/v1/instances", "{", { "x-holdfast-epoch": "9" }),
    400,
  );
  assert.equal(await rawStatus(fixture.settings.socket, "DELETE", "/v1/instances/i-1", "", {}), 400);
  assert.equal(await rawStatus(fixture.settings.socket, "GET", "/nothing", "", {}), 404);
});

test("zones whose agents do not answer are named and do not hide the others", async () => {
  await using fixture = await ZoneFixture.start();
  const mute = createServer(() => {});
  const path = join(fixture.root, "mute.sock");
  await new Promise<void>((resolve) => mute.listen(path, resolve));
  const { ProcessEngine } = await import("../src/index.ts");
  const sockets = { [zone.name]: fixture.settings.socket, mute: path, gone: join(fixture.root, "no.sock") };
  const engine = new ProcessEngine(clock, silentLog, { sockets, epoch: 1, timeoutMs: 200 });
  const spec = await fixture.spec("sleep 300");
  await engine.launch(spec);
  const listing = await engine.list();
  assert.deepEqual(listing.unreachableZones, ["mute", "gone"]);
  assert.deepEqual(listing.zonesWithoutAgent, ["gone"], "nobody listens there: it is known not to run");
  assert.deepEqual(
    listing.instances.map((seen) => seen.spec.id),
    [spec.id],
  );
  await assert.rejects(engine.launch({ ...spec, zone: { ...zone, name: "gone" } }), { code: "AGENT_UNREACHABLE" });
  await engine.terminate(spec.id, "known, so the others are not asked");
  engine.close();
  mute.closeAllConnections();
  await new Promise((resolve) => mute.close(resolve));
});

test("the state file holds what an instance is, for whoever must end it", async () => {
  await using fixture = await ZoneFixture.start();
  const spec = await fixture.spec("sleep 300");
  const { pid } = await fixture.engine(3).launch(spec);
  const state = await waitFor("the pid on disk", () => {
    const read = readAgentState(fixture.settings.stateFile);
    return read?.instances[0]?.pid === pid && read;
  });
  assert.equal(state.epoch, 3);
  assert.deepEqual(state.instances[0]?.spec.id, spec.id);
  assert.equal(statSync(fixture.settings.stateFile).mode & 0o777, 0o600);
  assert.match(readFileSync(fixture.settings.stateFile, "utf8"), /"startTime":"/);
});

test("an agent counts what it has and how things ended, and shows what each instance uses", async () => {
  await using fixture = await ZoneFixture.start();
  const engine = fixture.engine();
  const spec = await fixture.spec("node -e 0");
  const sleeper = await fixture.spec("sleep 300", { resources: { memoryBytes: 100_000_000 } });
  await engine.launch(sleeper);
  await engine.launch(spec);
  await waitFor("stopped", async () => (await fixture.one(engine, spec.id))?.state === "stopped");
  const meters = (await fixture.running?.agent.meters()) ?? [];
  const ends = meters.find((meter) => meter.name === "agent.instance.ends");
  assert.deepEqual(ends, { kind: "counter", name: "agent.instance.ends", tags: { reason: "EXITED" }, count: 1 });
  const starting = meters.find((meter) => meter.tags["state"] === "starting");
  assert.deepEqual(starting, { kind: "gauge", name: "agent.instances", tags: { state: "starting" }, value: 1 });
  assert.equal(await rawStatus(fixture.settings.socket, "GET", "/metrics", "", {}), 200);
  if (process.platform !== "linux") return;
  const used = meters.filter(({ name }) => name.startsWith("instance."));
  const tags = { instance: sleeper.id, service: "catalog" };
  for (const meter of used) assert.deepEqual(meter.tags, tags, "one that has ended uses nothing");
  assert.deepEqual(
    used.map(({ name }) => name),
    ["instance.cpu", "instance.memory", "instance.memory.limit"],
  );
  assert.ok(used.some((meter) => meter.name === "instance.memory" && "value" in meter && meter.value > 100_000));
});

function rawStatus(
  socketPath: string,
  method: string,
  path: string,
  body: string,
  headers: Record<string, string>,
): Promise<number> {
  return new Promise((resolve, reject) => {
    const call = request({ socketPath, method, path, headers, agent: false }, (answer) => {
      answer.resume();
      answer.on("end", () => resolve(answer.statusCode ?? 0));
    });
    call.on("error", reject);
    call.end(body);
  });
}
