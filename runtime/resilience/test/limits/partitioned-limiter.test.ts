import assert from "node:assert/strict";
import { test } from "node:test";
import { type CallPermit, FixedLimit, type Limit, PartitionedLimiter, SettableLimit } from "@holdfast/resilience";
import { FakeClock } from "@holdfast/testing";
import fc from "fast-check";
import { World } from "../world.ts";

function limiterOver(limit: Limit, partitions: Record<string, number>): PartitionedLimiter<string> {
  return new PartitionedLimiter<string>(new FakeClock(), limit, {
    partitions,
    partitionOf: (name) => name,
    bypass: (name) => name === "admin",
  });
}

const shares = { batch: 0.3, live: 0.7 };
const ten = (): PartitionedLimiter<string> => limiterOver(new FixedLimit(10), shares);

/** How many get in until the first does not. */
function fill(limiter: PartitionedLimiter<string>, name: string): number {
  let count = 0;
  while (limiter.acquire(name) !== undefined) count += 1;
  return count;
}

test("partitioned: each partition is guaranteed its share, rounded up, at least one", () => {
  const limiter = limiterOver(new FixedLimit(10), { batch: 0.3, live: 0.61, rare: 0.01, none: 0 });
  const limits = ["batch", "live", "rare", "none", "unknown"].map((name) => limiter.partition(name)?.limit);
  assert.deepEqual(limits, [3, 7, 1, 1, 0]);
  assert.equal(limiter.partition("other"), undefined);
});

test("partitioned: a share is not rounded up for what floating point adds to it", () => {
  const limiter = limiterOver(new FixedLimit(100), { a: 0.07, b: 0.55, c: 0.38 });
  assert.deepEqual(
    ["a", "b", "c"].map((name) => limiter.partition(name)?.limit),
    [7, 55, 38],
  );
});

test("partitioned: a partition may have all the room that others leave", () => {
  const limiter = ten();
  assert.equal(fill(limiter, "batch"), 10);
  assert.equal(limiter.partition("batch")?.inFlight, 10);
});

test("partitioned: what others have taken does not touch a guarantee", () => {
  const limiter = ten();
  fill(limiter, "batch");
  assert.equal(fill(limiter, "live"), 7);
  assert.deepEqual([limiter.inFlight, limiter.counts.rejected], [17, 2]);
});

test("partitioned: when all have what they are guaranteed, nobody gets in", () => {
  const limiter = ten();
  for (let i = 0; i < 3; i++) assert.notEqual(limiter.acquire("batch"), undefined);
  for (let i = 0; i < 7; i++) assert.notEqual(limiter.acquire("live"), undefined);
  assert.deepEqual([limiter.acquire("batch"), limiter.acquire("live"), limiter.inFlight], [undefined, undefined, 10]);
});

test("partitioned: a place that is given back can be had again", () => {
  const limiter = ten();
  const permit = limiter.acquire("batch");
  fill(limiter, "batch");
  permit?.success();
  permit?.success();
  assert.deepEqual([limiter.inFlight, limiter.partition("batch")?.inFlight], [9, 9]);
  assert.equal(fill(limiter, "batch"), 1);
});

test("partitioned: shares follow the limit and keep who is under way", () => {
  const limit = new SettableLimit(10);
  const limiter = limiterOver(limit, shares);
  limiter.acquire("batch");
  limit.setLimit(20);
  assert.deepEqual(limiter.partition("batch"), { name: "batch", share: 0.3, inFlight: 1, limit: 6 });
});

test("partitioned: calls of no known partition have only what others leave", () => {
  const limiter = ten();
  assert.notEqual(limiter.acquire("stranger"), undefined);
  assert.notEqual(limiter.acquire(), undefined);
  fill(limiter, "batch");
  assert.deepEqual([limiter.acquire("stranger"), limiter.partition("unknown")?.inFlight], [undefined, 2]);
});

test("partitioned: who bypasses is let in when all is full and is in no partition", () => {
  const limiter = ten();
  fill(limiter, "batch");
  fill(limiter, "live");
  assert.notEqual(limiter.acquire("admin"), undefined);
  assert.deepEqual([limiter.inFlight, limiter.counts.bypassed, limiter.hasRoom("admin")], [17, 1, true]);
});

test("partitioned: shares that cannot be kept are refused", () => {
  const limit = new FixedLimit(10);
  assert.throws(() => limiterOver(limit, { a: 0.6, b: 0.5 }), /partitions: must be shares whose sum is at most 1/);
  assert.throws(() => limiterOver(limit, { a: -0.1 }), /partitions\.a/);
  assert.throws(() => limiterOver(limit, {}), /at least one partition/);
  assert.doesNotThrow(() => limiterOver(limit, { a: 0.1, b: 0.2, c: 0.7 }));
});

test("partitioned: whatever happens, places are conserved and guarantees kept", () => {
  const names = ["a", "b", "c", "stranger"] as const;
  const step = fc.record({
    name: fc.constantFrom(...names),
    give: fc.boolean(),
    which: fc.nat(100),
    limit: fc.nat(15),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 100 }), (steps) => {
      const limit = new SettableLimit(8);
      const limiter = limiterOver(limit, { a: 0.5, b: 0.3, c: 0.1 });
      const open: { readonly name: string; readonly permit: CallPermit }[] = [];
      for (const one of steps) {
        if (one.limit > 0 && one.which > 90) limit.setLimit(one.limit);
        const guaranteed = limiter.partition(one.name)?.limit ?? 0;
        const mine = open.filter((other) => other.name === one.name).length;
        if (one.give) {
          const [gone] = open.splice(one.which % Math.max(1, open.length), 1);
          gone?.permit.success();
        } else {
          const expected = open.length < limiter.limit || mine < guaranteed;
          assert.equal(limiter.hasRoom(one.name), expected);
          const permit = limiter.acquire(one.name);
          assert.equal(permit !== undefined, expected);
          if (permit !== undefined) open.push({ name: one.name, permit });
        }
        assert.equal(limiter.inFlight, open.length);
        for (const name of ["a", "b", "c"]) {
          assert.equal(limiter.partition(name)?.inFlight, open.filter((other) => other.name === name).length);
        }
      }
    }),
  );
});

test("a command's calls go to the partition that its arguments say", async () => {
  const world = new World();
  const limiter = new PartitionedLimiter<string>(world.clock, new FixedLimit(2), {
    partitions: { live: 0.5 },
    partitionOf: (name) => name,
  });
  const command = world.resilience.command<[kind: string], string>({
    key: "k",
    limiter,
    partition: (kind) => kind,
    run: async () => {
      await world.clock.sleep(10);
      return "ok";
    },
  });
  const calls = ["batch", "batch", "batch", "live"].map((kind) => command.execute(kind));
  const ends = Promise.allSettled(calls);
  await world.clock.advance(10);
  assert.deepEqual(
    (await ends).map((end) => end.status),
    ["fulfilled", "fulfilled", "rejected", "fulfilled"],
  );
});
