import assert from "node:assert/strict";
import { createServer } from "node:http";
import { describe, test } from "node:test";
import { gunzipSync } from "node:zlib";
import { type Log, SeededRandom, silentLog } from "@holdfast/kernel";
import { FakeClock } from "@holdfast/testing";
import {
  Epoch,
  type ExporterOptions,
  IdSource,
  OtlpExporter,
  type Post,
  type PostAnswer,
  postTo,
  readOtelSettings,
  Sampling,
  SpanKind,
  SpanRing,
  Tracer,
} from "@holdfast/trace";
import { answerToProtobuf, type OtlpSpan, tracesFromJson, tracesFromProtobuf } from "@holdfast/wire/otlp";

const options: ExporterOptions = {
  protocol: "http/protobuf",
  compress: false,
  headers: { authorization: "Bearer x" },
  timeoutMs: 10_000,
  resource: [{ key: "service.name", value: "catalog" }],
};
const taken: PostAnswer = {
  status: 200,
  retryAfter: undefined,
  contentType: "application/x-protobuf",
  body: Buffer.alloc(0),
};

/** A collector that says what it is told to, and remembers what came. */
class Collector implements Post {
  readonly batches: OtlpSpan[][] = [];
  readonly headers: Readonly<Record<string, string>>[] = [];
  isClosed = false;
  answer: () => PostAnswer | Promise<PostAnswer> = () => taken;

  async send(body: Uint8Array, headers: Readonly<Record<string, string>>): Promise<PostAnswer> {
    const isJson = headers["content-type"] === "application/json";
    const traces = isJson ? tracesFromJson(Buffer.from(body).toString()) : tracesFromProtobuf(body);
    this.batches.push(traces.resourceSpans.flatMap((of) => of.scopeSpans.flatMap(({ spans }) => spans)));
    this.headers.push(headers);
    return this.answer();
  }

  get counts(): number[] {
    return this.batches.map((batch) => batch.length);
  }

  close(): void {
    this.isClosed = true;
  }
}

function world(given: Partial<ExporterOptions> = {}, ring = new SpanRing()) {
  const clock = new FakeClock();
  const collector = new Collector();
  const lines: string[] = [];
  const log: Log = { ...silentLog, warn: (event) => lines.push(event), info: (event) => lines.push(event) };
  const sampling = new Sampling();
  sampling.ratio = 1;
  const tracer = new Tracer(clock, IdSource.from(new SeededRandom(1)), sampling, ring);
  const exporter = new OtlpExporter(clock, new SeededRandom(2), log, ring, collector, { ...options, ...given });
  const serve = (count = 1): void => {
    for (let i = 0; i < count; i++) tracer.serve("GET /", clock.monotonicMs(), undefined).end(clock.monotonicMs() + 2);
  };
  return { clock, ring, tracer, exporter, collector, serve, lines };
}

describe("the exporter", () => {
  test("has no timer while there is nothing to send, and sends a second after the first span", async () => {
    const { clock, collector, serve, exporter } = world();
    assert.equal(clock.pendingTimers, 0);
    serve();
    assert.equal(clock.pendingTimers, 1);
    await clock.advance(900);
    serve(2);
    assert.deepEqual(collector.counts, []);
    await clock.advance(100);
    assert.deepEqual(collector.counts, [3]);
    assert.equal(clock.pendingTimers, 0);
    assert.equal(exporter.sent, 3);
  });

  test("sends 512 at a time, at once when there are so many", async () => {
    const { clock, collector, serve } = world();
    serve(1_300);
    assert.deepEqual(collector.counts, []);
    await clock.advance(1);
    assert.deepEqual(collector.counts, [512, 512]);
    await clock.advance(1_000);
    assert.deepEqual(collector.counts, [512, 512, 276]);
    assert.equal(clock.pendingTimers, 0);
  });

  for (const protocol of ["http/protobuf", "http/json"] as const) {
    test(`sends ${protocol} with parents, kinds, times, failures, and the headers it is told`, async () => {
      const { clock, collector, tracer } = world({ protocol });
      const remote = { traceId: "0af7651916cd43dd8448eb211c80319c", spanId: "b7ad6b7169203331", flags: 1 };
      const root = tracer.serve("GET /titles", 100, remote, ["http.request.method", "GET"]);
      root.tracestate = "vendor=1";
      const call = root.child(SpanKind.client, "GET catalog", 100.25);
      call.event("retry", 101, ["attempt", 2]);
      call.fail("status 503");
      call.end(102.5);
      root.end(103);
      await clock.advance(1_000);
      const [sentCall, sentRoot] = collector.batches[0] ?? [];
      assert.ok(sentCall !== undefined && sentRoot !== undefined);
      const epochNs = 1_700_000_000_000_000_000n;
      assert.deepEqual(sentRoot, {
        traceId: remote.traceId,
        spanId: root.id,
        parentSpanId: remote.spanId,
        traceState: "vendor=1",
        name: "GET /titles",
        kind: 2,
        startTimeUnixNano: epochNs + 100_000_000n,
        endTimeUnixNano: epochNs + 103_000_000n,
        attributes: [{ key: "http.request.method", value: "GET" }],
        droppedAttributesCount: 0,
        events: [],
        droppedEventsCount: 0,
        links: [],
        droppedLinksCount: 0,
        status: { code: 0, message: "" },
        flags: 0x301,
      });
      assert.equal(sentCall.parentSpanId, root.id);
      assert.equal(sentCall.startTimeUnixNano, epochNs + 100_250_000n);
      assert.equal(sentCall.kind, 3);
      assert.deepEqual(sentCall.status, { code: 2, message: "status 503" });
      assert.deepEqual(sentCall.events[0]?.attributes, [{ key: "attempt", value: 2 }]);
      assert.equal(sentCall.flags, 0x101);
      assert.equal(collector.headers[0]?.["authorization"], "Bearer x");
      assert.equal(collector.headers[0]?.["content-encoding"], undefined);
    });
  }

  test("waits as long as Retry-After says, and keeps what comes meanwhile", async () => {
    const { clock, collector, serve, exporter } = world();
    collector.answer = () => ({ ...taken, status: 429, retryAfter: "7" });
    serve();
    await clock.advance(1_000);
    serve(5);
    await clock.advance(6_999);
    assert.deepEqual(collector.counts, [1]);
    collector.answer = () => taken;
    await clock.advance(1);
    assert.deepEqual(collector.counts, [1, 1]);
    await clock.advance(1_000);
    assert.deepEqual(collector.counts, [1, 1, 5]);
    assert.deepEqual([exporter.sent, exporter.dropped], [6, 0]);
  });

  test("reads a date in Retry-After, and waits no longer than a minute", async () => {
    const { clock, collector, serve } = world();
    collector.answer = () => ({
      ...taken,
      status: 503,
      retryAfter: new Date(clock.wallMs() + 3_600_000).toUTCString(),
    });
    serve();
    await clock.advance(1_000);
    await clock.advance(59_999);
    assert.equal(collector.counts.length, 1);
    await clock.advance(1);
    assert.equal(collector.counts.length, 2);
  });

  test("drops a batch after five tries, counts it, and says so in one line until it goes again", async () => {
    const { clock, collector, serve, exporter, lines } = world();
    collector.answer = () => Promise.reject(new Error("connect ECONNREFUSED"));
    for (let i = 0; i < 4; i++) {
      serve();
      await clock.advance(60_000);
    }
    assert.equal(exporter.dropped, 4);
    assert.equal(collector.counts.length, 20);
    assert.deepEqual(lines, ["trace.export.failing"]);
    collector.answer = () => taken;
    serve();
    await clock.advance(1_000);
    assert.deepEqual(lines, ["trace.export.failing", "trace.export.recovered"]);
    assert.equal(exporter.sent, 1);
  });

  test("does not repeat what the collector refuses for good", async () => {
    const { clock, collector, serve, exporter } = world();
    collector.answer = () => ({ ...taken, status: 400 });
    serve(3);
    await clock.advance(120_000);
    assert.deepEqual(collector.counts, [3]);
    assert.equal(exporter.dropped, 3);
  });

  test("counts what the collector took only in part", async () => {
    const { clock, collector, serve, exporter } = world();
    const body = Buffer.from(answerToProtobuf({ rejectedSpans: 2, errorMessage: "too old" }));
    collector.answer = () => ({ ...taken, body });
    serve(3);
    await clock.advance(1_000);
    assert.deepEqual([exporter.sent, exporter.dropped], [1, 2]);
  });

  test("while nothing goes, memory stays bounded: the oldest spans go", async () => {
    const { clock, collector, serve, ring } = world({}, new SpanRing(1_000));
    collector.answer = () => new Promise<never>(() => {});
    serve(1_000);
    await clock.advance(1);
    serve(5_000);
    await clock.advance(60_000);
    assert.equal(collector.counts.length, 1);
    assert.equal(ring.size, 1_000);
    assert.equal(ring.dropped, 5_000 - 1_000 + (1_000 - 512));
  });

  test("at the end sends what is left, and leaves no timer", async () => {
    const { clock, collector, serve, exporter } = world();
    serve(600);
    await exporter.close(1_000);
    assert.deepEqual(collector.counts, [512, 88]);
    assert.equal(collector.isClosed, true);
    serve();
    assert.equal(clock.pendingTimers, 0);
  });

  test("at the end does not wait for a collector that fails or hangs", async () => {
    const failing = world();
    failing.collector.answer = () => ({ ...taken, status: 503, retryAfter: "30" });
    failing.serve(600);
    await failing.clock.advance(1_000);
    await failing.exporter.close(1_000);
    assert.equal(failing.exporter.dropped, 600);
    assert.equal(failing.clock.pendingTimers, 0);

    const hanging = world();
    hanging.collector.answer = () => new Promise<never>(() => {});
    hanging.serve();
    const closing = hanging.exporter.close(1_000);
    await hanging.clock.advance(1_000);
    await closing;
    assert.equal(hanging.clock.pendingTimers, 0);
  });

  test("over a real connection: gzip, its headers, and the answer of the collector", async () => {
    const { clock, tracer, ring } = world();
    const came = Promise.withResolvers<{ encoding: string | undefined; names: string[] }>();
    const server = createServer((req, res) => {
      const chunks: Buffer[] = [];
      req.on("data", (chunk: Buffer) => chunks.push(chunk));
      req.on("end", () => {
        const traces = tracesFromProtobuf(gunzipSync(Buffer.concat(chunks)));
        const names = traces.resourceSpans.flatMap((of) =>
          of.scopeSpans.flatMap(({ spans }) => spans.map(({ name }) => name)),
        );
        res.writeHead(200, { "content-type": "application/x-protobuf" }).end();
        came.resolve({ encoding: req.headers["content-encoding"], names });
      });
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const address = server.address();
    assert.ok(typeof address === "object" && address !== null);
    const post = postTo(new URL(`http://127.0.0.1:${address.port}/v1/traces`));
    const exporter = new OtlpExporter(clock, new SeededRandom(2), silentLog, ring, post, {
      ...options,
      compress: true,
    });
    tracer.serve("GET /real", 0, undefined).end(1);
    await exporter.close(5_000);
    assert.deepEqual(await came.promise, { encoding: "gzip", names: ["GET /real"] });
    assert.equal(exporter.sent, 1);
    await new Promise((resolve) => server.close(resolve));
  });

  test("a place where nobody listens refuses each time; the process and later sendings live on", async () => {
    const server = createServer((_req, res) => res.writeHead(200).end());
    const listen = (port: number) => new Promise<void>((resolve) => void server.listen(port, "127.0.0.1", resolve));
    await listen(0);
    const address = server.address();
    assert.ok(typeof address === "object" && address !== null);
    await new Promise((resolve) => server.close(resolve));
    const post = postTo(new URL(`http://127.0.0.1:${address.port}/v1/traces`));
    const send = () => post.send(Buffer.from("x"), {}, 1_000);
    await assert.rejects(send(), { code: "ECONNREFUSED" });
    await assert.rejects(send(), { code: "ECONNREFUSED" });
    await listen(address.port);
    assert.equal((await send()).status, 200);
    post.close();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
});

describe("the time of spans", () => {
  /** A wall clock of whole milliseconds, `skewMs` ahead. */
  const cut = (clock: FakeClock, skew: { ms: number }) => ({
    monotonicMs: () => clock.monotonicMs(),
    wallMs: () => Math.floor(clock.wallMs() + skew.ms),
    after: clock.after.bind(clock),
    every: clock.every.bind(clock),
    sleep: clock.sleep.bind(clock),
  });

  test("is finer than the wall clock shows, and follows it when it is set", async () => {
    const fake = new FakeClock(0);
    const skew = { ms: 1_000.75 };
    const epoch = new Epoch(cut(fake, skew));
    assert.equal(epoch.ms, 1_000);
    for (let i = 0; i < 40; i++) {
      await fake.advance(0.07);
      epoch.look();
    }
    assert.ok(epoch.ms > 1_000.65 && epoch.ms <= 1_000.75, String(epoch.ms));
    skew.ms = 500;
    epoch.look();
    assert.ok(epoch.ms > 498.9 && epoch.ms <= 500);
    skew.ms = 90_000;
    epoch.look();
    assert.ok(epoch.ms > 89_998.9 && epoch.ms <= 90_000);
  });
});

describe("OTEL_ variables", () => {
  test("nothing set: no export, nothing disabled", () => {
    const settings = readOtelSettings({});
    assert.equal(settings.endpoint, undefined);
    assert.equal(settings.disabled, false);
    assert.equal(settings.sampler, undefined);
    assert.equal(settings.protocol, "http/protobuf");
    assert.deepEqual(settings.problems, []);
  });

  test("the general endpoint gets /v1/traces behind it, the one for traces is used as it is", () => {
    const general = { OTEL_EXPORTER_OTLP_ENDPOINT: "http://127.0.0.1:4318/" };
    assert.equal(readOtelSettings(general).endpoint?.href, "http://127.0.0.1:4318/v1/traces");
    const special = { ...general, OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: "https://collector:1/x" };
    assert.equal(readOtelSettings(special).endpoint?.href, "https://collector:1/x");
    assert.equal(readOtelSettings({ ...general, OTEL_TRACES_EXPORTER: "none" }).endpoint, undefined);
  });

  test("headers and resource attributes are percent-decoded lists", () => {
    const settings = readOtelSettings({
      OTEL_EXPORTER_OTLP_HEADERS: "authorization=Bearer%20a%3Db, x-y = 1 ,",
      OTEL_RESOURCE_ATTRIBUTES: "service.instance.id=i-1,zone=a%2Cb",
      OTEL_SERVICE_NAME: "catalog",
    });
    assert.deepEqual(settings.headers, { authorization: "Bearer a=b", "x-y": "1" });
    assert.deepEqual(settings.resource, { "service.instance.id": "i-1", zone: "a,b" });
    assert.equal(settings.serviceName, "catalog");
  });

  for (const [name, arg, sampler] of [
    ["always_on", undefined, { ratio: 1, parentBased: false }],
    ["parentbased_always_off", undefined, { ratio: 0, parentBased: true }],
    ["traceidratio", "0.25", { ratio: 0.25, parentBased: false }],
    ["parentbased_traceidratio", undefined, { ratio: 1, parentBased: true }],
  ] as const) {
    test(`sampler ${name} ${arg ?? ""}`, () => {
      const settings = readOtelSettings({ OTEL_TRACES_SAMPLER: name, OTEL_TRACES_SAMPLER_ARG: arg });
      assert.deepEqual(settings.sampler, sampler);
      assert.deepEqual(settings.problems, []);
    });
  }

  test("what cannot be used counts as not set and is named, without its value where that may be a secret", () => {
    const settings = readOtelSettings({
      OTEL_EXPORTER_OTLP_ENDPOINT: "127.0.0.1:4318",
      OTEL_EXPORTER_OTLP_HEADERS: "authorization=%zz,secret-without-equals",
      OTEL_EXPORTER_OTLP_PROTOCOL: "grpc",
      OTEL_EXPORTER_OTLP_TIMEOUT: "soon",
      OTEL_TRACES_SAMPLER: "jaeger_remote",
    });
    assert.equal(settings.endpoint, undefined);
    assert.equal(settings.protocol, "http/protobuf");
    assert.equal(settings.timeoutMs, 10_000);
    assert.deepEqual(settings.headers, {});
    assert.equal(settings.problems.length, 6);
    assert.ok(!settings.problems.join().includes("secret"));
    assert.equal(readOtelSettings({ OTEL_SDK_DISABLED: "true" }).disabled, true);
  });
});
