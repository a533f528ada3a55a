import assert from "node:assert/strict";
import { createServer, type RequestListener } from "node:http";
import { test } from "node:test";
import { BalancedClient, currentContext, listedServers } from "@holdfast/client";
import { SeededRandom, SystemClock, silentLog } from "@holdfast/kernel";
import { MeterRegistry } from "@holdfast/metrics";
import { Resilience } from "@holdfast/resilience";
import { type NodeHandler, type RunningService, serve } from "@holdfast/service";
import { waitFor } from "@holdfast/testing";
import { type AttributeValue, IdSource, Sampling, type Span, Tracer } from "@holdfast/trace";

const traceId = "0af7651916cd43dd8448eb211c80319c";
const spanId = "b7ad6b7169203331";
const sampled = { traceparent: `00-${traceId}-${spanId}-01` };
const unsampled = { traceparent: `00-${traceId}-${spanId}-00` };

/** A front service that is traced, calling one or more backends by the name `catalog`. */
interface World extends AsyncDisposable {
  readonly service: RunningService;
  readonly kept: Span[];
  readonly client: BalancedClient;
  readonly resilience: Resilience;
  /** `traceparent` of each request that a backend got. */
  readonly told: string[];
  /** Waits for that many kept spans and gives them by the order of their begin. */
  spans(count: number): Promise<Span[]>;
}

async function world(backends: readonly RequestListener[], handlerOf: (world: World) => NodeHandler): Promise<World> {
  const clock = new SystemClock();
  const kept: Span[] = [];
  const told: string[] = [];
  const sampling = new Sampling();
  sampling.ratio = 0;
  const tracer = new Tracer(clock, IdSource.fromSystem(), sampling, { push: (span) => kept.push(span) });
  const servers = await Promise.all(backends.map((listener) => startBackend(listener, told)));
  const list = listedServers({ catalog: servers.map(({ port }) => `127.0.0.1:${port}`).join(",") });
  const resilience = new Resilience(clock);
  const client = new BalancedClient(list, clock, new SeededRandom(1), { hedgeMinMs: 5_000 }, { resilience, tracer });
  let handler: NodeHandler | undefined;
  const service = await serve(
    { handleSignals: false, handler: (req, res) => handler?.(req, res) },
    {
      clock,
      random: new SeededRandom(1),
      log: silentLog,
      meters: new MeterRegistry(),
      resilience,
      environment: { PORT: "0", HOLDFAST_INSTANCE_ID: "i-front" },
      tracing: { tracer, flush: async () => {} },
    },
  );
  const made: World = {
    service,
    kept,
    client,
    resilience,
    told,
    spans: async (count) => {
      await waitFor(`${count} spans`, () => kept.length >= count);
      assert.equal(kept.length, count);
      return kept.toSorted((a, b) => a.startMs - b.startMs);
    },
    [Symbol.asyncDispose]: async () => {
      await client.close();
      await service.stop();
      for (const { close } of servers) await close();
    },
  };
  handler = handlerOf(made);
  return made;
}

async function startBackend(listener: RequestListener, told: string[]) {
  const server = createServer((req, res) => {
    told.push(String(req.headers["traceparent"]));
    listener(req, res);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  assert.ok(typeof address === "object" && address !== null);
  const close = async (): Promise<void> => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  };
  return { port: address.port, close };
}

async function get({ service }: World, path: string, headers: Record<string, string> = {}): Promise<number> {
  const answer = await fetch(`${service.url}${path}`, { headers: { connection: "close", ...headers } });
  await answer.arrayBuffer();
  return answer.status;
}

function attributeOf({ attributes = [] }: Span, key: string): AttributeValue | undefined {
  const at = attributes.indexOf(key);
  return at < 0 ? undefined : attributes[at + 1];
}

const ok: RequestListener = (_req, res) => res.end('"ok"');
const fail: RequestListener = (_req, res) => res.writeHead(503).end();
const callCatalog =
  ({ client }: World): NodeHandler =>
  (_req, res) =>
    client
      .service("catalog")
      .json("/titles?token=secret")
      .then(
        () => res.end("ok"),
        () => res.writeHead(500).end(),
      );

test("a request is a span below its caller's, and its call one below that; the next hop hears of the call", async () => {
  await using front = await world([ok], callCatalog);
  assert.equal(await get(front, "/movies/42?token=secret", { ...sampled, tracestate: "vendor=1" }), 200);
  const [request, call] = await front.spans(2);
  assert.ok(request !== undefined && call !== undefined);
  assert.deepEqual([request.name, request.kind, request.failed], ["GET /movies", 2, false]);
  assert.equal(request.root.traceId, traceId);
  assert.equal(request.root.remote?.spanId, spanId);
  assert.equal(request.root.tracestate, "vendor=1");
  assert.equal(attributeOf(request, "url.path"), "/movies/42");
  assert.equal(attributeOf(request, "http.response.status_code"), 200);
  assert.deepEqual([call.name, call.kind, call.parent], ["GET catalog", 3, request]);
  assert.equal(attributeOf(call, "url.path"), "/titles");
  assert.equal(attributeOf(call, "http.response.status_code"), 200);
  assert.deepEqual(front.told, [`00-${traceId}-${call.id}-01`]);
  assert.ok(!JSON.stringify(front.kept.map(({ attributes }) => attributes)).includes("secret"));
});

test("a try that failed and the one after it are two spans below the call, each with its own id for its server", async () => {
  await using front = await world([fail, ok], callCatalog);
  for (let i = 0; i < 20 && front.kept.length < 4; i++) {
    front.kept.length = 0;
    front.told.length = 0;
    await get(front, "/", sampled);
    await waitFor("the request's span", () => front.kept.some(({ kind }) => kind === 2));
  }
  const request = front.kept.find(({ kind }) => kind === 2);
  const call = front.kept.find(({ kind }) => kind === 1);
  const tries = front.kept.filter(({ kind }) => kind === 3);
  assert.equal(call?.name, "call catalog");
  assert.equal(call.parent, request);
  assert.equal(call.failed, false);
  assert.deepEqual(
    tries.map((one) => [one.parent === call, one.failed, attributeOf(one, "http.request.resend_count")]),
    [
      [true, true, undefined],
      [true, false, 1],
    ],
  );
  assert.deepEqual(
    front.told,
    tries.map(({ id }) => `00-${traceId}-${id}-01`),
  );
});

test("where the caller keeps nothing, a good request leaves nothing, and the next hop is told so", async () => {
  await using front = await world([ok], callCatalog);
  await get(front, "/", unsampled);
  assert.match(front.told[0] ?? "", new RegExp(`^00-${traceId}-[0-9a-f]{16}-00$`));
  assert.notEqual(front.told[0], unsampled.traceparent);
  assert.deepEqual(front.kept, []);
});

test("where the caller keeps nothing, a request that fails is kept all the same, with its calls", async () => {
  await using front = await world([fail], callCatalog);
  assert.equal(await get(front, "/", unsampled), 500);
  await waitFor("the request's span", () => front.kept.some(({ kind }) => kind === 2));
  const request = front.kept.find(({ kind }) => kind === 2);
  assert.ok(request !== undefined);
  assert.deepEqual([request.failed, request.message], [true, "status 500"]);
  assert.equal(attributeOf(request, "holdfast.kept"), "error");
  assert.ok(front.kept.some(({ kind, failed }) => kind === 3 && failed));
});

test("a fallback is an event of its call, and keeps the trace though its request was answered", async () => {
  await using front = await world([fail], ({ client }) => async (_req, res) => {
    res.end(await client.service("catalog").json<string>("/", { fallback: () => "instead" }));
  });
  assert.equal(await get(front, "/", unsampled), 200);
  await waitFor("the request's span", () => front.kept.some(({ kind }) => kind === 2));
  const call = front.kept.find(({ kind }) => kind === 1);
  assert.deepEqual(
    call?.events?.map(({ name }) => name),
    ["fallback"],
  );
});

test("a command is a span, with the calls it makes below; its failure keeps the trace", async () => {
  await using front = await world([ok], ({ resilience, client }) => {
    const titles = resilience.command({ key: "titles", run: () => client.service("catalog").json("/") });
    const broken = resilience.command({
      key: "broken",
      run: () => Promise.reject(new Error("no")),
      fallback: () => "instead",
    });
    return async (req, res) => void res.end(String(await (req.url === "/broken" ? broken : titles).execute()));
  });
  await get(front, "/", sampled);
  await waitFor("the request's span", () => front.kept.length === 3);
  const named = (name: string): Span | undefined => front.kept.find((span) => span.name === name);
  assert.equal(named("titles")?.parent, named("GET /"));
  assert.equal(named("GET catalog")?.parent, named("titles"));
  assert.equal(attributeOf(named("titles") as Span, "holdfast.command.events"), "SUCCESS");
  front.kept.length = 0;
  await get(front, "/broken", unsampled);
  await waitFor("the request's span", () => front.kept.length === 2);
  assert.deepEqual(named("broken")?.events?.[0]?.attributes, ["reason", "FAILURE"]);
});

test("a call that no request asked for is a trace of its own", async () => {
  await using front = await world([fail], callCatalog);
  await assert.rejects(front.client.service("catalog").json("/"));
  const call = front.kept.find(({ kind }) => kind === 1);
  assert.ok(call !== undefined);
  assert.equal(call.name, "call catalog");
  assert.equal(call.root, call);
  assert.equal(call.failed, true);
});

test("Zipkin's headers are understood, and a passed-on request is told of the gateway's span in W3C's", async () => {
  await using front = await world(
    [(req, res) => res.end(JSON.stringify(req.headers))],
    ({ client }) =>
      (req, res) =>
        client.forward(req, res, { service: "catalog", timeoutMs: 5_000, requestBytesMax: 100, holdBackBytes: 0 }),
  );
  const answer = await fetch(front.service.url, { headers: { b3: `${traceId}-${spanId}-1` } });
  const headers = (await answer.json()) as Record<string, string>;
  const [request, call] = await front.spans(2);
  assert.equal(request?.root.remote?.spanId, spanId);
  assert.equal(headers["traceparent"], `00-${traceId}-${call?.id}-01`);
  assert.equal(headers["b3"], undefined);
});

test("the context of a request names its own span, which a log can say", async () => {
  let seen: string | undefined;
  await using front = await world([], () => (_req, res) => {
    seen = currentContext()?.traceparent;
    res.end();
  });
  await get(front, "/", sampled);
  const [request] = await front.spans(1);
  assert.equal(seen, `00-${traceId}-${request?.id}-01`);
});
