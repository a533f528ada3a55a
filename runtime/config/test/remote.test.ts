import assert from "node:assert/strict";
import { readFileSync, statSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";
import { test } from "node:test";
import {
  Config,
  type OpenConfigStream,
  RemoteSource,
  type RemoteSourceOptions,
  SnapshotFile,
  type StreamHandlers,
} from "@holdfast/config";
import { SeededRandom, SystemClock, silentLog } from "@holdfast/kernel";
import { FakeClock, settle, temporaryDirectory, waitFor } from "@holdfast/testing";
import { encodeSse, type ServedProperty } from "@holdfast/wire";
import { RememberingLog } from "./remembering-log.ts";

function served(key: string, value: string, more: Partial<ServedProperty> = {}): ServedProperty {
  return { key, value, scope: {}, revision: 1, author: "ada", atMs: 5, ...more };
}

/** Connections to servers, of which the test is the other end. */
class Servers {
  readonly urls: string[] = [];
  readonly tokens: (string | undefined)[] = [];
  handlers: StreamHandlers | undefined;
  closed = 0;

  readonly open: OpenConfigStream = (url, token, handlers) => {
    this.urls.push(url);
    this.tokens.push(token);
    this.handlers = handlers;
    return { close: () => void (this.closed += 1) };
  };

  send(event: string, data: unknown): void {
    this.handlers?.onSign();
    this.handlers?.onEvent({ event, data: typeof data === "string" ? data : JSON.stringify(data) });
  }

  snapshot(revision: number, ...properties: ServedProperty[]): void {
    this.send("snapshot", { epoch: "e1", revision, properties });
  }
}

function world(more: Partial<RemoteSourceOptions> = {}) {
  const [servers, clock, log] = [new Servers(), new FakeClock(), new RememberingLog()];
  const config = new Config({ clock });
  const options = { servers: ["http://a", "http://b/"], context: { appId: "api", zone: "z1" }, ...more };
  const source = new RemoteSource(config, clock, new SeededRandom(3), log, { open: servers.open, ...options });
  return { servers, clock, log, config, source };
}

test("what the server says is there when start resolves, and explain says who set it, when and why", async () => {
  const { servers, config, source } = world({ token: "t0k" });
  const started = source.start();
  servers.snapshot(7, served("ratings.limit", "30", { revision: 5, reason: "too many" }));
  await started;
  assert.match(servers.urls[0] ?? "", /^http:\/\/[ab]\/v1\/config\/stream\?appId=api&zone=z1$/);
  assert.deepEqual(servers.tokens, ["t0k"]);
  assert.equal(config.property("ratings.limit", 10).get(), 30);
  const [said] = config.explain("ratings.limit").layers;
  assert.deepEqual(
    [said?.layer, said?.author, said?.reason, said?.revision, said?.atMs],
    ["remote", "ada", "too many", 5, 5],
  );
  assert.deepEqual([source.staleness.isFresh, source.staleness.revision], [true, 7]);
  source.stop();
});

test("changes are pushed, in one go; an old one changes nothing", async () => {
  const { servers, config, source } = world();
  const started = source.start();
  servers.snapshot(1, served("a", "1"), served("b", "1"));
  await started;
  const [a, b] = [config.property("a", 0), config.property("b", 0)];
  const seen: string[] = [];
  a.subscribe(() => seen.push(`${a.get()} ${b.get()}`));
  servers.send("change", { revision: 2, set: [served("a", "2")], removed: ["b"] });
  servers.send("change", { revision: 2, set: [served("a", "9")], removed: [] });
  assert.deepEqual(seen, ["2 0"]);
  source.stop();
});

test("a stronger layer on this machine outweighs the server, and the server outweighs files", async () => {
  const { servers, config, source } = world();
  config.set("application", "a", 1);
  const started = source.start();
  servers.snapshot(1, served("a", "2"));
  await started;
  assert.equal(config.get("a", 0), 2);
  config.set("runtime", "a", 3);
  assert.equal(config.get("a", 0), 3);
  source.stop();
});

test("while no server answers the last values stay, staleness says for how long, and the next server is tried", async () => {
  const { servers, clock, config, log, source } = world();
  const started = source.start();
  servers.snapshot(1, served("a", "2"));
  await started;
  for (let i = 0; i < 6; i++) {
    servers.handlers?.onEnd("refused the connection");
    await clock.advance(5_000);
  }
  assert.equal(config.get("a", 0), 2);
  const { isFresh, forMs, problem } = source.staleness;
  assert.deepEqual([isFresh, forMs, problem?.includes("refused the connection")], [false, 30_000, true]);
  assert.equal(new Set(servers.urls).size, 2);
  assert.ok(servers.urls.length >= 6, String(servers.urls.length));
  servers.snapshot(2, served("a", "3"));
  assert.deepEqual([config.get("a", 0), source.staleness.isFresh], [3, true]);
  assert.ok(log.events("config.server.lost").length <= 6);
  source.stop();
});

test("a server that is silent for fifteen seconds is left; heartbeats keep it", async () => {
  const { servers, clock, source } = world();
  const started = source.start();
  servers.snapshot(1);
  await started;
  for (let i = 0; i < 10; i++) {
    await clock.advance(5_000);
    servers.handlers?.onSign();
  }
  assert.equal(servers.urls.length, 1);
  await clock.advance(17_000);
  assert.ok(servers.urls.length >= 2);
  assert.match(source.staleness.problem ?? "", /was silent for 15 s/);
  source.stop();
});

for (const [what, event, data] of [
  ["no JSON", "snapshot", "{"],
  ["a snapshot without properties", "snapshot", { epoch: "e", revision: 1 }],
  ["a property without a value", "snapshot", { epoch: "e", revision: 9, properties: [{ key: "a" }] }],
  ["a change that is a list", "change", []],
  ["a change that is null", "change", "null"],
] as const) {
  test(`${what} from a server changes nothing, and another server is asked`, async () => {
    const { servers, clock, config, source } = world();
    const started = source.start();
    servers.snapshot(1, served("a", "2"));
    await started;
    servers.send(event, data);
    assert.deepEqual([config.get("a", 0), source.staleness.isFresh, servers.closed], [2, false, 1]);
    await clock.advance(1_000);
    assert.equal(servers.urls.length, 2);
    source.stop();
  });
}

test("a start without a server has the last settled values: what was on trial when it was kept is not among them", async () => {
  using directory = temporaryDirectory("config");
  const path = join(directory.path, "deep/snapshot.json");
  const first = world({ snapshot: new SnapshotFile(path) });
  const started = first.source.start();
  first.servers.snapshot(
    4,
    served("limit", "0", { trial: { id: "s1", settled: "30" } }),
    served("new", "1", { trial: { id: "s2", settled: null } }),
    served("plain", "p"),
    served("password", "hunter2", { secret: true }),
  );
  await started;
  assert.deepEqual([first.config.get("limit", 9), first.config.get("new", 0)], [0, 1]);
  assert.equal(first.config.explain("password").value, "**** MASKED ****");
  await first.clock.advance(2_000);
  first.source.stop();
  assert.equal(statSync(path).mode & 0o777, 0o600);
  assert.doesNotMatch(readFileSync(path, "utf8"), /hunter2/);

  const second = world({ snapshot: new SnapshotFile(path) });
  const restarted = second.source.start();
  await second.clock.advance(500);
  await restarted;
  assert.deepEqual(
    [second.config.get("limit", 9), second.config.get("new", 0), second.config.get("plain", "")],
    [30, 0, "p"],
  );
  assert.deepEqual([second.source.staleness.fromSnapshot, second.source.staleness.isFresh], [true, false]);
  second.servers.snapshot(5, served("limit", "40"));
  assert.deepEqual([second.config.get("limit", 9), second.config.get("plain", "")], [40, ""]);
  second.source.stop();
});

test("a snapshot that is damaged, or none, is no reason not to start", async () => {
  using directory = temporaryDirectory("config");
  const path = join(directory.path, "snapshot.json");
  for (const text of ["", "{", '{"epoch":"e","revision":1,"savedAtMs":1,"properties":[{}]}', "[]"]) {
    writeFileSync(path, text);
    const { clock, config, source } = world({ snapshot: new SnapshotFile(path) });
    const started = source.start();
    await clock.advance(500);
    await started;
    assert.equal(config.get("a", 7), 7);
    source.stop();
  }
});

test("over real sockets: pushed within a moment, and again after the server has gone and come back", async () => {
  const streams = new Set<import("node:http").ServerResponse>();
  let asked = "";
  const start = (port: number): Promise<import("node:http").Server> =>
    new Promise((resolve) => {
      const server = createServer((req, res) => {
        asked = `${req.headers.authorization} ${req.url}`;
        res.writeHead(200, { "content-type": "text/event-stream" });
        res.write(
          encodeSse({
            event: "snapshot",
            data: JSON.stringify({ epoch: "e", revision: 1, properties: [served("a", "1")] }),
          }),
        );
        streams.add(res);
      });
      server.listen(port, "127.0.0.1", () => resolve(server));
    });
  let server = await start(0);
  const bound = server.address();
  const port = typeof bound === "object" && bound !== null ? bound.port : 0;
  const config = new Config();
  const source = new RemoteSource(config, new SystemClock(), new SeededRandom(1), silentLog, {
    servers: [`http://127.0.0.1:${port}`],
    context: { appId: "api" },
    token: "t",
  });
  try {
    await source.start();
    assert.equal(asked, "Bearer t /v1/config/stream?appId=api");
    const a = config.property("a", 0);
    assert.equal(a.get(), 1);
    const data = JSON.stringify({ revision: 2, set: [served("a", "2")], removed: [] });
    for (const stream of streams) stream.write(encodeSse({ event: "change", data }));
    await waitFor("the change", () => a.get() === 2);
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    await waitFor("staleness to show", () => !source.staleness.isFresh);
    server = await start(port);
    await waitFor("a fresh view", () => source.staleness.isFresh);
    assert.equal(a.get(), 1);
  } finally {
    source.stop();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    await settle();
  }
});
