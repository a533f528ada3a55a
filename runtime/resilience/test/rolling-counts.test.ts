import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { RollingCounts } from "../src/rolling-counts.ts";

// The behaviour of HystrixRollingNumberTest.
test("counts of one bucket, of several, and after they have left the window", () => {
  const counts = new RollingCounts(200, 10, 2);
  counts.add(0, 0);
  counts.add(0, 5);
  assert.equal(counts.sum(0, 5), 2);
  counts.add(0, 25);
  assert.equal(counts.sum(0, 199), 3);
  assert.equal(counts.sum(0, 200), 1);
  assert.equal(counts.sum(0, 220), 0);
  assert.equal(counts.sum(1, 220), 0);
});

test("the most at once is the window's, not the last bucket's", () => {
  const counts = new RollingCounts(200, 10, 1);
  counts.active(5, 0);
  counts.active(3, 100);
  assert.equal(counts.peak(150), 5);
  assert.equal(counts.peak(210), 3);
  assert.equal(counts.peak(400), 0);
});

test("after a reset all is 0 and counting goes on", () => {
  const counts = new RollingCounts(200, 10, 1);
  counts.add(0, 0);
  counts.reset();
  assert.equal(counts.sum(0, 10), 0);
  counts.add(0, 10);
  assert.equal(counts.sum(0, 10), 1);
});

test("a window that its buckets do not divide is refused", () => {
  assert.throws(() => new RollingCounts(100, 11, 1), /a window of 100 ms cannot be cut into 11 buckets/);
  assert.throws(() => new RollingCounts(0, 1, 1), RangeError);
  assert.throws(() => new RollingCounts(100, 0, 1), RangeError);
});

test("whatever the order of steps, a sum is what a list of all events says", () => {
  const steps = fc.array(fc.tuple(fc.nat({ max: 700 }), fc.nat({ max: 2 }), fc.integer({ min: 1, max: 5 })));
  fc.assert(
    fc.property(steps, (list) => {
      const counts = new RollingCounts(500, 5, 3);
      const all: { event: number; by: number; bucket: number }[] = [];
      let nowMs = 0;
      for (const [waitMs, event, by] of list) {
        nowMs += waitMs;
        counts.addMany(event, by, nowMs);
        all.push({ event, by, bucket: 0 });
        const last = all.at(-1);
        if (last !== undefined) last.bucket = nowMs;
        for (const kind of [0, 1, 2]) {
          const ever = all.filter((one) => one.event === kind).reduce((total, one) => total + one.by, 0);
          assert.equal(counts.total(kind), ever);
          // Buckets begin when the first event after a silence comes, so the edge is known to a bucket's width.
          const sum = (windowMs: number): number =>
            all
              .filter((one) => one.event === kind && one.bucket > nowMs - windowMs)
              .reduce((total, one) => total + one.by, 0);
          const got = counts.sum(kind, nowMs);
          assert.ok(got >= sum(400) && got <= sum(501), `${got} not within ${sum(400)} and ${sum(501)}`);
        }
      }
    }),
    { numRuns: 300 },
  );
});
