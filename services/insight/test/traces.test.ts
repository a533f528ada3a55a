import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { gzipSync } from "node:zlib";
import {
  OtlpReceiver,
  type ReceiverOptions,
  readSpans,
  receiverDefaults,
  TraceStore,
  type TraceStoreOptions,
} from "@holdfast/insight-server";
import { SeededRandom, silentLog } from "@holdfast/kernel";
import { FakeClock } from "@holdfast/testing";
import { IdSource, OtlpExporter, postTo, Sampling, SpanKind, SpanRing, Tracer } from "@holdfast/trace";
import { type OtlpSpan, type OtlpTraces, tracesToJson, tracesToProtobuf } from "@holdfast/wire/otlp";

const startMs = 1_700_000_000_000;
const traceA = "a".repeat(32);
const traceB = "b".repeat(32);

interface Given {
  readonly trace?: string;
  readonly id: number;
  readonly parent?: number;
  readonly name?: string;
  readonly at: number;
  readonly took: number;
  readonly kind?: number;
  readonly error?: boolean;
  readonly attributes?: OtlpSpan["attributes"];
}

const idOf = (id: number | undefined): string => (id === undefined ? "" : id.toString(16).padStart(16, "0"));

function spanOf({
  trace = traceA,
  id,
  parent,
  name = `span ${id}`,
  at,
  took,
  kind = 1,
  error = false,
  attributes = [],
}: Given): OtlpSpan {
  const startNs = BigInt(startMs) * 1_000_000n + BigInt(Math.round(at * 1e6));
  return {
    traceId: trace,
    spanId: idOf(id),
    parentSpanId: idOf(parent),
    traceState: "",
    name,
    kind,
    startTimeUnixNano: startNs,
    endTimeUnixNano: startNs + BigInt(Math.round(took * 1e6)),
    attributes,
    droppedAttributesCount: 0,
    events: [],
    droppedEventsCount: 0,
    links: [],
    droppedLinksCount: 0,
    status: { code: error ? 2 : 0, message: "" },
    flags: 0,
  };
}

function from(service: string, ...spans: Given[]): OtlpTraces {
  const attributes = [
    { key: "service.name", value: service },
    { key: "service.instance.id", value: `i-${service}` },
    { key: "cloud.availability_zone", value: "a" },
  ];
  const scope = { name: "", version: "", attributes: [] };
  return {
    resourceSpans: [
      { resource: { attributes }, scopeSpans: [{ scope, spans: spans.map(spanOf), schemaUrl: "" }], schemaUrl: "" },
    ],
  };
}

function storeOf(options: Partial<TraceStoreOptions> = {}) {
  const clock = new FakeClock(startMs);
  const store = new TraceStore(clock, options);
  return { clock, store, add: (service: string, ...spans: Given[]) => store.add(readSpans(from(service, ...spans))) };
}

describe("the trace store", () => {
  test("joins what comes late, from several services, in any order", () => {
    const { store, add, clock } = storeOf();
    add("ratings", { id: 4, parent: 3, name: "GET /ratings", at: 3, took: 2, kind: 2, error: true });
    assert.equal(store.trace(traceA)?.operation, "GET /ratings");
    void clock.advance(600_000);
    add(
      "api",
      { id: 3, parent: 2, name: "GET ratings", at: 2, took: 5, kind: 3 },
      { id: 2, name: "GET /movies", at: 1, took: 10, kind: 2 },
    );
    const trace = store.trace(traceA);
    assert.deepEqual(
      trace?.tree.map(({ name, depth, service, startMs: at, orphan }) => [depth, service, name, at, orphan]),
      [
        [0, "api", "GET /movies", 0, false],
        [1, "api", "GET ratings", 1, false],
        [2, "ratings", "GET /ratings", 2, false],
      ],
    );
    const { tree, ...summary } = trace ?? { tree: [] };
    assert.equal(tree.length, 3);
    assert.deepEqual(summary, {
      traceId: traceA,
      operation: "GET /movies",
      service: "api",
      startedAt: new Date(startMs + 1).toISOString(),
      durationMs: 10,
      spans: 3,
      errors: 1,
      services: [
        { name: "api", spans: 2, errors: 0 },
        { name: "ratings", spans: 1, errors: 1 },
      ],
      kept: "sampled",
    });
  });

  test("a span sent twice is there once", () => {
    const { store, add } = storeOf();
    for (let i = 0; i < 3; i++) assert.equal(add("api", { id: 1, at: 0, took: 1 }), 0);
    assert.equal(store.trace(traceA)?.spans, 1);
    assert.equal(store.view().spans, 1);
  });

  test("finds by service, operation, duration, errors, time; newest first", () => {
    const { store, add } = storeOf();
    const traceOf = (n: number): string => n.toString(16).padStart(32, "0");
    for (let n = 1; n <= 9; n++) {
      add("api", {
        trace: traceOf(n),
        id: 1,
        name: n % 2 === 0 ? "GET /even" : "GET /odd",
        at: n * 1_000,
        took: n * 10,
      });
      if (n > 6)
        add("ratings", {
          trace: traceOf(n),
          id: 2,
          parent: 1,
          name: "GET /r",
          at: n * 1_000 + 1,
          took: 1,
          error: n === 8,
        });
    }
    const found = (query: Partial<Parameters<TraceStore["list"]>[0]>): number[] =>
      store.list({ limit: 100, ...query }).map(({ traceId }) => Number.parseInt(traceId, 16));
    assert.deepEqual(found({ limit: 3 }), [9, 8, 7]);
    assert.deepEqual(found({ service: "ratings" }), [9, 8, 7]);
    assert.deepEqual(found({ service: "ratings", operation: "GET /even" }), []);
    assert.deepEqual(found({ service: "api", operation: "GET /even" }), [8, 6, 4, 2]);
    assert.deepEqual(found({ operation: "GET /odd", minDurationMs: 50 }), [9, 7, 5]);
    assert.deepEqual(found({ errorsOnly: true }), [8]);
    assert.deepEqual(found({ sinceMs: startMs + 7_500 }), [9, 8]);
    assert.deepEqual(found({ service: "nobody" }), []);
  });

  test("finds the trace of a request by its id", () => {
    const { store, add } = storeOf();
    add("api", { id: 1, at: 0, took: 1, attributes: [{ key: "holdfast.request.id", value: "r-1" }] });
    assert.equal(store.findByAttribute("holdfast.request.id", "r-1"), traceA);
    assert.equal(store.findByAttribute("holdfast.request.id", "r-2"), undefined);
  });

  test("is bounded by bytes: what came first goes first, whole", () => {
    const { store, add } = storeOf({ bytesMax: 100_000 });
    for (let n = 1; n <= 1_000; n++) {
      add("api", {
        trace: n.toString(16).padStart(32, "0"),
        id: 1,
        at: n,
        took: 1,
        attributes: [{ key: "k", value: "x".repeat(400) }],
      });
    }
    const view = store.view();
    assert.ok(view.bytes <= 100_000 && view.bytes > 90_000, String(view.bytes));
    assert.equal(view.traces + view.letGo, 1_000);
    assert.equal(store.list({ limit: 1 })[0]?.traceId, (1_000).toString(16).padStart(32, "0"));
    assert.equal(store.trace("1".padStart(32, "0")), undefined);
  });

  test("is bounded by age, also when nothing comes any more", async () => {
    const { store, add, clock } = storeOf({ ageMaxMs: 60_000 });
    add("api", { id: 1, at: 0, took: 1 });
    await clock.advance(60_000);
    assert.equal(store.list({ limit: 9 }).length, 1);
    await clock.advance(1);
    assert.deepEqual(store.list({ limit: 9 }), []);
    assert.deepEqual([store.view().spans, store.view().bytes, store.view().since], [0, 0, null]);
  });

  test("refuses what is malformed, too old, from the future, or too much of one trace", () => {
    const { store } = storeOf();
    const bad: OtlpSpan[] = [
      { ...spanOf({ id: 1, at: 0, took: 1 }), traceId: "abcd" },
      { ...spanOf({ id: 1, at: 0, took: 1 }), traceId: "0".repeat(32) },
      { ...spanOf({ id: 0, at: 0, took: 1 }) },
      { ...spanOf({ id: 1, at: 0, took: 1 }), endTimeUnixNano: 1n },
      spanOf({ id: 1, at: -3_700_000, took: 1 }),
      spanOf({ id: 1, at: 700_000, took: 1 }),
    ];
    const [first] = from("api").resourceSpans;
    assert.ok(first !== undefined);
    const message = {
      resourceSpans: [
        { ...first, scopeSpans: [{ scope: { name: "", version: "", attributes: [] }, spans: bad, schemaUrl: "" }] },
      ],
    };
    assert.equal(store.add(readSpans(message)), 6);
    assert.equal(store.view().traces, 0);
    const many = Array.from({ length: 2_100 }, (_, i) => ({ id: i + 1, at: 0, took: 1 }));
    assert.equal(store.add(readSpans(from("api", ...many))), 100);
    assert.equal(store.view().refused, 106);
  });

  test("values of every kind are shown as text, number or boolean, and a key named __proto__ is one like any other", () => {
    const { store, add } = storeOf();
    const attributes = [
      { key: "list", value: ["a", 1, { keyValues: [{ key: "b", value: 2n ** 60n }] }] },
      { key: "bytes", value: new Uint8Array([1, 2]) },
      { key: "none", value: null },
      { key: "nan", value: Number.NaN },
      { key: "__proto__", value: "x" },
    ];
    add("api", { id: 1, at: 0, took: 1, attributes });
    assert.equal(
      JSON.stringify(store.trace(traceA)?.tree[0]?.attributes),
      '{"list":"[\\"a\\",1,{\\"b\\":\\"1152921504606846976\\"}]","bytes":"\\"AQI=\\"","none":"null","nan":"NaN","__proto__":"x"}',
    );
  });
});

describe("the tree of a trace", () => {
  const treeOf = (...spans: Given[]) => {
    const { store, add } = storeOf();
    add("api", ...spans);
    return store.trace(traceA)?.tree ?? [];
  };

  test("marks the path that the time went, and what each span did itself", () => {
    const tree = treeOf(
      { id: 1, at: 0, took: 100 },
      { id: 2, parent: 1, at: 5, took: 20 },
      { id: 3, parent: 1, at: 10, took: 50 },
      { id: 4, parent: 3, at: 20, took: 30 },
      { id: 5, parent: 1, at: 62, took: 30 },
      { id: 6, parent: 1, at: 95, took: 500 },
    );
    assert.deepEqual(
      tree.filter(({ critical }) => critical).map(({ spanId }) => Number(spanId)),
      [1, 3, 4, 5],
    );
    // 5–60 and 62–92 and 95–100 are its children's.
    assert.equal(tree[0]?.selfMs, 10);
    assert.equal(tree.find(({ spanId }) => Number(spanId) === 3)?.selfMs, 20);
  });

  test("a span whose parent did not come stands beside, marked", () => {
    const tree = treeOf({ id: 1, at: 0, took: 10 }, { id: 3, parent: 99, at: 2, took: 1 });
    assert.deepEqual(
      tree.map(({ depth, orphan, critical }) => [depth, orphan, critical]),
      [
        [0, false, true],
        [0, true, false],
      ],
    );
  });

  test("parents that lie in a circle, or are themselves, are cut", () => {
    const tree = treeOf(
      { id: 1, parent: 2, at: 0, took: 10 },
      { id: 2, parent: 1, at: 1, took: 5 },
      { id: 3, parent: 3, at: 2, took: 1 },
    );
    assert.equal(tree.length, 3);
    assert.equal(tree.filter(({ depth }) => depth === 0).length, 2);
  });

  test("with B3, where a server's span has the id of its caller's, it is below it", () => {
    const { store, add } = storeOf();
    add("api", { id: 1, at: 0, took: 10, kind: 2 }, { id: 2, parent: 1, at: 1, took: 8, kind: 3 });
    add("ratings", { id: 2, parent: 1, at: 2, took: 6, kind: 2 }, { id: 3, parent: 2, at: 3, took: 1 });
    assert.deepEqual(
      store.trace(traceA)?.tree.map(({ depth, service, spanId }) => [depth, service, Number(spanId)]),
      [
        [0, "api", 1],
        [1, "api", 2],
        [2, "ratings", 2],
        [3, "ratings", 3],
      ],
    );
  });

  test("a trace 2,000 deep is no trouble", () => {
    const tree = treeOf(
      ...Array.from({ length: 2_000 }, (_, i) => ({
        id: i + 1,
        ...(i === 0 ? {} : { parent: i }),
        at: i,
        took: 4_000 - i,
      })),
    );
    assert.equal(tree.at(-1)?.depth, 1_999);
    assert.equal(tree.at(-1)?.critical, true);
  });
});

async function receiver(given: Partial<ReceiverOptions> = {}) {
  const { clock, store } = storeOf();
  const made = new OtlpReceiver(clock, silentLog, store, {
    ...receiverDefaults,
    isAuthorised: ({ authorization }) => authorization === "Bearer t0ken",
    ...given,
  });
  const port = await made.listen("127.0.0.1", 0);
  const url = `http://127.0.0.1:${port}/v1/traces`;
  const post = (body: Uint8Array | string, headers: Record<string, string> = {}): Promise<Response> =>
    fetch(url, {
      method: "POST",
      body: typeof body === "string" ? body : new Uint8Array(body),
      headers: {
        authorization: "Bearer t0ken",
        "content-type": "application/x-protobuf",
        connection: "close",
        ...headers,
      },
    });
  return { clock, store, url, post, [Symbol.asyncDispose]: () => made.close() };
}

const one = from("api", { id: 1, at: 0, took: 1 });

describe("the OTLP receiver", () => {
  test("takes protobuf and JSON, plain and gzip, and says in its sender's language what it refused", async () => {
    await using there = await receiver();
    const proto = await there.post(tracesToProtobuf(one));
    assert.deepEqual([proto.status, proto.headers.get("content-type")], [200, "application/x-protobuf"]);
    assert.equal((await proto.arrayBuffer()).byteLength, 0);
    const zipped = gzipSync(
      tracesToJson(from("api", { trace: traceB, id: 1, at: 0, took: 1 }, { id: 0, at: 0, took: 1 })),
    );
    const json = await there.post(zipped, {
      "content-type": "application/json; charset=utf-8",
      "content-encoding": "gzip",
    });
    assert.equal(json.status, 200);
    const answer = (await json.json()) as { partialSuccess: { rejectedSpans: string } };
    assert.equal(answer.partialSuccess.rejectedSpans, "1");
    assert.equal(there.store.view().traces, 2);
  });

  for (const [what, headers, body, status, code] of [
    ["without a token", { authorization: "" }, tracesToProtobuf(one), 401, "UNAUTHORISED"],
    ["with a wrong token", { authorization: "Bearer wrong" }, tracesToProtobuf(one), 401, "UNAUTHORISED"],
    ["of another type", { "content-type": "text/plain" }, "x", 415, "OTLP_TYPE_UNKNOWN"],
    ["of another encoding", { "content-encoding": "br" }, "x", 415, "OTLP_ENCODING_UNKNOWN"],
    ["that is no gzip", { "content-encoding": "gzip" }, "x", 400, "OTLP_MALFORMED"],
    ["that is no protobuf", {}, "no protobuf at all", 400, "OTLP_MALFORMED"],
    ["that is no JSON", { "content-type": "application/json" }, "{", 400, "OTLP_MALFORMED"],
    ["that is too large", {}, new Uint8Array(5_000_000), 413, "OTLP_TOO_LARGE"],
    [
      "that inflates without end",
      { "content-encoding": "gzip" },
      gzipSync(Buffer.alloc(100_000_000)),
      413,
      "OTLP_TOO_LARGE",
    ],
  ] as const) {
    test(`refuses what comes ${what}`, async () => {
      await using there = await receiver();
      const answer = await there.post(body, headers);
      assert.equal(answer.status, status);
      assert.equal(((await answer.json()) as { code: string }).code, code);
      assert.equal(there.store.view().traces, 0);
    });
  }

  test("refuses what is too large without having said so, too", async () => {
    await using there = await receiver();
    const body = new ReadableStream({
      start(controller) {
        for (let i = 0; i < 80; i++) controller.enqueue(new Uint8Array(64 * 1024));
        controller.close();
      },
    });
    const headers = { authorization: "Bearer t0ken", "content-type": "application/x-protobuf" };
    const answer = await fetch(there.url, { method: "POST", body, headers, duplex: "half" });
    assert.equal(answer.status, 413);
    await answer.arrayBuffer();
  });

  test("other paths and methods are refused", async () => {
    await using there = await receiver();
    const got = await fetch(there.url, { headers: { connection: "close" } });
    assert.deepEqual([got.status, got.headers.get("allow")], [405, "POST"]);
    const other = await fetch(there.url.replace("traces", "logs"), {
      method: "POST",
      headers: { connection: "close" },
    });
    assert.equal(other.status, 404);
    await got.arrayBuffer();
    await other.arrayBuffer();
  });

  test("answers 429 with Retry-After when more comes than it can take, and takes again after it", async () => {
    await using there = await receiver({ spansPerSecond: 2 });
    const three = tracesToProtobuf(
      from("api", { id: 1, at: 0, took: 1 }, { id: 2, at: 0, took: 1 }, { id: 3, at: 0, took: 1 }),
    );
    assert.equal((await there.post(three)).status, 200);
    const full = await there.post(three);
    assert.deepEqual([full.status, full.headers.get("retry-after")], [429, "1"]);
    await full.arrayBuffer();
    await there.clock.advance(1_000);
    assert.equal((await there.post(three)).status, 200);
  });

  for (const protocol of ["http/protobuf", "http/json"] as const) {
    test(`our own exporter and this receiver understand each other in ${protocol}`, async () => {
      await using there = await receiver();
      const ring = new SpanRing();
      const sampling = new Sampling();
      sampling.ratio = 1;
      const tracer = new Tracer(there.clock, IdSource.from(new SeededRandom(1)), sampling, ring);
      const exporter = new OtlpExporter(there.clock, new SeededRandom(1), silentLog, ring, postTo(new URL(there.url)), {
        protocol,
        compress: true,
        headers: { authorization: "Bearer t0ken" },
        timeoutMs: 5_000,
        resource: [{ key: "service.name", value: "api" }],
      });
      const root = tracer.serve("GET /", 0, undefined);
      const call = root.child(SpanKind.client, "GET catalog", 1);
      call.event("retry", 2, ["n", 1]);
      call.fail("status 503");
      call.end(3);
      root.end(4);
      await exporter.close(5_000);
      assert.deepEqual([exporter.sent, exporter.dropped], [2, 0]);
      const tree = there.store.trace(root.traceId)?.tree ?? [];
      assert.deepEqual(
        tree.map(({ name, depth, kind, error, durationMs }) => [depth, kind, name, error, durationMs]),
        [
          [0, "server", "GET /", false, 4],
          [1, "client", "GET catalog", true, 2],
        ],
      );
      assert.deepEqual(tree[1]?.events, [{ name: "retry", atMs: 2, attributes: { n: 1 } }]);
    });
  }
});
