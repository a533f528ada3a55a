import type { TraceDetail, TraceList, TraceLogLine, TraceSpan, TraceSummary } from "@holdfast/wire";

/** A request that fanned out, with a try that failed, a second one, and a fallback; and good ones around it. */
const id = (n: number): string => n.toString(16).padStart(16, "0");
export const fakeTraceId = "0af7651916cd43dd8448eb211c80319c";

function span(n: number, parent: number, depth: number, given: Partial<TraceSpan>): TraceSpan {
  return {
    spanId: id(n),
    parentSpanId: parent === 0 ? "" : id(parent),
    orphan: false,
    depth,
    name: "GET /",
    kind: "server",
    service: "api",
    instance: "i-0a1b2c3d4e5f6071",
    zone: "local-1a",
    startMs: 0,
    durationMs: 1,
    selfMs: 0.4,
    critical: true,
    error: false,
    message: "",
    attributes: { "http.request.method": "GET", "http.response.status_code": 200 },
    events: [],
    ...given,
  };
}

const tree: readonly TraceSpan[] = [
  span(1, 0, 0, {
    service: "gateway",
    name: "GET /api/home",
    durationMs: 48.2,
    attributes: {
      "http.request.method": "GET",
      "url.path": "/api/home",
      "http.response.status_code": 200,
      "holdfast.request.id": "7d0f2c1e-5a",
    },
  }),
  span(2, 1, 1, { service: "gateway", name: "GET api", kind: "client", startMs: 0.6, durationMs: 47.1 }),
  span(3, 2, 2, { name: "GET /home", startMs: 1.3, durationMs: 45.8, selfMs: 2.1, zone: "local-1b" }),
  span(4, 3, 3, { name: "GET users", kind: "client", startMs: 2, durationMs: 4.4, critical: false, zone: "local-1b" }),
  span(5, 4, 4, {
    service: "users",
    name: "GET /users",
    startMs: 2.6,
    durationMs: 3.1,
    critical: false,
    zone: "local-1b",
  }),
  span(6, 3, 3, {
    name: "call ratings",
    kind: "internal",
    startMs: 6.8,
    durationMs: 33.4,
    zone: "local-1b",
    attributes: { "peer.service": "ratings", "holdfast.tries": 2 },
    events: [{ name: "fallback", atMs: 40.1, attributes: { reason: "CALL_TIMED_OUT" } }],
  }),
  span(7, 6, 4, {
    name: "GET ratings",
    kind: "client",
    startMs: 6.9,
    durationMs: 8.1,
    zone: "local-1b",
    error: true,
    message: "status 503",
    attributes: { "http.response.status_code": 503, "holdfast.peer.zone": "local-1b" },
  }),
  span(8, 6, 4, {
    name: "GET ratings",
    kind: "client",
    startMs: 15.2,
    durationMs: 24.6,
    zone: "local-1b",
    error: true,
    message: "silent",
    attributes: {
      "error.type": "silent",
      "http.request.resend_count": 1,
      "holdfast.try": "retry",
      "holdfast.peer.zone": "local-1c",
    },
  }),
  span(9, 8, 5, {
    service: "ratings",
    name: "GET /ratings",
    startMs: 15.9,
    durationMs: 23.7,
    selfMs: 23.7,
    zone: "local-1c",
    instance: "i-77aa2c3d4e5f6071",
  }),
  span(10, 3, 3, { name: "GET recommendations", kind: "client", startMs: 41, durationMs: 5.6, zone: "local-1b" }),
  span(11, 10, 4, {
    service: "recommendations",
    name: "GET /for-a-user-with-a-rather-long-name-of-an-operation",
    startMs: 41.5,
    durationMs: 4.6,
    zone: "local-1a",
  }),
  span(12, 999, 0, {
    service: "movies-billing-of-another-team",
    name: "POST /invoice",
    startMs: 20,
    durationMs: 6,
    zone: "",
    instance: "",
    critical: false,
    orphan: true,
  }),
];

function summary(n: number, given: Partial<TraceSummary> = {}): TraceSummary {
  return {
    traceId: n.toString(16).padStart(32, "0"),
    operation: "GET /titles",
    service: "gateway",
    startedAt: new Date(Date.now() - n * 1_700).toISOString(),
    durationMs: 2 + ((n * 37) % 23),
    spans: 6,
    errors: 0,
    services: [
      { name: "api", spans: 3, errors: 0 },
      { name: "gateway", spans: 2, errors: 0 },
      { name: "catalog", spans: 1, errors: 0 },
    ],
    kept: "sampled",
    ...given,
  };
}

const failed: TraceSummary = {
  ...summary(1),
  traceId: fakeTraceId,
  operation: "GET /api/home",
  durationMs: 48.2,
  spans: tree.length,
  errors: 2,
  kept: "error",
  services: [
    { name: "api", spans: 5, errors: 2 },
    { name: "gateway", spans: 2, errors: 0 },
    ...["users", "ratings", "recommendations", "movies-billing-of-another-team"].map((name) => ({
      name,
      spans: 1,
      errors: 0,
    })),
  ],
};

/** What control's traces API answers, filters included. */
export class FakeTraces {
  all: readonly TraceSummary[] = [
    failed,
    summary(2, { durationMs: 1_380, kept: "slow" }),
    ...Array.from({ length: 20 }, (_, i) => summary(i + 3)),
  ];

  list(query: URLSearchParams): TraceList {
    const service = query.get("service");
    const found = this.all.filter(
      (trace) =>
        (service === null || trace.services.some(({ name }) => name === service)) &&
        trace.durationMs >= Number(query.get("minMs") ?? 0) &&
        (query.get("errors") !== "1" || trace.errors > 0),
    );
    const services = [...new Set(this.all.flatMap((trace) => trace.services.map(({ name }) => name)))].sort();
    const store = {
      traces: this.all.length,
      spans: 131,
      bytes: 9_400_000,
      bytesMax: 67_108_864,
      since: null,
      refused: 0,
      letGo: 0,
      services,
    };
    return { traces: found, store };
  }

  one(traceId: string): TraceDetail | undefined {
    return traceId === fakeTraceId ? { ...failed, tree } : undefined;
  }

  logs(): readonly TraceLogLine[] {
    const text = `{"time":"2026-11-23T12:00:00.041Z","level":"warn","event":"home.ratings.missing","traceId":"${fakeTraceId}","spanId":"${id(3)}"}`;
    return [{ service: "api", instance: "i-0a1b2c3d4e5f6071", at: "2026-11-23T12:00:00.041Z", spanId: id(3), text }];
  }
}
