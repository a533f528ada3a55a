import assert from "node:assert/strict";
import { test } from "node:test";
import type { TraceDetail, TraceSpan } from "@holdfast/wire";
import picocolors from "picocolors";
import { waterfall } from "../src/cli/traces/waterfall.ts";

const plain = picocolors.createColors(false);

function span(given: Partial<TraceSpan>): TraceSpan {
  return {
    spanId: "1",
    parentSpanId: "",
    orphan: false,
    depth: 0,
    name: "GET /",
    kind: "server",
    service: "api",
    instance: "i-1",
    zone: "",
    startMs: 0,
    durationMs: 10,
    selfMs: 10,
    critical: true,
    error: false,
    message: "",
    attributes: {},
    events: [],
    ...given,
  };
}

function lines(...tree: TraceSpan[]): string[] {
  return waterfall({ durationMs: 10, tree } as unknown as TraceDetail, 72, plain);
}

test("bars lie where their time was; what lay beside the critical path is light", () => {
  const [first, second, third] = lines(
    span({}),
    span({ depth: 1, name: "GET users", startMs: 5, durationMs: 5 }),
    span({ depth: 1, name: "GET ratings", startMs: 0, durationMs: 0.01, critical: false, zone: "b" }),
  );
  assert.equal(first, "api GET /                 10.0 ms  ███████████████████");
  assert.equal(second, "  api GET users            5.0 ms           ██████████");
  assert.equal(third, "  api GET ratings (b)      0.0 ms  ░");
});

test("failures, repeats, fallbacks and missing parents are said", () => {
  const [line = ""] = lines(
    span({
      error: true,
      message: "status 503",
      orphan: true,
      attributes: { "http.request.resend_count": 1, "holdfast.try": "hedge" },
      events: [{ name: "fallback", atMs: 1, attributes: { reason: "CALL_TIMED_OUT" } }],
    }),
  );
  assert.match(line, /status 503, hedge 1, fallback: CALL_TIMED_OUT, its parent is not here$/);
});

test("a trace that took no time, or is very deep or long-winded, is drawn all the same", () => {
  const [zero = ""] = waterfall(
    { durationMs: 0, tree: [span({ durationMs: 0 })] } as unknown as TraceDetail,
    72,
    plain,
  );
  assert.match(zero, /█{16}$/);
  const [deep = ""] = lines(span({ depth: 500, name: "x".repeat(500) }));
  assert.ok(deep.length < 110, deep);
});

test("what a sender calls its spans does not move the cursor", () => {
  const [line = ""] = lines(span({ name: "\u001b[2Jgone", message: "a\nb", error: true }));
  assert.doesNotMatch(line, /\p{Cc}/u);
});
