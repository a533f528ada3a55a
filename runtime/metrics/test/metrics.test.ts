import assert from "node:assert/strict";
import { test } from "node:test";
import { bucketBoundsMs, bucketCount, bucketOf, MeterRegistry, percentile, prometheusText } from "@holdfast/metrics";

test("every duration falls into the first bucket whose bound is not below it", () => {
  for (const [index, bound] of bucketBoundsMs.entries()) {
    assert.equal(bucketOf(bound), index);
    assert.equal(bucketOf(bound * 1.0001), Math.min(index + 1, bucketCount - 1));
  }
  assert.equal(bucketOf(0), 0);
  assert.equal(bucketOf(Number.MAX_VALUE), bucketCount - 1);
});

test("percentiles of two merged timers are those of all their durations, within a bucket", () => {
  const meters = new MeterRegistry();
  const [fast, slow] = [meters.timer("call", { server: "a" }), meters.timer("call", { server: "b" })];
  for (let i = 0; i < 90; i++) fast.record(10);
  for (let i = 0; i < 10; i++) slow.record(500);
  const merged = fast.buckets.map((count, index) => count + (slow.buckets[index] ?? 0));
  const [p50, p99] = [percentile(merged, 0.5), percentile(merged, 0.99)];
  assert.ok(p50 !== undefined && p50 >= 10 && p50 < 12, `${p50}`);
  assert.ok(p99 !== undefined && p99 >= 500 && p99 < 600, `${p99}`);
  assert.equal(percentile(new Float64Array(bucketCount), 0.5), undefined);
});

test("the same name and tags give the same meter, in any order of tags, and another kind is refused", () => {
  const meters = new MeterRegistry();
  assert.equal(meters.counter("hits", { a: "1", b: "2" }), meters.counter("hits", { b: "2", a: "1" }));
  assert.throws(() => meters.gauge("hits", { a: "1", b: "2" }), /already a Counter/);
  // As in Spectator, it is the id that is of one kind: a counter and a gauge may share a name, as in IntervalCounter.
  meters.timer("hits", { other: "tag" }).record(1);
  assert.throws(() => meters.counter("hits", { other: "tag" }), /already a Timer/);
  assert.equal(meters.counter("hits", { b: "2", a: "1" }), meters.counter("hits", { a: "1", b: "2" }));
});

test("series beyond the limit share one overflow series", () => {
  const meters = new MeterRegistry({ seriesMax: 2 });
  for (let i = 0; i < 10; i++) meters.counter("hits", { user: String(i) }).increment();
  const counts = meters.snapshot().map((one) => (one.kind === "counter" ? [one.tags, one.count] : one));
  assert.deepEqual(counts, [
    [{ user: "0" }, 1],
    [{ user: "1" }, 1],
    [{ overflow: "true" }, 8],
  ]);
});

test("the Prometheus text escapes labels and its buckets add up", () => {
  const meters = new MeterRegistry();
  meters.counter("jobs.done", { queue: 'a"b\\c\n' }).increment(3);
  meters.timer("ipc.server.call").record(5);
  const text = prometheusText(meters.snapshot());
  assert.match(text, /# TYPE jobs_done_total counter\njobs_done_total\{queue="a\\"b\\\\c\\n"\} 3\n/);
  assert.match(
    text,
    /ipc_server_call_seconds_bucket\{le="\+Inf"\} 1\nipc_server_call_seconds_sum 0.005\nipc_server_call_seconds_count 1\n/,
  );
});

test("the longest duration is forgotten after a minute or two", () => {
  const meters = new MeterRegistry();
  const timer = meters.timer("call");
  const longest = (nowMs: number): unknown => {
    const [call] = meters.snapshot(nowMs);
    return call?.kind === "timer" ? call.maxMs : undefined;
  };
  timer.record(900);
  assert.equal(longest(1_000), 900);
  assert.equal(longest(61_000), 900);
  timer.record(5);
  assert.equal(longest(90_000), 900);
  assert.equal(longest(125_000), 5);
});
