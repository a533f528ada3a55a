import assert from "node:assert/strict";
import { test } from "node:test";
import { SeededRandom, SystemClock, silentLog } from "@holdfast/kernel";
import { MeterRegistry } from "@holdfast/metrics";
import { Resilience } from "@holdfast/resilience";
import { type RunningService, type ServeOptions, serve } from "@holdfast/service";
import { waitFor } from "@holdfast/testing";
import { imports, start } from "./child.ts";
import { freePort } from "./free-port.ts";

function serving(options: Omit<ServeOptions, "handler">, adminPort: number): Promise<RunningService> {
  const clock = new SystemClock();
  const environment = { PORT: "0", HOLDFAST_ADMIN_PORT: String(adminPort), HOLDFAST_INSTANCE_ID: "i-me" };
  const more = { random: new SeededRandom(1), log: silentLog, meters: new MeterRegistry(), environment };
  return serve(
    { handleSignals: false, handler: (_req, res) => res.end("ok"), ...options },
    { clock, ...more, resilience: new Resilience(clock) },
  );
}

interface HealthBody {
  readonly status: string;
  readonly output?: string;
  readonly checks: Readonly<Record<string, readonly { readonly status: string; readonly output?: string }[]>>;
}

test("while components start the admin port says for what; then they are in /v1/info with their times", async () => {
  const adminPort = await freePort();
  const admin = `http://127.0.0.1:${adminPort}`;
  let finish: () => void = () => {};
  const database = { name: "database", start: () => new Promise<void>((resolve) => (finish = resolve)) };
  const starting = serving({ components: [database, { name: "cache", dependsOn: ["database"] }] }, adminPort);
  const ready = await waitFor("the admin port", async () => {
    const answer = await fetch(`${admin}/readyz`);
    return [answer.status, ((await answer.json()) as HealthBody).output];
  });
  assert.deepEqual(ready, [503, "starting database"]);
  assert.equal((await fetch(`${admin}/healthcheck`)).status, 204);
  assert.equal((await fetch(`${admin}/livez`)).status, 200);
  finish();
  const service = await starting;
  try {
    const info = (await (await fetch(`${admin}/v1/info`)).json()) as { components: { name: string; state: string }[] };
    assert.deepEqual(
      info.components.map(({ name, state }) => [name, state]),
      [
        ["database", "ready"],
        ["cache", "ready"],
      ],
    );
    assert.equal((await fetch(`${admin}/readyz`)).status, 200);
  } finally {
    await service.stop();
  }
});

test("components stop after the last request has been answered, dependents first", async () => {
  const told: string[] = [];
  const part = (name: string, dependsOn: string[] = []) => ({ name, dependsOn, stop: () => told.push(name) });
  const components = [part("database"), part("pool", ["database"])];
  const service = await serving(
    { components, onDrain: () => told.push("drain"), onStop: () => void told.push("onStop") },
    await freePort(),
  );
  await (await fetch(service.url)).text();
  await service.stop();
  assert.deepEqual(told, ["drain", "onStop", "pool", "database"]);
});

test("a component that fails fails serve, and leaves no port open", async () => {
  const adminPort = await freePort();
  const components = [{ name: "database", start: () => Promise.reject(new Error("no such host")) }];
  await assert.rejects(serving({ components }, adminPort), {
    code: "COMPONENT_FAILED",
    message: /database: .*no such host/,
  });
  await assert.rejects(fetch(`http://127.0.0.1:${adminPort}/livez`));
});

test("health is composed: a shared dependency's outage shows and takes nobody out, a broken instance is not live", async () => {
  const adminPort = await freePort();
  const admin = `http://127.0.0.1:${adminPort}`;
  let isBroken = false;
  const service = await serving(
    {
      checks: [
        { name: "database", kind: "dependency", check: () => "connection refused", everyMs: 20 },
        { name: "loop", kind: "liveness", check: () => !isBroken, everyMs: 20 },
        { name: "cache", check: () => 200, everyMs: 20 },
      ],
    },
    adminPort,
  );
  try {
    const ready = await fetch(`${admin}/readyz`);
    const body = (await ready.json()) as HealthBody;
    assert.equal(ready.headers.get("content-type"), "application/health+json");
    assert.deepEqual([ready.status, body.status, body.output], [200, "warn", "database connection refused"]);
    assert.deepEqual(
      Object.entries(body.checks).map(([name, [check]]) => [name, check?.status]),
      [
        ["database", "warn"],
        ["loop", "pass"],
        ["cache", "pass"],
      ],
    );
    isBroken = true;
    await waitFor("it to be found broken", async () => (await fetch(`${admin}/livez`)).status === 503);
    const health = await fetch(`${admin}/healthcheck`);
    assert.deepEqual([health.status, ((await health.json()) as HealthBody).output], [503, "loop says no"]);
  } finally {
    await service.stop();
  }
});

test("SIGTERM while a component starts ends the process with 0 within two seconds, and what had started is stopped", async () => {
  const program = `${imports} await serve({ name: "slow", handler: (req, res) => res.end("ok"), components: [
    { name: "database", stop: () => console.log("database stopped") },
    { name: "cache", dependsOn: ["database"], start: () => { console.log("cache begins"); return new Promise(() => {}); } },
  ] }); console.log("never");`;
  await using child = await start({ program, until: "cache begins" });
  const gone = new Promise<number | null>((resolve) => child.process.once("exit", (code) => resolve(code)));
  const beganMs = performance.now();
  child.process.kill("SIGTERM");
  assert.equal(await gone, 0);
  assert.ok(performance.now() - beganMs < 2_500);
  assert.match(child.output(), /database stopped/);
  assert.doesNotMatch(child.output(), /never/);
});
