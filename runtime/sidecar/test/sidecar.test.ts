import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { type TestContext, test } from "node:test";
import { Config } from "@holdfast/config";
import { SeededRandom, SystemClock, silentLog } from "@holdfast/kernel";
import { MeterRegistry } from "@holdfast/metrics";
import { Resilience } from "@holdfast/resilience";
import { type RunningSidecar, type SidecarOptions, sidecarDefaults, startSidecar } from "@holdfast/sidecar";
import { waitFor } from "@holdfast/testing";
import { listen, recordOf, WrittenList } from "./fixture.ts";

interface Started {
  readonly sidecar: RunningSidecar;
  readonly servers: WrittenList;
}

async function start(
  t: TestContext,
  options: Partial<SidecarOptions>,
  environment: Record<string, string> = {},
): Promise<Started> {
  const clock = new SystemClock();
  const config = new Config();
  const servers = new WrittenList();
  const sidecar = await startSidecar(
    { ...sidecarDefaults, apiPort: 0, metersPort: 0, drainMs: 3_000, ...options },
    {
      clock,
      random: new SeededRandom(3),
      log: silentLog,
      meters: new MeterRegistry(),
      config,
      resilience: new Resilience(clock, new SeededRandom(1), config),
      servers,
      environment: {
        PATH: process.env["PATH"],
        PORT: "0",
        HOLDFAST_SERVICE: "reviews",
        HOLDFAST_INSTANCE_ID: "i-me",
        HOLDFAST_ADMIN_PORT: "0",
        HOLDFAST_INSTANCE_TOKEN: "secret",
        ...environment,
      },
    },
  );
  t.after(() => sidecar.stop("SIGTERM"));
  return { sidecar, servers };
}

/** A parent that answers who it is and what it was given, and does as it is told. */
const program = `
const { createServer } = require("node:http");
createServer((req, res) => {
  if (req.url === "/exit") process.exit(7);
  if (req.url === "/kill") process.kill(process.pid, "SIGKILL");
  if (req.url === "/slow") return setTimeout(() => res.end("slow"), 400);
  if (req.url === "/health") return res.writeHead(204).end();
  res.end(JSON.stringify({ method: req.method, url: req.url, env: process.env, headers: req.headers }));
}).listen(Number(process.env.PORT), process.env.HOST);
`;
const inFront = { inFront: true, parentPort: 0, command: [process.execPath, "-e", program] } as const;

const statusOf = async (sidecar: RunningSidecar): Promise<string> =>
  ((await (await fetch(`${sidecar.apiUrl}/status`)).json()) as { status: string }).status;

test("in front of a parent that it starts: callers get its answers, under the instance's name", async (t) => {
  const { sidecar } = await start(t, inFront);
  await waitFor("the parent to be up", async () => (await statusOf(sidecar)) === "UP");
  const got = await fetch(`${sidecar.url}/a?b=c`, { method: "POST", body: "x" });
  const seen = (await got.json()) as { method: string; url: string; env: Record<string, string> };
  assert.deepEqual([seen.method, seen.url, got.headers.get("x-holdfast-instance")], ["POST", "/a?b=c", "i-me"]);
  assert.equal(seen.env["HOLDFAST_SIDECAR"], sidecar.apiUrl);
  assert.equal(seen.env["HOLDFAST_SERVICE"], "reviews");
  for (const name of ["HOLDFAST_ADMIN_PORT", "HOLDFAST_INSTANCE_TOKEN"]) assert.equal(seen.env[name], undefined, name);
  const stranger = await fetch(sidecar.url, { headers: { "x-holdfast-instance": "i-other" } });
  assert.equal(stranger.status, 421);
  await stranger.body?.cancel();
});

test("meters that the parent sends as Spectator's clients do show among the sidecar's", async (t) => {
  const { sidecar } = await start(t, inFront);
  await waitFor("the parent to be up", async () => (await statusOf(sidecar)) === "UP");
  const seen = (await (await fetch(sidecar.url)).json()) as { env: Record<string, string> };
  const [, host, port] = /^udp:\/\/([\d.]+):(\d+)$/.exec(seen.env["SPECTATOR_OUTPUT_LOCATION"] ?? "") ?? [];
  const socket = createSocket("udp4");
  t.after(() => socket.close());
  socket.send("c:reviews.served,kind=test:3", Number(port), host);
  await waitFor("the counter", async () =>
    /reviews_served(_total)?\{[^}]*kind="test"[^}]*\} 3\b/.test(
      await (await fetch(`${sidecar.apiUrl}/metrics`)).text(),
    ),
  );
});

test("a taken port for meters is no reason not to start", async (t) => {
  const taken = createSocket("udp4");
  await new Promise<void>((resolve) => taken.bind(0, "127.0.0.1", resolve));
  t.after(() => taken.close());
  const { sidecar } = await start(t, { ...inFront, metersPort: taken.address().port });
  await waitFor("the parent to be up", async () => (await statusOf(sidecar)) === "UP");
  const seen = (await (await fetch(sidecar.url)).json()) as { env: Record<string, string> };
  assert.equal(seen.env["SPECTATOR_OUTPUT_LOCATION"], undefined);
});

test("the parent reaches other services through its sidecar", async (t) => {
  const { sidecar, servers } = await start(t, inFront);
  await using origin = await listen((req, res) => res.end(`catalog ${req.url}`));
  servers.set("catalog", [recordOf("catalog", "i-1", origin.port)]);
  assert.equal(await (await fetch(`${sidecar.apiUrl}/to/catalog/x`)).text(), "catalog /x");
});

test("a parent that ends by itself ends the sidecar with its own exit code", async (t) => {
  for (const [path, code] of [
    ["/exit", 7],
    ["/kill", 137],
  ] as const) {
    const { sidecar } = await start(t, inFront);
    await waitFor("the parent to be up", async () => (await statusOf(sidecar)) === "UP");
    await fetch(`${sidecar.url}${path}`, { method: "POST" }).then((got) => got.body?.cancel());
    assert.equal(await sidecar.ended, code);
  }
});

test("a request that the dead parent never saw may be made elsewhere, whatever its method", async (t) => {
  const { sidecar } = await start(t, { ...inFront, command: [process.execPath, "-e", "setInterval(() => {}, 1000)"] });
  const got = await fetch(sidecar.url, { method: "POST", body: "x" });
  const body = (await got.json()) as { code: string };
  assert.deepEqual(
    [got.status, body.code, got.headers.get("x-holdfast-not-executed"), got.headers.get("x-holdfast-retried")],
    [503, "PARENT_UNREACHABLE", "1", null],
  );
  assert.equal(await statusOf(sidecar), "STARTING");
});

test("on SIGTERM what is under way is answered before the parent gets the signal", async (t) => {
  const { sidecar } = await start(t, inFront);
  await waitFor("the parent to be up", async () => (await statusOf(sidecar)) === "UP");
  const slow = fetch(`${sidecar.url}/slow`).then((got) => got.text());
  await new Promise((resolve) => setTimeout(resolve, 100));
  const stopped = sidecar.stop("SIGTERM");
  assert.equal(await slow, "slow");
  assert.equal(await stopped, 143);
  assert.equal(await sidecar.ended, 143);
});

test("beside a parent that runs already: its own address is told, its own words decide", async (t) => {
  let status = 204;
  await using parent = await listen((_req, res) => res.writeHead(status).end());
  const { sidecar } = await start(t, { parentPort: parent.port, healthPath: "/healthcheck" });
  assert.equal(sidecar.url, `http://127.0.0.1:${parent.port}`);
  assert.equal(await statusOf(sidecar), "STARTING");
  status = 200;
  await waitFor("it to be up", async () => (await statusOf(sidecar)) === "UP");
  assert.equal(await (await fetch(`${sidecar.apiUrl}/healthcheck`)).text(), "<health>ok</health>");
  assert.equal(await sidecar.stop("SIGTERM"), 0);
});

test("a start that fails leaves neither a parent nor a port behind", async (t) => {
  await assert.rejects(start(t, { ...inFront, command: ["no-such-command"] }), { code: "COMMAND_NOT_FOUND" });
  await using taken = await listen(() => {});
  await assert.rejects(start(t, { ...inFront, apiPort: taken.port }), { code: "EADDRINUSE" });
  const { sidecar } = await start(t, { ...inFront, apiPort: taken.port, anyApiPort: true });
  assert.notEqual(new URL(sidecar.apiUrl).port, String(taken.port));
});

test("options that make no sense are named", async (t) => {
  const table = [
    [{ parentPort: 0 }, /parentPort/],
    [{ apiHost: "0.0.0.0" }, /apiHost/],
    [{ healthUrl: "nonsense" }, /healthUrl/],
    [{ healthPath: "x" }, /healthPath/],
    [{ app: "a b" }, /app/],
    [{ drainMs: -1 }, /drainMs/],
    [{ healthTimeoutMs: 0 }, /healthTimeoutMs/],
    [{ command: [] }, /command/],
  ] as const;
  for (const [options, message] of table) await assert.rejects(start(t, options), { code: "OPTION_INVALID", message });
});
