import assert from "node:assert/strict";
import { test } from "node:test";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { MeterRegistry, type MeterSnapshot } from "@holdfast/metrics";

const minuteMs = 60_000;

function names(snapshots: readonly MeterSnapshot[]): string[] {
  return snapshots.map((one) => one.name);
}

function countOf(meters: MeterRegistry, name: string, nowMs?: number): number | undefined {
  const found = meters.snapshot(nowMs).find((one) => one.name === name);
  return found !== undefined && "count" in found ? found.count : undefined;
}

test("each meter keeps what Spectator's does, and ignores what it ignores", () => {
  const meters = new MeterRegistry();
  const counter = meters.counter("c");
  for (const by of [2, 0, -5, Number.NaN]) counter.increment(by);
  counter.increment();
  assert.equal(counter.count, 3);
  const summary = meters.summary("s");
  for (const amount of [3, 4, -1, Number.NaN, Number.POSITIVE_INFINITY, 0]) summary.record(amount);
  assert.deepEqual([summary.count, summary.total, summary.totalOfSquares, summary.max], [3, 7, 25, 4]);
  const largest = meters.maxGauge("m");
  assert.ok(Number.isNaN(largest.value));
  for (const value of [-7, -3, -9]) largest.set(value);
  assert.equal(largest.value, -3);
  const timer = meters.percentileTimer("t", {}, { min: 10, max: 60_000 });
  for (const ms of [1, 20, 100_000]) timer.record(ms);
  assert.equal(timer.total, 100_021);
  const p1 = timer.percentile(1) ?? 0;
  const p100 = timer.percentile(100) ?? 0;
  assert.ok(p1 > 9 && p1 < 11, `1 ms counts as 10 ms: ${p1}`);
  assert.ok(p100 > 60_000 && p100 < 69_000, `100 s count as 60 s: ${p100}`);
});

test("a wrong range of percentiles is refused", () => {
  const meters = new MeterRegistry();
  assert.throws(() => meters.percentileTimer("t", {}, { min: 5, max: 1 }), { code: "OPTION_INVALID" });
  assert.throws(() => meters.percentileSummary("s", {}, { min: 5, max: 1 }), { code: "OPTION_INVALID" });
});

test("a tags object that was changed after a lookup finds another meter, a frozen one the same", () => {
  const meters = new MeterRegistry();
  const tags: Record<string, string> = { zone: "a", status: "2xx" };
  const first = meters.counter("hits", tags);
  tags["zone"] = "b";
  assert.notEqual(meters.counter("hits", tags), first);
  const frozen = Object.freeze({ status: "2xx", zone: "a" });
  assert.equal(meters.counter("hits", frozen), first);
  assert.equal(meters.counter("hits", frozen), first);
  assert.notEqual(meters.counter("hits", { zone: "a" }), first);
  assert.notEqual(meters.counter("hits"), first);
});

test("the overflow takes what comes after the last series, and the first ones are still found", () => {
  const meters = new MeterRegistry({ seriesMax: 2 });
  const first = meters.counter("hits", { user: "0" });
  const second = meters.counter("hits", { user: "1" });
  const overflow = meters.counter("hits", { user: "2" });
  assert.equal(meters.counter("hits", { user: "3" }), overflow);
  assert.equal(meters.counter("hits", { user: "0" }), first);
  assert.equal(meters.counter("hits", { user: "1" }), second);
  assert.equal(meters.snapshot().length, 3);
});

test("names beyond the limit are counted as refused and shown nowhere", () => {
  const meters = new MeterRegistry({ namesMax: 2 });
  meters.counter("a").increment();
  meters.gauge("b").set(1);
  meters.counter("c").increment();
  meters.timer("d").record(1);
  assert.deepEqual(names(meters.snapshot()), ["a", "b", "metrics.names.refused"]);
  assert.equal(countOf(meters, "metrics.names.refused"), 2);
});

test("a gauge that is not set for 15 minutes is shown no more, and is again once it is set", () => {
  const meters = new MeterRegistry();
  const gauge = meters.gauge("queue");
  gauge.set(5);
  assert.deepEqual(names(meters.snapshot(0)), ["queue"]);
  assert.deepEqual(names(meters.snapshot(15 * minuteMs)), ["queue"]);
  assert.deepEqual(names(meters.snapshot(15 * minuteMs + 1)), []);
  gauge.set(5);
  assert.deepEqual(names(meters.snapshot(16 * minuteMs)), ["queue"]);
});

test("a gauge set to the same value again and again is in use", () => {
  const meters = new MeterRegistry();
  const gauge = meters.gauge("queue");
  for (let minute = 0; minute < 60; minute += 10) {
    gauge.set(5);
    assert.deepEqual(names(meters.snapshot(minute * minuteMs)), ["queue"]);
  }
});

test("a counter in somebody's hands loses nothing, however long it is not used", () => {
  const meters = new MeterRegistry();
  const held = meters.counter("rare", { a: "1" });
  held.increment(3);
  meters.snapshot(0);
  meters.snapshot(60 * minuteMs);
  held.increment(2);
  assert.equal(countOf(meters, "rare", 61 * minuteMs), 5);
  assert.equal(meters.counter("rare", { a: "1" }), held);
});

test("an unused counter in nobody's hands goes, and its place can be taken", async () => {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  const meters = new MeterRegistry({ seriesMax: 2 });
  for (const user of ["0", "1", "2"]) meters.counter("hits", { user }).increment();
  meters.snapshot(0);
  meters.snapshot(16 * minuteMs);
  // Weak references hold on until the turn is over.
  await new Promise((resolve) => setImmediate(resolve));
  collect();
  assert.deepEqual(meters.snapshot(17 * minuteMs), []);
  meters.counter("hits", { user: "3" }).increment();
  assert.deepEqual(
    meters.snapshot(18 * minuteMs).map((one) => one.tags),
    [{ user: "3" }],
  );
});

test("what is brought before a read is fresh in it, and a failure hides nothing else", () => {
  const meters = new MeterRegistry();
  let reads = 0;
  const end = meters.beforeRead(() => meters.gauge("reads").set(++reads));
  meters.beforeRead(() => {
    throw new Error("poll");
  });
  assert.equal(reads, 0);
  meters.snapshot();
  const second = meters.snapshot();
  assert.deepEqual(
    second.map((one) => [one.name, "value" in one ? one.value : undefined]),
    [
      ["reads", 2],
      ["metrics.polls.failed", undefined],
    ],
  );
  end();
  meters.snapshot();
  assert.equal(reads, 2);
});
