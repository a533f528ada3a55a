import assert from "node:assert/strict";
import { test } from "node:test";
import { SystemClock, silentLog, systemRandom } from "@holdfast/kernel";
import type {
  LeaseExplanation,
  OverrideView,
  PreservationView,
  RegistryEventsAnswer,
  RegistrySummary,
} from "@holdfast/wire";
import fc from "fast-check";
import { type RunningRegistry, startRegistry } from "../src/start.ts";
import { recordOf } from "./records.ts";

interface Answer {
  readonly status: number;
  readonly type: string | null;
  readonly body: unknown;
}

/** A registry that stands alone on a port of its own. */
class Running {
  readonly #running: RunningRegistry;

  private constructor(running: RunningRegistry) {
    this.#running = running;
  }

  static async start(): Promise<Running> {
    const settings = { name: "a", peers: [], zone: "local-1a" };
    const running = await startRegistry(new SystemClock(), systemRandom(), silentLog, settings);
    await running.synced;
    return new Running(running);
  }

  get registry(): RunningRegistry["registry"] {
    return this.#running.registry;
  }

  async call(method: string, path: string, body?: unknown): Promise<Answer> {
    const init =
      body === undefined ? { method } : { method, body: typeof body === "string" ? body : JSON.stringify(body) };
    const response = await fetch(`${this.#running.url}${path}`, init);
    const text = await response.text();
    return {
      status: response.status,
      type: response.headers.get("content-type"),
      body: text === "" ? undefined : JSON.parse(text),
    };
  }

  /** What a call answers that goes well. */
  async get<T>(path: string): Promise<T> {
    const { status, body } = await this.call("GET", path);
    assert.equal(status, 200, path);
    return body as T;
  }

  async refused(method: string, path: string, status: number, code: string, body?: unknown): Promise<void> {
    const answer = await this.call(method, path, body);
    const said = answer.body as { code?: unknown; detail?: unknown };
    assert.deepEqual([answer.status, said.code], [status, code], `${method} ${path}`);
    assert.equal(answer.type, "application/problem+json");
    assert.match(String(said.detail), /\w+ \w+/);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#running.close();
  }
}

test("why an instance is seen as it is: its state, its own word, the lease, and the events about it", async () => {
  await using running = await Running.start();
  running.registry.register(recordOf("i-1"));
  running.registry.setOverride("catalog", "i-1", "OUT_OF_SERVICE", "ops", "a leak");

  const why = await running.get<LeaseExplanation>("/v1/leases/catalog/i-1/why");
  assert.deepEqual([why.state, why.status, why.owner?.status], ["live", "OUT_OF_SERVICE", "UP"]);
  assert.match(
    why.summary,
    /^catalog\/i-1 is OUT_OF_SERVICE: an operator's override outweighs its own UP; its lease lives .* more\.$/,
  );
  assert.deepEqual(why.reasons[0], "ops has set it to OUT_OF_SERVICE: a leak");
  assert.deepEqual([why.lease?.durationMs, why.lease?.via], [9_000, "instance"]);
  assert.deepEqual(
    why.events.map(({ kind }) => kind),
    ["registered", "override-set", "status"],
  );
});

test("why an instance is not seen: it was removed, or was never heard of, which is 404 with the same words", async () => {
  await using running = await Running.start();
  const record = recordOf("i-1");
  running.registry.register(record);
  running.registry.remove(record.id, "catalog", "scaled in", undefined);

  const why = await running.get<LeaseExplanation>("/v1/leases/catalog/i-1/why");
  assert.deepEqual([why.state, why.status, why.removal?.cause], ["removed", null, "scaled in"]);
  assert.match(why.summary, /was taken out .* ago: scaled in\./);
  assert.ok((why.removal?.rememberedForMs ?? 0) > 590_000);

  const unknown = await running.call("GET", "/v1/leases/catalog/nobody/why");
  assert.equal(unknown.status, 404);
  assert.match((unknown.body as LeaseExplanation).summary, /catalog\/nobody is not known at a/);
  await running.refused("POST", "/v1/leases/catalog/i-1/why", 404, "PATH_UNKNOWN");
  await running.refused("GET", "/v1/leases/catalog/i-1", 404, "PATH_UNKNOWN");
});

test("overrides over the API: set, listed with who and why, taken back, and refused for nobody", async () => {
  await using running = await Running.start();
  running.registry.register(recordOf("i-1"));
  const path = "/v1/registry/overrides/catalog/i-1";
  const word = { status: "OUT_OF_SERVICE", by: "ops", reason: "a leak" };
  assert.equal((await running.call("PUT", path, word)).status, 204);

  const [listed, ...others] = await running.get<OverrideView[]>("/v1/registry/overrides");
  assert.deepEqual(
    [listed?.id, listed?.status, listed?.by, listed?.reason, others.length],
    ["i-1", "OUT_OF_SERVICE", "ops", "a leak", 0],
  );
  assert.ok(Math.abs(Date.parse(listed?.at ?? "") - Date.now()) < 60_000, listed?.at);
  assert.equal(running.registry.get("catalog", "i-1")?.status, "OUT_OF_SERVICE");

  assert.equal((await running.call("DELETE", `${path}?by=ops`)).status, 204);
  assert.deepEqual(await running.get("/v1/registry/overrides"), []);
  await running.refused("DELETE", path, 404, "OVERRIDE_UNKNOWN");
  await running.refused("PUT", "/v1/registry/overrides/catalog/nobody", 404, "INSTANCE_UNKNOWN", word);
  await running.refused("PUT", path, 400, "BODY_INVALID", { status: "GREAT" });
  await running.refused("POST", path, 405, "METHOD_UNKNOWN", word);
});

test("the event log over the API: by instance, from where one knows it, and never more than asked for", async () => {
  await using running = await Running.start();
  for (let i = 0; i < 5; i++) running.registry.register(recordOf(`i-${i}`));
  const all = await running.get<RegistryEventsAnswer>("/v1/registry/events");
  assert.deepEqual([all.events.length, all.oldest, all.newest], [5, 1, 5]);
  const some = await running.get<RegistryEventsAnswer>("/v1/registry/events?app=CATALOG&after=2&limit=2");
  assert.deepEqual(
    some.events.map(({ sequence }) => sequence),
    [4, 5],
  );
  const one = await running.get<RegistryEventsAnswer>("/v1/registry/events?id=i-3");
  assert.deepEqual(
    one.events.map(({ detail }) => detail),
    ["registered UP at 127.1.1.10:12000 in local-1a"],
  );
  for (const query of ["after=x", "limit=-1", "limit=1e3", "after=1.5"]) {
    await running.refused("GET", `/v1/registry/events?${query}`, 400, "QUERY_INVALID");
  }
});

test("the summary and self-preservation over the API say in numbers and words how it is", async () => {
  await using running = await Running.start();
  running.registry.register(recordOf("i-1"));
  running.registry.register(recordOf("i-2", { status: "DOWN" }));
  running.registry.register(recordOf("f-1", { app: "films" }));
  const summary = await running.get<RegistrySummary>("/v1/registry/summary");
  const { name, zone, profile, synced, draining, instances, apps, up, held, damped, overrides, listeners, probe } =
    summary;
  assert.deepEqual(
    { name, zone, profile, synced, draining, instances, apps, up, held, damped, overrides, listeners, probe },
    {
      name: "a",
      zone: "local-1a",
      profile: "fast",
      synced: true,
      draining: false,
      instances: 3,
      apps: 2,
      up: 2,
      held: 0,
      damped: 0,
      overrides: 0,
      listeners: 0,
      probe: "off",
    },
  );
  const preservation = await running.get<PreservationView>("/v1/registry/preservation");
  assert.deepEqual([preservation.engaged, preservation.groups.length], [false, 2]);
  assert.match(preservation.groups[0]?.reason ?? "", /too few to judge by numbers/);
});

test("the registry as it was, by cursor, by ISO time and by milliseconds; another moment is 410, no moment is 400", async () => {
  await using running = await Running.start();
  running.registry.register(recordOf("i-1"));
  const { peer, epoch, sequence } = running.registry.cursor;
  const atMs = Date.now();
  while (Date.now() <= atMs + 1) await new Promise((resolve) => setTimeout(resolve, 1));
  running.registry.register(recordOf("i-1", { version: 2, status: "DOWN" }));

  const path = "/v1/registry/instances";
  for (const at of [`${peer}:${epoch}:${sequence}`, String(atMs), new Date(atMs).toISOString()]) {
    const [then] = await running.get<{ status: string }[]>(`${path}?app=catalog&at=${encodeURIComponent(at)}`);
    assert.equal(then?.status, "UP", at);
  }
  assert.deepEqual(await running.get(`${path}?app=films&at=${atMs}`), []);
  const [now] = await running.get<{ status: string }[]>(path);
  assert.equal(now?.status, "DOWN");
  await running.refused("GET", `${path}?at=b:${epoch}:1`, 410, "HISTORY_GONE");
  await running.refused("GET", `${path}?at=1000`, 410, "HISTORY_GONE");
  for (const at of ["yesterday", "", "a:b:c"]) await running.refused("GET", `${path}?at=${at}`, 400, "QUERY_INVALID");
});

test("whatever is sent to its door is answered with a status of its own, and the registry goes on as before", async () => {
  await using running = await Running.start();
  running.registry.register(recordOf("i-1"));
  const word = fc.oneof(
    fc.constantFrom("v1", "registry", "instances", "leases", "overrides", "catalog", "i-1", "why", "renew", "status"),
    fc.constantFrom("peers", "replicate", "acks", "events", "%00", "%", "%E0%A4%A", "__proto__", ".", ""),
    fc.string({ maxLength: 20 }).map(encodeURIComponent),
  );
  const prefix = fc.constantFrom(
    "/v1/registry/",
    "/v1/registry/instances/catalog/",
    "/v1/leases/",
    "/v1/registry/overrides/",
    "/",
  );
  const query = fc.oneof(
    fc.constantFrom("", "?at=1", "?after=-1", "?incarnation=x"),
    fc.webQueryParameters().map((text) => `?${text}`),
  );
  const path = fc
    .tuple(prefix, fc.array(word, { maxLength: 4 }), query)
    .map(([start, words, tail]) => start + words.join("/") + tail);
  const method = fc.constantFrom("GET", "PUT", "POST", "DELETE", "PATCH", "OPTIONS");
  const body = fc.oneof(
    fc.string({ maxLength: 200 }),
    fc.jsonValue().map((value) => JSON.stringify(value)),
  );
  const cases = Math.min(Number(process.env["HOLDFAST_FUZZ_CASES"] ?? 2_000), 20_000);
  let answered = 0;
  await fc.assert(
    fc.asyncProperty(path, method, body, async (where, how, what) => {
      const answer = await running.call(how, where, how === "GET" ? undefined : what).catch((error: unknown) => {
        // Not JSON: only Eureka's face answers so.
        if (error instanceof SyntaxError) return undefined;
        throw error;
      });
      if (answer !== undefined) assert.ok(answer.status < 500, `${how} ${where}: ${answer.status}`);
      answered += 1;
    }),
    { numRuns: Math.ceil(cases / 2) },
  );
  assert.ok(answered >= Math.ceil(cases / 2));
  assert.equal((await running.call("GET", "/v1/registry/health")).status, 200);
});
