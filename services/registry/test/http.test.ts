import assert from "node:assert/strict";
import { test } from "node:test";
import { waitFor } from "@holdfast/testing";
import { type InstanceRecord, SseDecoder, type SseEvent } from "@holdfast/wire";
import { Cluster } from "./cluster.ts";
import { recordOf } from "./records.ts";

async function send(url: string, method: string, body?: unknown): Promise<{ status: number; body: unknown }> {
  const payload = typeof body === "string" ? body : JSON.stringify(body);
  const init = body === undefined ? { method } : { method, body: payload };
  const response = await fetch(url, { ...init, headers: { "content-type": "application/json" } });
  const text = await response.text();
  return { status: response.status, body: text === "" ? undefined : JSON.parse(text) };
}

function code(body: unknown): unknown {
  return typeof body === "object" && body !== null && "code" in body ? body.code : body;
}

/** Reads a stream until its scope ends. */
class Listening implements AsyncDisposable {
  readonly events: SseEvent[] = [];
  readonly #abort = new AbortController();
  readonly #done: Promise<void>;

  constructor(url: string, lastEventId?: string) {
    this.#done = this.#read(url, lastEventId === undefined ? {} : { "last-event-id": lastEventId }).catch(() => {});
  }

  async first(): Promise<SseEvent> {
    return waitFor("the first event", () => this.events[0]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#abort.abort();
    await this.#done;
  }

  async #read(url: string, headers: Record<string, string>): Promise<void> {
    const response = await fetch(`${url}`, { headers, signal: this.#abort.signal });
    const decoder = new SseDecoder((event) => void this.events.push(event));
    for await (const chunk of response.body ?? []) decoder.push(Buffer.from(chunk).toString("utf8"));
  }
}

test("the life of an instance over the API: register, renew, status, read, remove", async () => {
  await using cluster = await Cluster.start(1);
  const base = `${cluster.url(0)}/v1/registry/instances`;
  const account = { incarnation: 1_000, version: 1 };

  assert.equal((await send(`${base}/catalog/i-1`, "PUT", recordOf("i-1"))).status, 204);
  assert.equal((await send(`${base}/catalog/i-1/renew`, "POST", account)).status, 204);
  const change = { status: "DOWN", incarnation: 1_000, version: 2, awaitSeenMs: 0 };
  assert.equal((await send(`${base}/catalog/i-1/status`, "PUT", change)).status, 200);
  const one = await send(`${base}/catalog/i-1`, "GET");
  assert.deepEqual(one, { status: 200, body: recordOf("i-1", { status: "DOWN", version: 2 }) });
  assert.deepEqual((await send(`${base}?app=CATALOG`, "GET")).body, [one.body]);
  assert.deepEqual((await send(`${base}?app=users`, "GET")).body, []);

  assert.equal((await send(`${base}/catalog/i-1?incarnation=1000&cause=gone`, "DELETE")).status, 204);
  const after = await send(`${base}/catalog/i-1`, "GET");
  assert.deepEqual([after.status, code(after.body)], [404, "INSTANCE_UNKNOWN"]);
});

test("what cannot be used is refused by a code and leaves the registry as it was", async () => {
  await using cluster = await Cluster.start(1);
  const base = `${cluster.url(0)}/v1/registry/instances/catalog`;
  await send(`${base}/i-1`, "PUT", recordOf("i-1", { incarnation: 2_000 }));
  const long = { ...recordOf("i-2"), metadata: { note: "x".repeat(80_000) } };
  const cases: [string, string, unknown, number, string][] = [
    ["PUT", "/i-1", recordOf("i-1"), 409, "INSTANCE_OLDER"],
    ["PUT", "/i-2", "{ not json", 400, "BODY_INVALID"],
    ["PUT", "/i-2", { ...recordOf("i-2"), port: "80" }, 400, "BODY_INVALID"],
    ["PUT", "/i-2", { ...recordOf("i-2"), status: "GREAT" }, 400, "BODY_INVALID"],
    ["PUT", "/i-2", recordOf("i-3"), 400, "BODY_INVALID"],
    ["PUT", "/i-2", long, 413, "BODY_TOO_LARGE"],
    ["PUT", "/i%20%2F2", recordOf("i-2"), 400, "BODY_INVALID"],
    ["PUT", "/i-2/x/y", recordOf("i-2"), 404, "PATH_UNKNOWN"],
    ["PUT", "/%E0%A4%A", recordOf("i-2"), 400, "PATH_UNKNOWN"],
    ["POST", "/i-2/renew", { incarnation: 1, version: 1 }, 404, "INSTANCE_UNKNOWN"],
    ["PATCH", "/i-1", {}, 405, "METHOD_UNKNOWN"],
  ];
  for (const [method, path, body, status, expected] of cases) {
    const answer = await send(`${base}${path}`, method, body);
    assert.deepEqual([answer.status, code(answer.body)], [status, expected], `${method} ${path}`);
  }
  assert.deepEqual(
    cluster
      .registry(0)
      .records()
      .map((record) => record.id),
    ["i-1"],
  );
});

test("a stream begins with a snapshot, goes on with deltas, and shows only the apps that were asked for", async () => {
  await using cluster = await Cluster.start(1);
  cluster.registry(0).register(recordOf("i-1"));
  cluster.registry(0).register(recordOf("i-8", { app: "users" }));
  await using all = new Listening(`${cluster.url(0)}/v1/registry/stream`);
  await using some = new Listening(`${cluster.url(0)}/v1/registry/stream?app=catalog,ratings`);

  const names = (event: SseEvent): string[] =>
    JSON.parse(event.data).instances.map((record: InstanceRecord) => record.id);
  assert.deepEqual(names(await all.first()), ["i-1", "i-8"]);
  assert.deepEqual(names(await some.first()), ["i-1"]);

  cluster.registry(0).register(recordOf("i-9", { app: "users" }));
  cluster.registry(0).remove(recordOf("i-1").id, "catalog", "killed", undefined);
  await waitFor("the removal", () => some.events[1]);
  const delta = JSON.parse(some.events[1]?.data ?? "{}");
  assert.deepEqual(delta.removals, [{ app: "catalog", id: "i-1", cause: "killed" }]);
  assert.deepEqual(delta.upserts, []);
});

test("a stream that resumes gets what it missed; with a foreign cursor it gets a snapshot", async () => {
  await using cluster = await Cluster.start(1);
  const url = `${cluster.url(0)}/v1/registry/stream`;
  cluster.registry(0).register(recordOf("i-1"));
  let cursor = "";
  {
    await using before = new Listening(url);
    cursor = (await before.first()).id ?? "";
  }
  cluster.registry(0).register(recordOf("i-2"));

  await using resumed = new Listening(url, cursor);
  await using foreign = new Listening(url, "peer-9:1:1");

  const delta = await resumed.first();
  assert.equal(delta.event, "delta");
  assert.deepEqual(
    JSON.parse(delta.data).upserts.map((record: InstanceRecord) => record.id),
    ["i-2"],
  );
  assert.equal(typeof JSON.parse(delta.data).listener, "string");
  assert.equal((await foreign.first()).event, "snapshot");
});

test("a registry that is not in sync yet refuses streams, and its health says so", async () => {
  await using cluster = await Cluster.start(2);
  await waitFor("both", () => cluster.registry(0).synced && cluster.registry(1).synced);
  await cluster.stop(0);
  await cluster.stop(1);
  await cluster.run(0);

  const stream = await send(`${cluster.url(0)}/v1/registry/stream`, "GET");
  assert.deepEqual([stream.status, code(stream.body)], [503, "REGISTRY_NOT_SYNCED"]);
  assert.equal((await send(`${cluster.url(0)}/v1/registry/health`, "GET")).status, 503);

  await waitFor("it to serve alone", async () => {
    return (await send(`${cluster.url(0)}/v1/registry/health`, "GET")).status === 200;
  });
});

test("peers tell how their links are", async () => {
  await using cluster = await Cluster.start(2);
  await waitFor("the link", () => cluster.registry(0).peers()[0]?.state === "up");

  const answer = await send(`${cluster.url(0)}/v1/registry/peers`, "GET");

  assert.equal(answer.status, 200);
  assert.match(JSON.stringify(answer.body), /"state":"up","reason":""/);
  await cluster.stop(1);
  await waitFor("the link's end", () => cluster.registry(0).peers()[0]?.state === "down");
});
