import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { SeededRandom } from "@holdfast/kernel";
import { FakeClock } from "@holdfast/testing";
import {
  activeSpan,
  activeTraceIds,
  IdSource,
  inSpan,
  runInSpan,
  Sampling,
  type Span,
  SpanKind,
  SpanRing,
  Tracer,
} from "@holdfast/trace";

const remote = { traceId: "0af7651916cd43dd8448eb211c80319c", spanId: "b7ad6b7169203331" };

function world(ratio = 0.05) {
  const clock = new FakeClock();
  const ring = new SpanRing();
  const sampling = new Sampling();
  sampling.ratio = ratio;
  const tracer = new Tracer(clock, IdSource.from(new SeededRandom(1)), sampling, ring);
  const names = (): string[] => ring.take(1_000).map(({ name }) => name);
  return { clock, ring, sampling, tracer, names };
}

describe("a sampled trace", () => {
  test("gives every span as it ends, below the caller's", () => {
    const { tracer, names, ring } = world(0);
    const root = tracer.serve("GET /titles", 10, { ...remote, flags: 1 });
    const call = root.child(SpanKind.client, "GET catalog", 11);
    call.end(12);
    assert.deepEqual(names(), ["GET catalog"]);
    root.end(13);
    const [kept] = ring.take(1);
    assert.equal(kept?.root.traceId, remote.traceId);
    assert.equal(kept?.root.remote?.spanId, remote.spanId);
    assert.equal(call.traceparent, `00-${remote.traceId}-${call.id}-01`);
    assert.notEqual(call.id, root.id);
  });

  test("keeps what ends after its root, too, and each span once", () => {
    const { tracer, names } = world(1);
    const root = tracer.serve("GET /", 0, undefined);
    const late = root.child(SpanKind.internal, "late", 1);
    root.end(2);
    late.end(3);
    late.end(4);
    assert.deepEqual(names(), ["GET /", "late"]);
    assert.equal(late.endMs, 3);
  });

  test("a span does not end before it began", () => {
    const { tracer } = world(1);
    const root = tracer.serve("GET /", 100, undefined);
    root.end(99);
    assert.equal(root.endMs, 100);
  });
});

describe("sampling by head", () => {
  test("keeps about the share it is told, of new traces", () => {
    const { tracer } = world(0.05);
    let kept = 0;
    for (let i = 0; i < 10_000; i++) if (tracer.serve("GET /", i, undefined).isSampled) kept += 1;
    // 500 ± 5 standard deviations of 22.
    assert.ok(kept > 390 && kept < 610, `${kept} of 10,000`);
  });

  test("0 keeps none and 1 keeps all", () => {
    for (const ratio of [0, 1]) {
      const { tracer } = world(ratio);
      for (let i = 0; i < 1_000; i++) assert.equal(tracer.serve("GET /", i, undefined).isSampled, ratio === 1);
    }
  });

  test("does as the caller decided", () => {
    assert.equal(world(0).tracer.serve("GET /", 0, { ...remote, flags: 1 }).isSampled, true);
    assert.equal(world(1).tracer.serve("GET /", 0, { ...remote, flags: 0 }).isSampled, false);
    assert.equal(world(1).tracer.serve("GET /", 0, { ...remote, flags: undefined }).isSampled, true);
  });

  test("when not by parent, goes by the trace's id, so that all hops agree", () => {
    const { sampling, tracer } = world(0.5);
    sampling.parentBased = false;
    const sampled = (end: string): boolean =>
      tracer.serve("GET /", 0, { traceId: remote.traceId.slice(0, 24) + end, spanId: remote.spanId, flags: 0 })
        .isSampled;
    assert.equal(sampled("7fffffff"), true);
    assert.equal(sampled("80000000"), false);
  });

  test("refuses a share that is none, by name", () => {
    const { sampling } = world();
    for (const ratio of [-0.1, 1.1, Number.NaN]) {
      assert.throws(() => (sampling.ratio = ratio), { code: "OPTION_INVALID", message: /^trace\.sample: / });
    }
    assert.equal(sampling.ratio, 0.05);
  });
});

describe("a trace that is not sampled", () => {
  test("leaves nothing when all went well", () => {
    const { tracer, ring } = world(0);
    const root = tracer.serve("GET /", 0, undefined);
    root.child(SpanKind.client, "GET catalog", 1).end(2);
    root.end(3);
    assert.equal(ring.size, 0);
  });

  test("is kept with all its spans when its request failed, and says why", () => {
    const { tracer, ring } = world(0);
    const root = tracer.serve("GET /", 0, { ...remote, flags: 0 });
    root.child(SpanKind.client, "GET catalog", 1).end(2);
    root.fail("500");
    root.end(3);
    const [call, kept] = ring.take(2);
    assert.equal(call?.name, "GET catalog");
    assert.equal(call?.parent, kept);
    assert.deepEqual(kept?.attributes, ["holdfast.kept", "error"]);
    assert.equal(kept?.root.flags, 0);
  });

  test("is kept when a span below failed, though the request got its answer", () => {
    const { tracer, names } = world(0);
    const root = tracer.serve("GET /", 0, undefined);
    const call = root.child(SpanKind.client, "GET catalog", 1);
    call.fail("503");
    call.end(2);
    root.end(3);
    assert.deepEqual(names(), ["GET catalog", "GET /"]);
  });

  test("is kept when it was slow", () => {
    const { tracer, ring } = world(0);
    tracer.serve("GET /", 0, undefined).end(999);
    tracer.serve("GET /", 0, undefined).end(1_000);
    assert.equal(ring.size, 1);
    assert.deepEqual(ring.take(1)[0]?.attributes, ["holdfast.kept", "slow"]);
  });

  test("holds no more than 64 spans back", () => {
    const { tracer, ring } = world(0);
    const root = tracer.serve("GET /", 0, undefined);
    for (let i = 0; i < 1_000; i++) root.child(SpanKind.client, `call ${i}`, i).end(i);
    root.fail("500");
    root.end(1_000);
    assert.equal(ring.size, 65);
  });

  test("in an outage, 20 a second are kept and the rest counted", () => {
    const { tracer, ring } = world(0);
    const failAt = (ms: number): void => {
      const root = tracer.serve("GET /", ms, undefined);
      root.fail("503");
      root.end(ms);
    };
    for (let i = 0; i < 500; i++) failAt(0);
    assert.equal(ring.take(1_000).length, 20);
    assert.equal(tracer.failuresLetGo, 480);
    for (let i = 0; i < 500; i++) failAt(500);
    assert.equal(ring.take(1_000).length, 10);
  });
});

describe("a span", () => {
  test("is bounded: attributes, their length, events", () => {
    const { tracer } = world(1);
    const span = tracer.serve("GET /", 0, undefined);
    for (let i = 0; i < 100; i++) span.set(`key${i}`, "x".repeat(5_000));
    for (let i = 0; i < 100; i++) span.event("retry", i);
    assert.equal(span.attributes?.length, 128);
    assert.equal(span.droppedAttributes, 36);
    assert.equal(String(span.attributes?.[1]).length, 1_024);
    assert.equal(span.events?.length, 32);
    assert.equal(span.droppedEvents, 68);
  });

  test("work on nobody's behalf is a trace of its own, else a part of its caller's", () => {
    const { tracer } = world(1);
    const alone = tracer.begin(SpanKind.client, "GET catalog", 0, undefined);
    assert.equal(alone.root, alone);
    assert.equal(tracer.begin(SpanKind.client, "GET ratings", 0, alone).root, alone);
  });

  test("is found by the code that runs in it, and a context keeps its other fields", async () => {
    const { tracer } = world(1);
    const outer = tracer.serve("GET /", 0, undefined);
    const inner = outer.child(SpanKind.internal, "titles", 0);
    assert.equal(activeSpan(), undefined);
    assert.equal(activeTraceIds(), undefined);
    const seen: (Span | undefined)[] = await runInSpan(outer, async () => {
      const before = activeSpan();
      const within = await runInSpan(inner, async () => activeSpan());
      return [before, within, activeSpan()];
    });
    assert.deepEqual(seen, [outer, inner, outer]);
    assert.deepEqual(runInSpan(inner, activeTraceIds), { traceId: outer.root.traceId, spanId: inner.id });
  });
});

describe("work in a span of its own", () => {
  test("is below the active one, with what it calls below it, and ends with it", async () => {
    const { tracer, ring, clock } = world(1);
    const root = tracer.serve("GET /", 0, undefined);
    const seen = runInSpan(root, () => inSpan("render", () => activeSpan(), { pages: 3 }));
    assert.equal(seen?.parent, root);
    const later = runInSpan(root, () => inSpan("later", () => clock.sleep(5).then(() => "done")));
    assert.equal(ring.size, 1);
    await clock.advance(5);
    assert.equal(await later, "done");
    const [render, slow] = ring.take(2);
    assert.deepEqual([render?.name, render?.attributes, render?.failed], ["render", ["pages", 3], false]);
    assert.deepEqual([slow?.name, slow?.endMs], ["later", 5]);
  });

  test("fails with what it throws or is rejected with, which comes out as it is", async () => {
    const { tracer, ring } = world(1);
    const root = tracer.serve("GET /", 0, undefined);
    const error = new Error("no paper");
    const thrower = (): never => {
      throw error;
    };
    assert.throws(() => runInSpan(root, () => inSpan("print", thrower)), error);
    await assert.rejects(
      runInSpan(root, () => inSpan("print", () => Promise.reject(error))),
      error,
    );
    assert.deepEqual(
      ring.take(3).map(({ failed, message }) => [failed, message]),
      [
        [true, "no paper"],
        [true, "no paper"],
      ],
    );
  });

  test("outside of a trace it just runs", () => {
    assert.equal(
      inSpan("alone", () => activeSpan() ?? "none"),
      "none",
    );
  });
});

describe("the ring of ended spans", () => {
  const ended = (tracer: Tracer, name: string): Span => tracer.serve(name, 0, undefined);

  test("drops the oldest when there are too many, and counts them", () => {
    const { tracer } = world(1);
    const ring = new SpanRing(3);
    for (const name of ["a", "b", "c", "d", "e"]) ring.push(ended(tracer, name));
    assert.equal(ring.dropped, 2);
    assert.deepEqual(
      ring.take(2).map(({ name }) => name),
      ["c", "d"],
    );
    ring.push(ended(tracer, "f"));
    assert.deepEqual(
      ring.take(9).map(({ name }) => name),
      ["e", "f"],
    );
    assert.deepEqual([ring.size, ring.bytes], [0, 0]);
  });

  test("drops the oldest when they are too big", () => {
    const { tracer } = world(1);
    const ring = new SpanRing(100, 10_000);
    for (let i = 0; i < 20; i++) {
      const span = ended(tracer, `span ${i}`);
      span.set("body", "x".repeat(1_000));
      span.event("e", 0, ["key", "value"]);
      ring.push(span);
    }
    assert.ok(ring.bytes <= 10_000);
    assert.equal(ring.size, 6);
    assert.equal(ring.dropped, 14);
  });
});
