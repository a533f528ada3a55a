import assert from "node:assert/strict";
import { test } from "node:test";
import {
  AgeGauge,
  BucketCounter,
  BucketDistributionSummary,
  BucketTimer,
  IntervalCounter,
  LongTaskTimer,
  MeterRegistry,
  type MeterSnapshot,
  MonotonicCounter,
  MonotonicCounterUint,
  pollMonotonic,
  pollValue,
} from "@holdfast/metrics";
import { FakeClock } from "@holdfast/testing";

function shown(snapshots: readonly MeterSnapshot[]): Record<string, number> {
  return Object.fromEntries(
    snapshots.map((one) => [
      [one.name, ...Object.values(one.tags)].join(" "),
      one.kind === "gauge" ? one.value : one.count,
    ]),
  );
}

test("polled gauges of one name and tags are added up, at each read anew, until the last one ends", () => {
  const meters = new MeterRegistry();
  let depth = 3;
  const ends = [pollValue(meters, "queue", {}, () => depth), pollValue(meters, "queue", {}, () => 10)];
  assert.deepEqual(shown(meters.snapshot()), { queue: 13 });
  depth = 4;
  assert.deepEqual(shown(meters.snapshot()), { queue: 14 });
  ends[1]?.();
  assert.deepEqual(shown(meters.snapshot()), { queue: 4 });
  ends[0]?.();
  depth = 99;
  assert.deepEqual(shown(meters.snapshot()), { queue: 4 });
  pollValue(meters, "queue", {}, () => depth);
  assert.deepEqual(shown(meters.snapshot()), { queue: 99 });
});

test("a polled total counts what is new since the last read, from where it was at the beginning", () => {
  const meters = new MeterRegistry();
  let done = 100;
  const end = pollMonotonic(meters, "jobs", {}, () => done);
  assert.deepEqual(shown(meters.snapshot()), { jobs: 0 });
  done = 107;
  assert.deepEqual(shown(meters.snapshot()), { jobs: 7 });
  done = 2;
  assert.deepEqual(shown(meters.snapshot()), { jobs: 7 });
  done = 5;
  assert.deepEqual(shown(meters.snapshot()), { jobs: 10 });
  end();
});

test("monotonic totals begin to count with the second one; an unsigned one that is lower has run over", () => {
  const meters = new MeterRegistry();
  const plain = new MonotonicCounter(meters.counter("plain"));
  for (const total of [5, 8, Number.NaN, 3, 4.5]) plain.set(total);
  const unsigned = new MonotonicCounterUint(meters.counter("unsigned"));
  for (const total of [(1n << 64n) - 3n, (1n << 64n) - 1n, 4n]) unsigned.set(total);
  assert.deepEqual(shown(meters.snapshot()), { plain: 4.5, unsigned: 7 });
});

test("an age grows by itself and goes back when it went well again", async () => {
  const clock = new FakeClock();
  const meters = new MeterRegistry();
  const age = new AgeGauge(clock, meters, "backup.age");
  await clock.advance(90_000);
  assert.deepEqual(shown(meters.snapshot()), { "backup.age": 90 });
  age.set(0);
  await clock.advance(500);
  assert.deepEqual(shown(meters.snapshot()), { "backup.age": 0.5 });
  age.set(clock.wallMs() / 1_000 - 3_600);
  assert.deepEqual(shown(meters.snapshot()), { "backup.age": 3_600 });
  age.close();
  assert.equal(clock.pendingTimers, 0);
});

test("an interval counter counts and tells how long it has not", async () => {
  const clock = new FakeClock();
  const meters = new MeterRegistry();
  const counter = new IntervalCounter(clock, meters, "sync", { zone: "a" });
  await clock.advance(2_000);
  counter.increment();
  counter.increment(4);
  await clock.advance(7_000);
  assert.deepEqual(shown(meters.snapshot()), { "sync a count": 5, "sync a duration": 7 });
  assert.equal(counter.count, 5);
  counter.close();
});

test("long tasks show while they run, and each ends once", async () => {
  const clock = new FakeClock();
  const meters = new MeterRegistry();
  const timer = new LongTaskTimer(clock, meters, "refresh");
  const first = timer.start();
  await clock.advance(60_000);
  const second = timer.start();
  await clock.advance(30_000);
  assert.deepEqual(shown(meters.snapshot()), { "refresh activeTasks": 2, "refresh duration": 120 });
  assert.deepEqual([first.stop(), first.stop()], [90_000, 0]);
  assert.deepEqual(shown(meters.snapshot()), { "refresh activeTasks": 1, "refresh duration": 30 });
  second.stop();
  assert.deepEqual(shown(meters.snapshot()), { "refresh activeTasks": 0, "refresh duration": 0 });
  timer.close();
});

test("bucket meters have one meter a bucket", () => {
  const meters = new MeterRegistry();
  const sizeOf = (value: number): string => (value < 10 ? "small" : "large");
  const [counter, timer, summary] = [
    new BucketCounter(meters, "c", { a: "1" }, sizeOf),
    new BucketTimer(meters, "t", {}, sizeOf),
    new BucketDistributionSummary(meters, "s", {}, sizeOf),
  ];
  for (const value of [1, 2, 30]) {
    counter.record(value);
    timer.record(value);
    summary.record(value);
  }
  assert.deepEqual(shown(meters.snapshot()), {
    "c 1 small": 2,
    "c 1 large": 1,
    "t small": 2,
    "t large": 1,
    "s small": 2,
    "s large": 1,
  });
});
