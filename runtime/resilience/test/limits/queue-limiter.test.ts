import assert from "node:assert/strict";
import { test } from "node:test";
import {
  type CallPermit,
  FixedLimit,
  PartitionedLimiter,
  QueueLimiter,
  type QueueOptions,
  SettableLimit,
  SimpleLimiter,
} from "@holdfast/resilience";
import { FakeClock, settle } from "@holdfast/testing";
import fc from "fast-check";

/** A limit of 4, a backlog of 10, a second to wait. */
class Queue {
  readonly clock = new FakeClock();
  readonly limit = new SettableLimit(4);
  readonly simple = new SimpleLimiter(this.clock, this.limit);
  readonly queue: QueueLimiter;
  /** Those who waited and got a place, in that order. */
  readonly served: number[] = [];
  readonly refused: number[] = [];

  constructor(options?: Partial<QueueOptions>) {
    this.queue = new QueueLimiter(this.clock, this.simple, { backlog: 10, ...options });
  }

  take(count: number): CallPermit[] {
    return Array.from({ length: count }, () => {
      const permit = this.queue.acquire();
      assert.ok(permit !== undefined && !(permit instanceof Promise));
      return permit;
    });
  }

  /** Comes, gives its place back as soon as it has it. */
  async come(who: number): Promise<void> {
    const permit = await this.queue.acquire();
    (permit === undefined ? this.refused : this.served).push(who);
    permit?.success();
  }

  async comeAll(count: number): Promise<void> {
    for (let i = 0; i < count; i++) {
      void this.come(i);
      await this.clock.advance(1);
    }
  }
}

test("queue: who finds room has a place at once, without a promise", () => {
  const { queue } = new Queue();
  assert.ok(!(queue.acquire() instanceof Promise));
});

test("queue: waits when all is full, and goes without a place when the time is over", async () => {
  const all = new Queue();
  const { clock, queue, simple } = all;
  all.take(4);
  const waiting = queue.acquire();
  await clock.advance(990);
  assert.equal(queue.waiting, 1);
  await clock.advance(30);
  assert.equal(await waiting, undefined);
  assert.deepEqual([queue.waiting, queue.counts, simple.counts.rejected], [0, { turnedAway: 0, timedOut: 1 }, 0]);
});

test("queue: gets the place that somebody gives back", async () => {
  const all = new Queue();
  const permits = all.take(4);
  void all.come(1);
  await all.clock.advance(250);
  assert.deepEqual(all.served, []);
  permits[0]?.success();
  await settle();
  assert.deepEqual([all.served, all.queue.waiting, all.simple.inFlight], [[1], 0, 3]);
});

test("queue: one more than the backlog is turned away at once", async () => {
  const all = new Queue();
  all.take(4);
  for (let i = 0; i < 10; i++) void all.come(i);
  assert.equal(all.queue.acquire(), undefined);
  assert.deepEqual(all.queue.counts, { turnedAway: 1, timedOut: 0 });
  await all.clock.advance(1_020);
  assert.equal(all.refused.length, 10);
});

test("queue: a limit that rises lets those in who wait", async () => {
  const all = new Queue();
  all.take(4);
  const waiting = [all.queue.acquire(), all.queue.acquire(), all.queue.acquire()];
  all.limit.setLimit(6);
  assert.deepEqual([all.queue.waiting, all.simple.inFlight], [1, 6]);
  assert.notEqual(await waiting[2], undefined);
  await all.clock.advance(1_020);
  assert.equal(await waiting[0], undefined);
});

test("queue: a limit that falls lets nobody in for the first who goes", async () => {
  const all = new Queue();
  const permits = all.take(4);
  all.limit.setLimit(3);
  permits[0]?.success();
  void all.come(1);
  assert.equal(all.queue.waiting, 1);
  permits[1]?.success();
  await settle();
  assert.deepEqual(all.served, [1]);
});

test("queue: the last who came is the first to be let in, or the first, as it is told", async () => {
  for (const [order, expected] of [
    ["lifo", [4, 3, 2, 1, 0]],
    ["fifo", [0, 1, 2, 3, 4]],
  ] as const) {
    const all = new Queue({ order });
    const permits = all.take(4);
    await all.comeAll(5);
    permits[0]?.success();
    await settle();
    assert.deepEqual(all.served, expected);
  }
});

test("queue: a place given back while others go for lack of time is not lost", async () => {
  const all = new Queue({ timeoutMs: 10 });
  const permits = all.take(4);
  await all.comeAll(3);
  permits[0]?.success();
  await all.clock.advance(40);
  permits[1]?.success();
  for (const permit of permits.slice(2)) permit.ignored();
  assert.deepEqual([all.simple.inFlight, all.served.length + all.refused.length], [0, 3]);
});

test("queue: who is given up by its caller leaves, and takes no place", async () => {
  const all = new Queue();
  const [first] = all.take(4);
  const controller = new AbortController();
  const waiting = all.queue.acquire(undefined, controller.signal);
  controller.abort();
  assert.deepEqual([await waiting, all.queue.waiting], [undefined, 0]);
  assert.equal(all.queue.acquire(undefined, controller.signal), undefined);
  first?.success();
  assert.equal(all.simple.inFlight, 3);
});

test("queue: who may go in does so past one whose partition has no room", async () => {
  const clock = new FakeClock();
  const limiter = new PartitionedLimiter<string>(clock, new FixedLimit(2), {
    partitions: { live: 0.5 },
    partitionOf: (name) => name,
  });
  const queue = new QueueLimiter<string>(clock, limiter, { order: "fifo" });
  const held = ["batch", "batch", "live"].map((name) => queue.acquire(name) as CallPermit);
  const batch = queue.acquire("batch");
  const live = queue.acquire("live");
  held[2]?.success();
  assert.equal(queue.waiting, 1);
  (await live)?.success();
  held[0]?.success();
  assert.equal(queue.waiting, 0);
  (await batch)?.success();
  held[1]?.success();
  assert.equal(limiter.inFlight, 0);
});

test("queue: a hundred who wait need one timer", async () => {
  const clock = new FakeClock();
  const queue = new QueueLimiter(clock, new SimpleLimiter(clock, new FixedLimit(0)));
  const all = Array.from({ length: 100 }, async () => queue.acquire());
  assert.equal(clock.pendingTimers, 1);
  await clock.advance(2_000);
  assert.deepEqual(
    await Promise.all(all),
    Array.from({ length: 100 }, () => undefined),
  );
});

test("queue: senseless options are refused by name", () => {
  const { clock, simple } = new Queue();
  assert.throws(() => new QueueLimiter(clock, simple, { backlog: 0 }), /queue\.backlog/);
  assert.throws(() => new QueueLimiter(clock, simple, { timeoutMs: Number.NaN }), /queue\.timeoutMs/);
});

test("queue: whatever happens, everybody gets one answer and no place is lost", async () => {
  const step = fc.record({ kind: fc.constantFrom("come", "go", "wait", "limit"), n: fc.nat(50) });
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { maxLength: 40 }),
      fc.constantFrom("fifo" as const, "lifo" as const),
      async (steps, order) => {
        const all = new Queue({ order, timeoutMs: 40, backlog: 5 });
        const open: CallPermit[] = [];
        let [came, answered] = [0, 0];
        for (const { kind, n } of steps) {
          if (kind === "limit") all.limit.setLimit(n % 6);
          else if (kind === "wait") await all.clock.advance(n);
          else if (kind === "go") open.splice(n % Math.max(1, open.length), 1)[0]?.success();
          else {
            came += 1;
            void Promise.resolve(all.queue.acquire()).then((permit) => {
              answered += 1;
              if (permit !== undefined) open.push(permit);
            });
          }
          await settle();
          assert.equal(all.simple.inFlight, open.length);
          assert.equal(came, answered + all.queue.waiting);
          assert.ok(all.queue.waiting === 0 || !all.simple.hasRoom());
        }
        await all.clock.advance(100);
        assert.equal(all.queue.waiting, 0);
      },
    ),
    { numRuns: 50 },
  );
});
