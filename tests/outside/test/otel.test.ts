import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { join } from "node:path";
import { test } from "node:test";
import { OtlpReceiver, receiverDefaults, TraceStore } from "@holdfast/insight-server";
import { SeededRandom, SystemClock, silentLog } from "@holdfast/kernel";
import { IdSource, Sampling, SpanKind, SpanRing, spansToOtlp, Tracer } from "@holdfast/trace";
import { tracesToProtobuf } from "@holdfast/wire/otlp";
import { fetched, ownPath } from "../src/fetched.ts";

const part = fetched("otel");
const skip = typeof part === "string" ? part : false;
const clock = new SystemClock();

/** Runs OpenTelemetry's own code; gives what it printed. Not `spawnSync`: the receiver is in this process. */
async function python(what: "send" | "read", input: Uint8Array, env: Record<string, string> = {}): Promise<unknown> {
  assert.ok(typeof part === "object");
  const command = join(part.folder, "bin", "python");
  const child = spawn(command, [ownPath("python", "traces.py"), what], {
    env: { ...process.env, ...env },
    timeout: 60_000,
  });
  let printed = "";
  let complaints = "";
  child.stdout.on("data", (chunk: Buffer) => (printed += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => (complaints += chunk.toString()));
  child.stdin.end(input);
  const code = await new Promise<number | null>((resolve) => child.on("close", resolve));
  assert.equal(code, 0, complaints);
  return JSON.parse(printed);
}

test("OpenTelemetry's exporter for Python, told where by its variables alone, is understood", { skip }, async () => {
  const store = new TraceStore(clock);
  const receiver = new OtlpReceiver(clock, silentLog, store, {
    ...receiverDefaults,
    isAuthorised: ({ authorization }) => authorization === "Bearer t0ken",
  });
  try {
    const told = (await python("send", new Uint8Array(), {
      OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${await receiver.listen("127.0.0.1", 0)}`,
      OTEL_EXPORTER_OTLP_HEADERS: "authorization=Bearer%20t0ken",
      OTEL_SERVICE_NAME: "billing",
      OTEL_RESOURCE_ATTRIBUTES: "service.instance.id=i-1,cloud.availability_zone=a",
    })) as { traceId: string; sent: boolean[] };
    assert.deepEqual(told.sent, [true, true]);
    const trace = store.trace(told.traceId);
    assert.deepEqual(
      trace?.tree.map(({ depth, service, instance, zone, kind, name, error, message }) => [
        depth,
        service,
        instance,
        zone,
        kind,
        name,
        error,
        message,
      ]),
      [
        [0, "billing", "i-1", "a", "server", "POST /invoice", false, ""],
        [1, "billing", "i-1", "a", "client", "SELECT", true, "deadlock"],
      ],
    );
    assert.deepEqual(trace?.tree[0]?.attributes, { "http.response.status_code": 201, tags: '["a","b"]' });
    assert.deepEqual(
      trace?.tree[1]?.events.map(({ name, attributes }) => [name, attributes]),
      [["retry", { attempt: 2 }]],
    );
  } finally {
    await receiver.close();
  }
});

test("what we send is read by OpenTelemetry's own protobuf as it was meant", { skip }, async () => {
  const ring = new SpanRing();
  const sampling = new Sampling();
  sampling.ratio = 1;
  const tracer = new Tracer(clock, IdSource.from(new SeededRandom(1)), sampling, ring);
  const root = tracer.serve("GET /titles", 1_000, {
    traceId: "0af7651916cd43dd8448eb211c80319c",
    spanId: "b7ad6b7169203331",
    flags: 1,
  });
  root.tracestate = "vendor=1";
  const call = root.child(SpanKind.client, "GET catalog", 1_001, ["n", 7, "half", 0.5, "yes", true, "text", "é"]);
  call.event("retry", 1_002, ["attempt", 2]);
  call.fail("status 503");
  call.end(1_003);
  root.end(1_004);
  const message = tracesToProtobuf(
    spansToOtlp(ring.take(9), [{ key: "service.name", value: "api" }], 1_700_000_000_000),
  );
  const base64 = (id: string): string => Buffer.from(id, "hex").toString("base64");
  assert.deepEqual(await python("read", message), {
    resourceSpans: [
      {
        resource: { attributes: [{ key: "service.name", value: { stringValue: "api" } }] },
        scopeSpans: [
          {
            scope: { name: "@holdfast/trace", version: "0.1.0" },
            spans: [
              {
                traceId: base64(root.traceId),
                spanId: base64(call.id),
                traceState: "vendor=1",
                parentSpanId: base64(root.id),
                name: "GET catalog",
                kind: "SPAN_KIND_CLIENT",
                startTimeUnixNano: "1700000001001000000",
                endTimeUnixNano: "1700000001003000000",
                attributes: [
                  { key: "n", value: { intValue: "7" } },
                  { key: "half", value: { doubleValue: 0.5 } },
                  { key: "yes", value: { boolValue: true } },
                  { key: "text", value: { stringValue: "é" } },
                ],
                events: [
                  {
                    timeUnixNano: "1700000001002000000",
                    name: "retry",
                    attributes: [{ key: "attempt", value: { intValue: "2" } }],
                  },
                ],
                status: { message: "status 503", code: "STATUS_CODE_ERROR" },
                flags: 0x101,
              },
              {
                traceId: base64(root.traceId),
                spanId: base64(root.id),
                traceState: "vendor=1",
                parentSpanId: base64("b7ad6b7169203331"),
                name: "GET /titles",
                kind: "SPAN_KIND_SERVER",
                startTimeUnixNano: "1700000001000000000",
                endTimeUnixNano: "1700000001004000000",
                flags: 0x301,
              },
            ],
          },
        ],
      },
    ],
  });
});
