import assert from "node:assert/strict";
import { Agent, createServer, request } from "node:http";
import { connect } from "node:net";
import { test } from "node:test";
import { currentContext } from "@holdfast/client";
import { SeededRandom, SystemClock, silentLog } from "@holdfast/kernel";
import { MeterRegistry } from "@holdfast/metrics";
import { Resilience } from "@holdfast/resilience";
import { client, processConfig, property, type RunningService, type ServeOptions, serve } from "@holdfast/service";
import { waitFor } from "@holdfast/testing";
import type { ResilienceReport } from "@holdfast/wire";
import { freePort } from "./free-port.ts";

interface Started extends AsyncDisposable {
  readonly service: RunningService;
  readonly admin: string;
  readonly meters: MeterRegistry;
}

async function start(
  { resilience = new Resilience(new SystemClock()), ...options }: ServeOptions & { readonly resilience?: Resilience },
  environment: Record<string, string> = {},
): Promise<Started> {
  const meters = new MeterRegistry();
  const surroundings = {
    clock: new SystemClock(),
    random: new SeededRandom(1),
    log: silentLog,
    meters,
    resilience,
    environment: { PORT: "0", HOLDFAST_ADMIN_PORT: "0", HOLDFAST_INSTANCE_ID: "i-me", ...environment },
  };
  const service = await serve({ handleSignals: false, ...options }, surroundings);
  const admin = `http://127.0.0.1:${service.adminPort}`;
  return { service, admin, meters, [Symbol.asyncDispose]: () => service.stop() };
}

test("a (req, res) function and a fetch-style one both serve", async () => {
  await using node = await start({ handler: (_req, res) => res.end("node") });
  await using fetchLike = await start({
    handler: async (req: Request) => new Response(`${req.method} ${await req.text()}`, { status: 201 }),
  });
  await using object = await start({ handler: { fetch: () => new Response("object") } });
  await using bare = await start({ handler: () => new Response("bare") });
  assert.equal(await (await fetch(bare.service.url)).text(), "bare");
  assert.equal(await (await fetch(node.service.url)).text(), "node");
  const posted = await fetch(fetchLike.service.url, { method: "POST", body: "hello" });
  assert.deepEqual([posted.status, await posted.text()], [201, "POST hello"]);
  assert.equal(await (await fetch(object.service.url)).text(), "object");
});

test("a request meant for another instance is refused before the handler runs, and every answer says who gave it", async () => {
  let runs = 0;
  await using started = await start({ handler: (_req, res) => res.end(String(++runs)) });
  const other = await fetch(started.service.url, { method: "POST", headers: { "x-holdfast-instance": "i-other" } });
  assert.deepEqual([other.status, other.headers.get("x-holdfast-not-executed"), runs], [421, "1", 0]);
  const mine = await fetch(started.service.url, { headers: { "x-holdfast-instance": "i-me" } });
  assert.deepEqual([mine.status, mine.headers.get("x-holdfast-instance"), runs], [200, "i-me", 1]);
  await other.body?.cancel();
  await mine.body?.cancel();
});

test("a handler that throws, at once or later, becomes a coded 500 and the server lives on", async () => {
  await using started = await start({
    handler: (req, _res) => {
      if (req.url === "/now") throw new Error("secret detail");
      return Promise.reject(new Error("secret detail"));
    },
  });
  for (const path of ["/now", "/later", "/now"]) {
    const answer = await fetch(`${started.service.url}${path}`);
    const text = await answer.text();
    assert.equal(answer.status, 500);
    assert.match(text, /HANDLER_FAILED/);
    assert.doesNotMatch(text, /secret/);
  }
});

test("the handler runs in the context of its request: id and deadline", async () => {
  const seen: unknown[] = [];
  await using started = await start({
    handler: (_req, res) => {
      const context = currentContext();
      seen.push(context?.requestId, context?.deadlineAtMs !== undefined);
      res.end();
    },
  });
  const headers = { "x-request-id": "r-1", "x-holdfast-deadline-ms": "500" };
  await (await fetch(started.service.url, { headers })).text();
  assert.deepEqual(seen, ["r-1", true]);
  const late = await fetch(started.service.url, { headers: { "x-holdfast-deadline-ms": "0" } });
  assert.deepEqual([late.status, late.headers.get("x-holdfast-not-executed")], [504, "1"]);
  await late.body?.cancel();
});

test("the admin port shows health, metrics and identity, and only reads", async () => {
  await using started = await start({ handler: (_req, res) => res.end() }, { HOLDFAST_ZONE: "local-1b" });
  await (await fetch(started.service.url)).text();
  const get = (path: string): Promise<Response> => fetch(`${started.admin}${path}`);
  for (const path of ["/healthz", "/readyz", "/healthcheck"]) assert.equal((await get(path)).status, 200, path);
  assert.match(
    await (await get("/metrics")).text(),
    /ipc_server_call_seconds_count\{[^}]*http_method="GET",http_status="200"[^}]*\} 1/,
  );
  const openMetrics = await fetch(`${started.admin}/metrics`, { headers: { accept: "application/openmetrics-text" } });
  assert.match(openMetrics.headers.get("content-type") ?? "", /^application\/openmetrics-text; version=1\.0\.0/);
  assert.match(await openMetrics.text(), /# EOF\n$/);
  const info = (await (await get("/v1/info")).json()) as Record<string, unknown>;
  assert.deepEqual([info["instanceId"], info["zone"], "env" in info], ["i-me", "local-1b", false]);
  assert.equal((await fetch(`${started.admin}/healthz`, { method: "POST" })).status, 405);
  assert.equal((await get("/nothing")).status, 404);
});

test("a failing health check turns the instance down, with its reason, and a passing one up again", async () => {
  let healthy = false;
  await using started = await start({ handler: (_req, res) => res.end(), health: () => healthy });
  assert.equal((await fetch(`${started.admin}/healthcheck`)).status, 204);
  healthy = true;
  await waitFor("up", () => started.service.readiness === "up", { timeoutMs: 4_000 });
  healthy = false;
  await waitFor("down", () => started.service.readiness === "down", { timeoutMs: 4_000 });
  const answer = await fetch(`${started.admin}/healthcheck`);
  assert.equal(answer.status, 503);
  assert.match(await answer.text(), /its health check says no/);
});

test("a drain serves what is under way and what still arrives, and ends the connections", async () => {
  let release: () => void = () => {};
  const held = new Promise<void>((resolve) => (release = resolve));
  const started = await start({
    handler: async (req, res) => {
      if (req.url === "/slow") await held;
      res.end("done");
    },
  });
  const slow = fetch(`${started.service.url}/slow`);
  await new Promise((resolve) => setTimeout(resolve, 30));
  const stopped = started.service.stop();
  await waitFor("draining", () => started.service.readiness === "draining");
  assert.equal((await fetch(`${started.admin}/readyz`)).status, 503);
  const late = await fetch(started.service.url);
  assert.deepEqual([late.status, late.headers.get("connection")], [200, "close"]);
  await late.text();
  release();
  assert.equal(await (await slow).text(), "done");
  await stopped;
  await assert.rejects(fetch(started.service.url));
});

test("a drain that cannot end is bounded", async () => {
  const started = await start({ handler: () => {}, drainMs: 150 });
  const hanging = fetch(started.service.url).catch((error: unknown) => error);
  await new Promise((resolve) => setTimeout(resolve, 30));
  const from = performance.now();
  await started.service.stop();
  assert.ok(performance.now() - from < 1_000);
  assert.ok((await hanging) instanceof Error);
});

test("headers that are too long and a request that is no HTTP get coded answers", async () => {
  await using started = await start({ handler: (_req, res) => res.end() });
  const long = await fetch(started.service.url, { headers: { "x-long": "a".repeat(60_000) } });
  assert.equal(long.status, 431);
  assert.match(await long.text(), /HEADERS_TOO_LARGE/);
  const socket = connect(started.service.port, "127.0.0.1");
  socket.end("this is not http\r\n\r\n");
  let text = "";
  for await (const chunk of socket) text += String(chunk);
  assert.match(text, /^HTTP\/1.1 400 [^]*REQUEST_MALFORMED/);
});

test("keep-alive of the server is longer than any caller of ours keeps a connection", async () => {
  await using started = await start({ handler: (_req, res) => res.end() });
  const hint = await new Promise<string>((resolve, reject) => {
    const call = request(started.service.url, { headers: { connection: "keep-alive" } }, (response) => {
      response.resume();
      resolve(String(response.headers["keep-alive"]));
    });
    call.on("error", reject);
    call.end();
  });
  assert.match(hint, /timeout=65/);
});

test("a bad port in the environment is refused by name", async () => {
  await assert.rejects(
    start({ handler: () => {} }, { PORT: "eighty" }),
    /PORT: must be a port from 0 to 65535, got eighty/,
  );
});

test("a property of the process starts from its environment and follows what is set at run time", () => {
  const limit = property("service.test.limit", 10);
  assert.equal(limit.get(), 10);
  processConfig().set("runtime", "service.test.limit", 20);
  assert.equal(limit.get(), 20);
  processConfig().set("runtime", "service.test.limit", undefined);
});

/** What a server answers to these bytes, up to the end of the connection or half a second of silence. */
async function raw(port: number, bytes: string): Promise<string> {
  const socket = connect(port, "127.0.0.1");
  socket.setTimeout(500, () => socket.destroy());
  socket.on("error", () => {});
  socket.write(bytes);
  let text = "";
  socket.on("data", (chunk) => (text += String(chunk)));
  await new Promise((resolve) => socket.once("close", resolve));
  return text;
}

test("targets that are no URL end nothing: the admin port answers 404, a fetch-style handler 400", async () => {
  await using started = await start({ handler: { fetch: (req: Request) => new Response(new URL(req.url).pathname) } });
  const close = "connection: close\r\n\r\n";
  assert.match(await raw(started.service.adminPort, `GET // HTTP/1.1\r\nhost: a\r\n${close}`), /^HTTP\/1.1 404 /);
  const malformed = await raw(started.service.port, `GET / HTTP/1.1\r\nhost: a b\r\n${close}`);
  assert.match(malformed, /^HTTP\/1.1 400 [^]*REQUEST_MALFORMED/);
  assert.match(await raw(started.service.port, `GET http://b/x HTTP/1.1\r\nhost: a\r\n${close}`), /\r\n\/x\r\n/);
  assert.match(await raw(started.service.port, `GET //x HTTP/1.1\r\nhost: a\r\n${close}`), /\r\n\/\/x\r\n/);
});

test("an upgrade meant for another instance is refused, one meant for this or for any is not", async () => {
  await using started = await start({
    handler: (_req, res) => res.end(),
    onUpgrade: (_req, socket) => void socket.end("HTTP/1.1 101 Switching Protocols\r\n\r\n"),
  });
  const upgrade = (more: string): Promise<string> =>
    raw(started.service.port, `GET / HTTP/1.1\r\nhost: a\r\nconnection: upgrade\r\nupgrade: x\r\n${more}\r\n`);
  assert.match(await upgrade("x-holdfast-instance: i-other\r\n"), /^HTTP\/1.1 421 [^]*x-holdfast-not-executed: 1/);
  assert.match(await upgrade("x-holdfast-instance: i-me\r\n"), /^HTTP\/1.1 101 /);
  assert.match(await upgrade(""), /^HTTP\/1.1 101 /);
});

test("a body that a fetch-style handler does not read blocks no later request of the connection", async () => {
  await using started = await start({ handler: { fetch: () => new Response("unread") } });
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const ports = new Set<number | undefined>();
  for (let i = 0; i < 3; i++) {
    const status = await new Promise((resolve, reject) => {
      const call = request({ port: started.service.port, method: "POST", agent }, (response) => {
        ports.add(response.socket.localPort);
        response.resume().on("end", () => resolve(response.statusCode));
      });
      call.setTimeout(3_000, () => call.destroy(new Error("no answer")));
      call.on("error", reject).end(Buffer.alloc(2_000_000));
    });
    assert.equal(status, 200);
  }
  agent.destroy();
  assert.equal(ports.size, 1);
});

test("a fetch-style handler streams both ways, as fast as it is read, without a warning", async () => {
  const warnings: string[] = [];
  const onWarning = (warning: Error): void => void warnings.push(warning.message);
  process.on("warning", onWarning);
  await using started = await start({ handler: { fetch: (req: Request) => new Response(req.body) } });
  const sent = Buffer.alloc(6_000_000, "abc");
  const answer = await fetch(started.service.url, { method: "POST", body: sent });
  assert.ok(Buffer.from(await answer.arrayBuffer()).equals(sent));
  await new Promise((resolve) => setImmediate(resolve));
  process.off("warning", onWarning);
  assert.deepEqual(warnings, []);
});

test("a fetch-style source that waits is let go when the caller has gone", async () => {
  let cancelled = false;
  const source = (): ReadableStream =>
    new ReadableStream({
      start: (controller) => controller.enqueue(new TextEncoder().encode("first")),
      cancel: () => void (cancelled = true),
    });
  await using started = await start({ handler: { fetch: () => new Response(source()) } });
  const answer = await fetch(started.service.url);
  const reader = answer.body?.getReader();
  await reader?.read();
  await reader?.cancel();
  await waitFor("the source to be cancelled", () => cancelled);
});

interface FakeRegistry extends AsyncDisposable {
  readonly url: string;
  readonly calls: string[];
}

/** Knows everyone, and takes so long to answer each method; `undefined`: for ever. */
async function registry(delayOf: (method: string) => number | undefined): Promise<FakeRegistry> {
  const calls: string[] = [];
  const server = createServer((req, res) => {
    const path = new URL(req.url ?? "/", "http://registry").pathname;
    calls.push(`${req.method} ${path}`);
    req.resume();
    const delayMs = delayOf(req.method ?? "");
    if (delayMs === undefined) return;
    const isStatus = path.endsWith("/status");
    setTimeout(() => {
      res.writeHead(isStatus ? 200 : 204);
      res.end(isStatus ? '{"listeners":0,"seen":0,"complete":true}' : "");
    }, delayMs);
  });
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  const bound = server.address();
  assert.ok(typeof bound === "object" && bound !== null);
  return {
    url: `http://127.0.0.1:${bound.port}`,
    calls,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

test("a request that comes while the instance deregisters is answered in full", async () => {
  await using slow = await registry((method) => (method === "DELETE" ? 300 : 0));
  const started = await start(
    { handler: (_req, res) => void setTimeout(() => res.end("done"), 200) },
    { HOLDFAST_REGISTRIES: slow.url },
  );
  await waitFor("the registration", () => slow.calls.some((call) => call.startsWith("PUT")));
  const stopped = started.service.stop();
  await waitFor("the deregistration", () => slow.calls.some((call) => call.startsWith("DELETE")));
  await new Promise((resolve) => setTimeout(resolve, 200));
  const late = await fetch(started.service.url);
  assert.equal(await late.text(), "done");
  await stopped;
});

test("registries that do not answer hold up a drain for a bounded time", async () => {
  await using hanging = await registry((method) => (method === "PUT" ? undefined : 0));
  const started = await start(
    { handler: (_req, res) => res.end(), drainMs: 600 },
    { HOLDFAST_REGISTRIES: `${hanging.url},${hanging.url}` },
  );
  await waitFor("the registration", () => hanging.calls.length > 0);
  const from = performance.now();
  await started.service.stop();
  assert.ok(performance.now() - from < 2_500, `${performance.now() - from}`);
});

test("a hanging onStop is bounded and a failing one is told, and neither leaves a port open", async () => {
  const hanging = await start({ handler: (_req, res) => res.end(), onStop: () => new Promise(() => {}), drainMs: 100 });
  await assert.rejects(hanging.service.stop(), /onStop: not done within 1000 ms/);
  const failing = await start({ handler: (_req, res) => res.end(), onStop: () => Promise.reject(new Error("disk")) });
  await assert.rejects(failing.service.stop(), /disk/);
  for (const admin of [hanging.admin, failing.admin]) await assert.rejects(fetch(`${admin}/healthz`));
});

test("a health check that hangs is not asked again before it has answered", async () => {
  let asked = 0;
  await using started = await start({
    handler: (_req, res) => res.end(),
    health: () => {
      asked += 1;
      return new Promise(() => {});
    },
  });
  await new Promise((resolve) => setTimeout(resolve, 500));
  assert.equal(asked, 1);
  const answer = await fetch(`${started.admin}/readyz`);
  assert.equal(answer.status, 503);
  assert.match(await answer.text(), /took longer than 1000 ms/);
});

test("a port that is taken is told, and the admin port is given back", async () => {
  await using first = await start({ handler: (_req, res) => res.end() });
  const environment = { PORT: String(first.service.port), HOLDFAST_ADMIN_PORT: String(await freePort()) };
  const second = start({ handler: (_req, res) => res.end() }, environment);
  await assert.rejects(second, /EADDRINUSE/);
  await assert.rejects(fetch(`http://127.0.0.1:${environment.HOLDFAST_ADMIN_PORT}/healthz`));
});

test("a call by name outside Holdfast fails at once, with a code and the next step", async () => {
  const from = performance.now();
  await assert.rejects(client("catalog").json("/titles"), { code: "SERVICE_UNKNOWN", next: /^holdfast / });
  assert.ok(performance.now() - from < 1_000);
});

test("the admin port shows circuits and balancers, and streams them as Hystrix did", async () => {
  const resilience = new Resilience(new SystemClock());
  const titles = resilience.command<[string], string>({ key: "titles", group: "catalog", run: async (_c, id) => id });
  const logs: string[][] = [];
  resilience.onRequestLog((log) => logs.push(log.map((entry) => `${entry.key} ${entry.events.join()}`)));
  await using started = await start({
    handler: async (_req, res) => {
      await new Promise((resolve) => setImmediate(resolve));
      res.end(await titles.execute("tt1"));
    },
    resilience,
  });
  assert.equal(await (await fetch(started.service.url)).text(), "tt1");
  await waitFor("the request's log", () => logs.length === 1);
  assert.deepEqual(logs, [["titles SUCCESS"]]);

  const report = (await (await fetch(`${started.admin}/v1/resilience`)).json()) as ResilienceReport;
  assert.deepEqual(
    report.commands.map(({ key, group, state, requests, events, limit }) => ({
      key,
      group,
      state,
      requests,
      events,
      limit,
    })),
    [
      {
        key: "titles",
        group: "catalog",
        state: "closed",
        requests: 1,
        events: { SUCCESS: 1, COMMAND_MAX_ACTIVE: 1 },
        limit: 10,
      },
    ],
  );
  const metrics = await (await fetch(`${started.admin}/metrics`)).text();
  assert.match(metrics, /resilience_events\S*command="titles"\S* 1/);

  const stream = await fetch(`${started.admin}/hystrix.stream`);
  assert.equal(stream.headers.get("content-type"), "text/event-stream;charset=UTF-8");
  const reader = stream.body?.getReader();
  const first = new TextDecoder().decode((await reader?.read())?.value);
  assert.match(first, /^data: \{"type":"HystrixCommand","name":"titles","group":"catalog"/);
  await reader?.cancel();
  for (const path of ["config", "utilization", "request"]) {
    const answer = await fetch(`${started.admin}/hystrix/${path}.stream`);
    assert.equal(answer.status, 200);
    await answer.body?.cancel();
  }
});

test("a service with a limit does so much at a time, turns the rest away unexecuted, and never its health checks", async () => {
  let [active, most, runs] = [0, 0, 0];
  const open: (() => void)[] = [];
  await using started = await start({
    limit: { max: 2, patienceMs: 20 },
    handler: async (_req, res) => {
      active += 1;
      runs += 1;
      most = Math.max(most, active);
      await new Promise<void>((resolve) => open.push(resolve));
      active -= 1;
      res.end("done");
    },
  });
  const calls = Array.from({ length: 6 }, () => fetch(started.service.url));
  await waitFor("two to be under way", () => open.length === 2);
  const refused = await Promise.race(calls);
  assert.equal(refused.status, 503);
  assert.equal(refused.headers.get("x-holdfast-not-executed"), "1");
  assert.equal(refused.headers.get("retry-after"), "1");
  assert.match(await refused.text(), /OVERLOADED/);
  const metrics = await (await fetch(`${started.admin}/metrics`)).text();
  assert.match(metrics, /server_limit 2/);
  assert.match(metrics, /server_limit_active 2/);
  for (const end of open) end();
  const statuses = (await Promise.all(calls)).map((answer) => answer.status);
  for (const end of open) end();
  assert.equal(statuses.filter((status) => status === 503).length, 4);
  assert.deepEqual([most, runs], [2, 2]);
});
