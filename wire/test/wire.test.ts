import assert from "node:assert/strict";
import { test } from "node:test";
import { PlatformError } from "@holdfast/kernel";
import {
  encodeSse,
  errorFromProblem,
  formatCursor,
  isNewer,
  parseCursor,
  problemFrom,
  SseDecoder,
  type SseEvent,
} from "@holdfast/wire";
import { applicationJsonSchema, parseApplication } from "@holdfast/wire/application";

test("events survive being cut into single characters, and comments are not events", () => {
  const events: SseEvent[] = [];
  const decoder = new SseDecoder((event) => events.push(event));
  const sent: SseEvent[] = [
    { event: "snapshot", data: '{"a":1}', id: "p:1:2" },
    { event: "delta", data: "two\nlines" },
  ];
  for (const char of `:\n\n${sent.map(encodeSse).join(":\n\n")}`) decoder.push(char);
  assert.deepEqual(events, sent);
});

test("lines may end in CR LF, wherever the text is cut, and a large event costs no more in many pieces", () => {
  const text = `event: a\r\ndata: 1\r\n\r\nevent: b\ndata: ${"x".repeat(1_000)}\n\r\n`;
  for (let size = 1; size < 40; size++) {
    const events: SseEvent[] = [];
    const decoder = new SseDecoder((event) => events.push(event));
    for (let at = 0; at < text.length; at += size) decoder.push(text.slice(at, at + size));
    assert.deepEqual(
      events.map(({ event, data }) => [event, data.length]),
      [
        ["a", 1],
        ["b", 1_000],
      ],
      `pieces of ${size}`,
    );
  }
});

test("an event that never ends is refused before it fills memory", () => {
  const decoder = new SseDecoder(() => {}, 10);
  assert.throws(() => decoder.push("data: 12345678"), RangeError);
});

test("cursors round-trip and foreign text is not a cursor", () => {
  const cursor = { peer: "local-1a", epoch: 1_700, sequence: 42 };
  assert.deepEqual(parseCursor(formatCursor(cursor)), cursor);
  assert.equal(parseCursor("local 1a:1:2"), undefined);
  assert.equal(parseCursor("a:1"), undefined);
});

test("a later start beats any version of an earlier one", () => {
  assert.equal(isNewer({ incarnation: 2, version: 1 }, { incarnation: 1, version: 9 }), true);
  assert.equal(isNewer({ incarnation: 1, version: 2 }, { incarnation: 1, version: 2 }), false);
});

test("a typed error crosses the wire with its code, sentence and next step", () => {
  const error = new PlatformError("STATE_READ_ONLY", "state: disk is full", { status: 503, next: "free some space" });
  const back = errorFromProblem(JSON.parse(JSON.stringify(problemFrom(error))), 503);
  assert.deepEqual([back.code, back.message, back.next, back.status], [error.code, error.message, error.next, 503]);
  assert.equal(problemFrom(new Error("secret path")).detail.includes("secret"), false);
});

test("an application needs nothing but a command", () => {
  const parsed = parseApplication({ services: { hello: { run: "node hello.js" } } });
  assert.equal(parsed.kind, "ok");
});

test("all faults of an application are found at once, each with its path", () => {
  const parsed = parseApplication({
    name: "Not A Name",
    colour: "red",
    services: { a: { run: "" }, registry: { run: "x", scale: { min: 3, max: 2 } }, c: { runn: "x" } },
    routes: [{ match: "api", to: "nobody" }],
  });
  assert.equal(parsed.kind, "faults");
  const paths = parsed.faults.map((fault) => fault.path.join("."));
  for (const path of [
    "name",
    "colour",
    "services.a.run",
    "services.registry.scale.max",
    "services.c.run",
    "services.c.runn",
    "routes.0.match",
  ]) {
    assert.ok(paths.includes(path), `${path} is missing from ${paths.join(", ")}`);
  }
});

test("scaling policies and scheduled actions are part of an application, and are the same when read again", () => {
  const policy = {
    name: "cpu",
    policyType: "TargetTrackingScaling",
    metric: "ASGAverageCPUUtilization",
    targetValue: 60,
  };
  const scale = {
    policies: [{ ...policy, period: "10s" }],
    scheduled: [{ name: "up", recurrence: "0 8 * * 1-5", min: 6 }],
  };
  const parsed = parseApplication({ services: { web: { run: "node web.js", scale } } });
  assert.ok(parsed.kind === "ok");
  const [read] = parsed.application.services["web"]?.scale?.policies ?? [];
  assert.ok(read?.policyType === "TargetTrackingScaling");
  assert.deepEqual([read.period, read.scaleInPeriods, read.enabled], [10_000, 15, true]);
  assert.deepEqual(parseApplication(JSON.parse(JSON.stringify(parsed.application))), parsed);
});

test("faults of scaling policies are found with their paths", () => {
  const track = { policyType: "TargetTrackingScaling", metric: "ASGAverageCPUUtilization" };
  const scale = {
    policies: [
      { ...track, name: "cpu", targetValue: -1 },
      { ...track, name: "cpu", target: 1, targetValue: 50 },
      { name: "x", policyType: "Magic" },
    ],
    scheduled: [{ name: "never", recurrence: "0 8 * * *" }],
  };
  const parsed = parseApplication({ services: { web: { run: "node web.js", scale } } });
  assert.ok(parsed.kind === "faults");
  const paths = parsed.faults.map((fault) => fault.path.slice(3).join("."));
  assert.deepEqual(paths, [
    "policies.0.targetValue",
    "policies.1.target",
    "policies.2.policyType",
    "scheduled.0.desired",
  ]);
  const twice = {
    policies: [
      { ...track, name: "cpu", targetValue: 1 },
      { ...track, name: "cpu", targetValue: 2 },
    ],
  };
  const again = parseApplication({ services: { web: { run: "node web.js", scale: twice } } });
  assert.ok(again.kind === "faults");
  assert.deepEqual(again.faults[0], {
    path: ["services", "web", "scale", "policies", 1, "name"],
    message: "is there already: cpu",
  });
});

test("the JSON Schema of the application file asks for `run` alone", () => {
  const schema = JSON.stringify(applicationJsonSchema());
  assert.match(schema, /"required":\["run"\]/);
});
