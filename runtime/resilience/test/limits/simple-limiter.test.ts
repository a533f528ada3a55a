import assert from "node:assert/strict";
import { test } from "node:test";
import { SeededRandom } from "@holdfast/kernel";
import {
  type CallPermit,
  FixedLimit,
  type Limit,
  SettableLimit,
  SimpleLimiter,
  VegasLimit,
} from "@holdfast/resilience";
import { FakeClock } from "@holdfast/testing";
import fc from "fast-check";
import { errorOf, World } from "../world.ts";

/** Writes down what it is told. */
class HeardLimit extends FixedLimit implements Limit {
  readonly heard: unknown[] = [];

  override onSample(...sample: [number, number, number, boolean]): void {
    this.heard.push(sample);
  }
}

test("simple: lets in as many as the limit and tells it of each call but the ignored", async () => {
  const clock = new FakeClock();
  const limit = new HeardLimit(3);
  const limiter = new SimpleLimiter(clock, limit);
  await clock.advance(5);
  const permits = [limiter.acquire(), limiter.acquire(), limiter.acquire()];
  assert.equal(limiter.acquire(), undefined);
  assert.equal(limiter.hasRoom(), false);
  await clock.advance(10);
  permits[0]?.success();
  permits[1]?.dropped();
  permits[2]?.ignored();
  assert.deepEqual(limit.heard, [
    [5, 10, 1, false],
    [5, 10, 2, true],
  ]);
  assert.deepEqual(limiter.counts, { success: 1, dropped: 1, ignored: 1, rejected: 1, bypassed: 0 });
  assert.deepEqual([limiter.inFlight, limiter.limit, limiter.hasRoom()], [0, 3, true]);
});

test("simple: a permit settled twice counts once", () => {
  const limiter = new SimpleLimiter(new FakeClock(), new FixedLimit(2));
  const permit = limiter.acquire();
  permit?.success();
  permit?.success();
  permit?.dropped();
  permit?.ignored();
  assert.equal(limiter.inFlight, 0);
  assert.deepEqual(limiter.counts, { success: 1, dropped: 0, ignored: 0, rejected: 0, bypassed: 0 });
});

test("simple: who bypasses is let in at a full limit and takes no place", () => {
  const limiter = new SimpleLimiter<string>(new FakeClock(), new HeardLimit(10), {
    bypass: (who) => who?.includes("admin") ?? false,
  });
  for (let i = 0; i < 10; i++) limiter.acquire("request");
  assert.equal(limiter.acquire("request"), undefined);
  limiter.acquire("admin")?.success();
  assert.deepEqual([limiter.inFlight, limiter.hasRoom("request"), limiter.hasRoom("admin")], [10, false, true]);
  assert.deepEqual(limiter.counts, { success: 0, dropped: 0, ignored: 0, rejected: 1, bypassed: 1 });
});

test("simple: a lowered limit takes no permit away and lets nobody in until enough have ended", () => {
  const limit = new SettableLimit(3);
  const limiter = new SimpleLimiter(new FakeClock(), limit);
  const permits = [limiter.acquire(), limiter.acquire(), limiter.acquire()];
  limit.setLimit(2);
  permits[0]?.success();
  assert.equal(limiter.acquire(), undefined);
  permits[1]?.success();
  assert.notEqual(limiter.acquire(), undefined);
});

test("simple: listeners hear of room when a call ends and when the limit rises", () => {
  const limit = new SettableLimit(1);
  const limiter = new SimpleLimiter(new FakeClock(), limit);
  let heard = 0;
  limiter.onRoom(() => {
    heard += 1;
  });
  limiter.acquire()?.ignored();
  assert.equal(heard, 1);
  limit.setLimit(2);
  assert.equal(heard, 2);
  limit.setLimit(1);
  assert.equal(heard, 2);
});

test("simple: whatever happens, permits are conserved and no more than the limit are under way", () => {
  const step = fc.oneof(
    fc.constant({ kind: "acquire" as const }),
    fc.record({
      kind: fc.constant("settle" as const),
      which: fc.nat(50),
      how: fc.constantFrom("success", "dropped", "ignored"),
    }),
    fc.record({ kind: fc.constant("wait" as const), ms: fc.nat(20) }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const clock = new FakeClock();
      const limiter = new SimpleLimiter(clock, new VegasLimit(new SeededRandom(1), { initialLimit: 5, maxLimit: 9 }));
      const open: CallPermit[] = [];
      const given: CallPermit[] = [];
      for (const one of steps) {
        if (one.kind === "wait") clock.freeze(one.ms);
        else if (one.kind === "settle") {
          const permit = given[one.which % Math.max(1, given.length)];
          permit?.[one.how]();
          const at = permit === undefined ? -1 : open.indexOf(permit);
          if (at >= 0) open.splice(at, 1);
        } else {
          const limitBefore = limiter.limit;
          const permit = limiter.acquire();
          assert.equal(permit !== undefined, open.length < limitBefore);
          if (permit !== undefined) {
            open.push(permit);
            given.push(permit);
          }
        }
        assert.equal(limiter.inFlight, open.length);
        assert.ok(limiter.limit >= 1 && limiter.limit <= 9);
      }
      const { success, dropped, ignored, rejected } = limiter.counts;
      assert.equal(success + dropped + ignored, given.length - open.length);
      assert.equal(given.length + rejected, steps.filter((one) => one.kind === "acquire").length);
    }),
  );
});

test("a command over a vegas limiter is let in while the limit has room, and teaches it", async () => {
  const world = new World();
  const limit = new VegasLimit(new SeededRandom(1), { initialLimit: 2, maxLimit: 10 });
  const limiter = new SimpleLimiter(world.clock, limit);
  const command = world.resilience.command<[ms: number], string>({
    key: "k",
    limiter,
    run: async (_context, ms) => {
      await world.clock.sleep(ms);
      return "ok";
    },
    properties: { "circuitBreaker.enabled": false },
  });
  const two = [command.execute(10), command.execute(10)];
  const third = await errorOf(command.execute(10));
  assert.match(String(third), /k: its limiter lets no more calls in/);
  await world.clock.advance(10);
  await Promise.all(two);
  // The first call told the best time, the second that there was no queue.
  assert.equal(limiter.limit, 8);
  const slow = errorOf(command.execute(5_000));
  await world.clock.advance(1_010);
  await slow;
  await world.clock.advance(5_000);
  assert.equal(limiter.limit, 7);
  assert.deepEqual(limiter.counts, { success: 2, dropped: 1, ignored: 0, rejected: 1, bypassed: 0 });
  assert.equal(limiter.inFlight, 0);
});
