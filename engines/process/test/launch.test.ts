import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { createServer } from "node:http";
import { test } from "node:test";
import { waitFor } from "@holdfast/testing";
import { foreignProgram, lives, recipeProgram, ZoneFixture } from "./fixture.ts";

const sleeps = "node -e 'setInterval(() => {}, 1000)'";

test("a foreign program comes up and is registered by the engine", async () => {
  await using fixture = await ZoneFixture.start();
  const engine = fixture.engine();
  const spec = await fixture.spec(foreignProgram);
  const launched = await engine.launch(spec);
  assert.equal(launched.state, "starting");
  assert.ok(lives(launched.pid ?? -1));

  const up = await waitFor("up", async () => {
    const seen = await fixture.one(engine, spec.id);
    return seen?.state === "up" && seen.registeredByEngine && seen;
  });
  assert.equal(up.reasonCode, "HEALTHY");
  assert.ok(up.healthyAtMs !== undefined);
  const record = await waitFor("registered", () => fixture.registry.records.get(`catalog/${spec.id}`));
  assert.deepEqual(
    [record["status"], record["address"], record["port"], record["verifiesIdentity"], record["zone"]],
    ["UP", spec.address, spec.port, false, spec.zone.name],
  );
  assert.equal(await (await fetch(`http://${spec.address}:${spec.port}`)).text(), "ok");
});

test("a program on our recipe is told by its admin port, and left to register itself", async () => {
  await using fixture = await ZoneFixture.start();
  const engine = fixture.engine();
  const spec = await fixture.spec(recipeProgram);
  await engine.launch(spec);
  const up = await waitFor("up", async () => {
    const seen = await fixture.one(engine, spec.id);
    return seen?.state === "up" && seen;
  });
  assert.equal(up.registeredByEngine, false);
  assert.deepEqual(fixture.registry.calls, []);
});

test("a launch is idempotent by id", async () => {
  await using fixture = await ZoneFixture.start();
  const engine = fixture.engine();
  const spec = await fixture.spec(sleeps);
  const [first, second] = await Promise.all([engine.launch(spec), engine.launch(spec)]);
  const third = await engine.launch(spec);
  assert.equal(new Set([first.pid, second.pid, third.pid]).size, 1);
  assert.equal((await engine.list()).instances.length, 1);
});

test("an instance gets a clean environment, this very Node, and its image as working directory", async () => {
  await using fixture = await ZoneFixture.start();
  process.env["NODE_OPTIONS_PROBE"] = "leaks";
  const engine = fixture.engine();
  const run = `node -e 'console.log(JSON.stringify({ env: process.env, node: process.version, cwd: process.cwd() }))'`;
  const spec = await fixture.spec(run, { env: { GREETING: "hi", PORT: "1" } });
  await engine.launch(spec);
  await waitFor(
    "its output",
    () => existsSync(`${fixture.settings.logDirectory}/${spec.id}.log`) && fixture.log(spec) !== "",
  );
  delete process.env["NODE_OPTIONS_PROBE"];
  const { env, node, cwd } = JSON.parse(fixture.log(spec));
  assert.equal(node, process.version);
  assert.equal(cwd, spec.image);
  assert.equal(env.GREETING, "hi");
  assert.equal(env.NODE_OPTIONS_PROBE, undefined);
  assert.deepEqual([env.PORT, env.HOST], [String(spec.port), spec.address]);
  assert.deepEqual(
    [env.HOLDFAST_INSTANCE_ID, env.HOLDFAST_ZONE, env.HOLDFAST_SERVICE, env.HOLDFAST_REGISTRIES],
    [spec.id, spec.zone.name, "catalog", fixture.registry.url],
  );
});

test("a command that does not exist is named", async () => {
  await using fixture = await ZoneFixture.start();
  const engine = fixture.engine();
  const plain = await engine.launch(await fixture.spec("no-such-program --x"));
  assert.deepEqual([plain.state, plain.reasonCode], ["stopped", "COMMAND_NOT_FOUND"]);
  assert.match(plain.reason, /no-such-program/);

  const shell = await fixture.spec("no-such-program $HOME");
  await engine.launch(shell);
  const stopped = await waitFor("stopped", async () => {
    const seen = await fixture.one(engine, shell.id);
    return seen?.state === "stopped" && seen;
  });
  assert.equal(stopped.reasonCode, "COMMAND_NOT_FOUND");
  assert.match(stopped.reason, /no-such-program/);
});

test("a program that exits at once is stopped with its exit code and last words", async () => {
  await using fixture = await ZoneFixture.start();
  const engine = fixture.engine();
  const spec = await fixture.spec(`node -e 'console.error("no database"); process.exit(3)'`);
  await engine.launch(spec);
  const stopped = await waitFor("stopped", async () => {
    const seen = await fixture.one(engine, spec.id);
    return seen?.state === "stopped" && seen;
  });
  assert.equal(stopped.reasonCode, "EXITED");
  assert.match(stopped.reason, /^exited with code 3 after \d\.\d s: no database$/);
  assert.deepEqual(stopped.exit, { code: 3, signal: null });
  assert.equal(stopped.pid, undefined);
});

test("a port that is taken is found out before the launch, with its owner", async () => {
  await using fixture = await ZoneFixture.start();
  const spec = await fixture.spec(foreignProgram);
  const other = createServer();
  await new Promise<void>((resolve) => other.listen(spec.port, spec.address, resolve));
  const seen = await fixture.engine().launch(spec);
  await new Promise((resolve) => other.close(resolve));
  assert.deepEqual([seen.state, seen.reasonCode, seen.pid], ["stopped", "PORT_TAKEN", undefined]);
  if (process.platform === "linux") assert.match(seen.reason, new RegExp(`process ${process.pid} `));
});

test("an image that is missing is not mistaken for a missing command", async () => {
  await using fixture = await ZoneFixture.start();
  const seen = await fixture.engine().launch(await fixture.spec(sleeps, { image: "/nonexistent/image" }));
  assert.deepEqual([seen.state, seen.reasonCode], ["stopped", "IMAGE_MISSING"]);
});

test("a program that ignores PORT is told where it listens instead", {
  skip: process.platform !== "linux",
}, async () => {
  await using fixture = await ZoneFixture.start();
  const engine = fixture.engine();
  const run = `node -e 'require("http").createServer().listen(0, "127.9.9.9")'`;
  const spec = await fixture.spec(run, { health: { startTimeoutMs: 2_500 } });
  await engine.launch(spec);
  const found = await waitFor("the diagnosis", async () => {
    const seen = await fixture.one(engine, spec.id);
    return seen?.reasonCode === "PORT_IGNORED" && seen;
  });
  assert.equal(found.state, "starting");
  assert.match(
    found.reason,
    /^catalog listens on 127\.9\.9\.9:\d+ instead of PORT=\d+: read process\.env\.PORT and HOST$/,
  );
  await waitFor("given up", async () => (await fixture.one(engine, spec.id))?.state === "unhealthy");
});

test("a program that binds the wildcard on its own port is fine", async () => {
  await using fixture = await ZoneFixture.start();
  const engine = fixture.engine();
  const spec = await fixture.spec(`node -e 'require("http").createServer().listen(process.env.PORT)'`);
  await engine.launch(spec);
  await waitFor("up", async () => (await fixture.one(engine, spec.id))?.state === "up");
});

test("a program that never gets healthy is given up after its start timeout", async () => {
  await using fixture = await ZoneFixture.start();
  const engine = fixture.engine();
  const spec = await fixture.spec(sleeps, { health: { startTimeoutMs: 600 } });
  await engine.launch(spec);
  const given = await waitFor("given up", async () => {
    const seen = await fixture.one(engine, spec.id);
    return seen?.state === "unhealthy" && seen;
  });
  assert.equal(given.reasonCode, "START_TIMEOUT");
  assert.match(given.reason, /nothing listens on/);
});

test("a health path that answers an error keeps a foreign program from being up", async () => {
  await using fixture = await ZoneFixture.start();
  const engine = fixture.engine();
  const run = `node -e 'require("http").createServer((q, s) => s.writeHead(q.url === "/good" ? 204 : 500).end()).listen(process.env.PORT, process.env.HOST)'`;
  const bad = await fixture.spec(run, { health: { path: "/bad", startTimeoutMs: 500 } });
  const good = await fixture.spec(run, { health: { path: "/good" } });
  await Promise.all([engine.launch(bad), engine.launch(good)]);
  await waitFor("good is up", async () => (await fixture.one(engine, good.id))?.state === "up");
  const reason = await waitFor("bad given up", async () => {
    const seen = await fixture.one(engine, bad.id);
    return seen?.state === "unhealthy" && seen.reason;
  });
  assert.match(reason, /\/bad answers 500/);
});

test("an admin port that names another instance is a failure", async () => {
  await using fixture = await ZoneFixture.start();
  const engine = fixture.engine();
  const run = `node -e 'require("http").createServer((q, s) => s.writeHead(200, {"x-holdfast-instance": "i-other"}).end()).listen(process.env.HOLDFAST_ADMIN_PORT, process.env.HOST)'`;
  const spec = await fixture.spec(run, { health: { startTimeoutMs: 800 } });
  await engine.launch(spec);
  const reason = await waitFor("given up", async () => {
    const seen = await fixture.one(engine, spec.id);
    return seen?.state === "unhealthy" && seen.reason;
  });
  assert.match(reason, /instance i-other answers/);
});

test("a stopped (SIGSTOP) instance becomes unhealthy and says so, and up again when it goes on", async () => {
  await using fixture = await ZoneFixture.start();
  const engine = fixture.engine();
  const spec = await fixture.spec(recipeProgram);
  await engine.launch(spec);
  await waitFor("up", async () => (await fixture.one(engine, spec.id))?.state === "up");
  await engine.signal(spec.id, "SIGSTOP", "test");
  const reason = await waitFor("unhealthy", async () => {
    const seen = await fixture.one(engine, spec.id);
    return seen?.state === "unhealthy" && seen.reason;
  });
  if (process.platform === "linux") assert.match(reason, /is stopped by a signal/);
  await engine.signal(spec.id, "SIGCONT", "test");
  await waitFor("up again", async () => (await fixture.one(engine, spec.id))?.state === "up");
});

test("a foreign program that becomes unhealthy is DOWN at the registry until it recovers", async () => {
  await using fixture = await ZoneFixture.start();
  const engine = fixture.engine();
  const spec = await fixture.spec(foreignProgram, { health: { path: "/" } });
  await engine.launch(spec);
  const status = (): unknown => fixture.registry.records.get(`catalog/${spec.id}`)?.["status"];
  await waitFor("UP", () => status() === "UP");
  await engine.signal(spec.id, "SIGSTOP", "test");
  await waitFor("DOWN", () => status() === "DOWN");
  await engine.signal(spec.id, "SIGCONT", "test");
  await waitFor("UP again", () => status() === "UP");
});

test("the logs of a running program are bounded", async () => {
  await using fixture = await ZoneFixture.start({ timings: { logCheckMs: 50 } });
  const engine = fixture.engine();
  const run = `node -e 'setInterval(() => console.log("x".repeat(999)), 2)'`;
  const spec = await fixture.spec(run, { logBytesMax: 20_000 });
  await engine.launch(spec);
  const old = `${fixture.settings.logDirectory}/${spec.id}.log.1`;
  const moved = await waitFor("a moved log", () => existsSync(old) && readFileSync(old, "utf8"));
  assert.ok(moved.length <= 20_000);
  await waitFor("the writer going on", () => /^x+\n/.test(fixture.log(spec)));
});
