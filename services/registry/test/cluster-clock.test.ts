import assert from "node:assert/strict";
import { test } from "node:test";
import { hash32 } from "@holdfast/kernel";
import { FakeClock } from "@holdfast/testing";
import fc from "fast-check";
import { ClusterClock } from "../src/cluster-clock.ts";

const hourMs = 3_600_000;
const wallMs = 1_700_000_000_000;

/** One peer's clock, its wall clock wrong by `skewMs`, with the rebases it asked for. */
function peer(
  name: string,
  skewMs = 0,
): { clock: FakeClock; time: ClusterClock; rebases: { by: number; from: number }[] } {
  const clock = new FakeClock(wallMs + skewMs);
  const rebases: { by: number; from: number }[] = [];
  const time = new ClusterClock(clock, hash32(name), (by, from) => rebases.push({ by, from }));
  return { clock, time, rebases };
}

/** Both hear the other's time, as in a call and its answer. */
function meet(a: ReturnType<typeof peer>, b: ReturnType<typeof peer>): void {
  b.time.witness(a.time.nowMs(), "a");
  a.time.witness(b.time.nowMs(), "b");
}

test("stamps of one peer only grow, however many there are in a millisecond and wherever the wall clock jumps", async () => {
  const { clock, time } = peer("a");
  const stamps: number[] = [];
  for (let i = 0; i < 300; i++) {
    for (let j = 0; j < 15; j++) stamps.push(time.stamp());
    if (i === 100) clock.jumpWall(-2 * hourMs);
    if (i === 200) clock.jumpWall(5 * hourMs);
    await clock.advance(i % 3);
  }
  assert.deepEqual(
    stamps,
    [...new Set(stamps)].sort((a, b) => a - b),
  );
  assert.ok(stamps.every(Number.isSafeInteger));
});

test("a jump of the wall clock does not move the cluster's time", async () => {
  const { clock, time } = peer("a");
  const beforeMs = time.nowMs();
  clock.jumpWall(-hourMs);
  await clock.advance(10);
  assert.equal(time.nowMs(), beforeMs + 10);
});

test("two peers never make the same stamp, also when they have seen each other's", () => {
  const [a, b] = [peer("a"), peer("b")];
  const stamps = new Set<number>();
  for (let i = 0; i < 500; i++) {
    const [ofA, ofB] = [a.time.stamp(), b.time.stamp()];
    stamps.add(ofA).add(ofB);
    a.time.seen(ofB);
    b.time.seen(ofA);
  }
  assert.equal(stamps.size, 1_000);
});

for (const skewMs of [hourMs, -hourMs]) {
  test(`what is said later outbids what was said before, at whatever peer, with wall clocks ${skewMs / hourMs} h apart`, async () => {
    const [a, b] = [peer("a"), peer("b", skewMs)];
    meet(a, b);
    let last = 0;
    for (let i = 0; i < 50; i++) {
      await Promise.all([a.clock.advance(5), b.clock.advance(5)]);
      const stamp = (i % 2 === 0 ? a : b).time.stamp();
      assert.ok(stamp > last, `step ${i}`);
      last = stamp;
    }
  });
}

test("a peer that was alone since its start puts everything it stamped forward when it meets one that is ahead", async () => {
  const [late, ahead] = [peer("late", -hourMs), peer("ahead")];
  const early = late.time.stamp();
  await Promise.all([late.clock.advance(500), ahead.clock.advance(500)]);
  const before = ahead.time.stamp();
  meet(late, ahead);

  assert.deepEqual(late.rebases, [{ by: hourMs * 1_000, from: Number.NEGATIVE_INFINITY }]);
  assert.deepEqual(ahead.rebases, []);
  const moved = early + (late.rebases[0]?.by ?? 0);
  assert.ok(moved < before, "500 ms earlier stays earlier");
  assert.ok(before - moved <= 501_000, `${before - moved} thousandths of a millisecond`);
  await late.clock.advance(1);
  assert.ok(late.time.stamp() > before);
});

test("a peer that was suspended puts forward only what it said since it last agreed with the other", async () => {
  const [a, b] = [peer("a"), peer("b")];
  meet(a, b);
  const agreed = a.time.stamp();
  // Suspended: the monotonic clock of this machine stood still, the other's went on.
  await b.clock.advance(hourMs);
  await a.clock.advance(100);
  const woken = a.time.stamp();
  const meanwhile = b.time.stamp();
  meet(a, b);

  const [rebase] = a.rebases;
  assert.ok(rebase !== undefined && a.rebases.length === 1);
  assert.ok(agreed <= rebase.from, "what it said before the suspension keeps its place");
  assert.ok(woken > rebase.from, "what it said since is of now");
  assert.ok(woken + rebase.by > meanwhile - 200_000);
});

test("less than a second ahead is the network's delay: time follows it, and nothing is stamped anew", () => {
  const [a, b] = [peer("a"), peer("b", 900)];
  const own = a.time.stamp();
  meet(a, b);
  assert.deepEqual(a.rebases, []);
  assert.equal(a.time.nowMs(), b.time.nowMs());
  assert.ok(a.time.stamp() > own);
});

test("a peer that is behind moves nobody's time", () => {
  const [a, b] = [peer("a"), peer("b", -hourMs)];
  const beforeMs = a.time.nowMs();
  assert.equal(a.time.witness(b.time.nowMs(), "b"), true);
  assert.equal(a.time.nowMs(), beforeMs);
});

test("a clock more than two days ahead, or one that is no number, is not believed and moves nothing", () => {
  const { time, rebases } = peer("a");
  const beforeMs = time.nowMs();
  for (const absurd of [beforeMs + 49 * hourMs, Number.POSITIVE_INFINITY, Number.NaN, 1e300]) {
    assert.equal(time.witness(absurd, "b"), false, String(absurd));
  }
  time.seen((beforeMs + 49 * hourMs) * 1_000);
  assert.equal(time.isBelievable((beforeMs + 49 * hourMs) * 1_000), false);
  assert.deepEqual([time.nowMs(), rebases], [beforeMs, []]);
  assert.ok(time.stamp() < (beforeMs + hourMs) * 1_000);
});

test("three peers with any skews agree on the time after one round, and stamps keep the order of what happened", async () => {
  const skew = fc.integer({ min: -hourMs, max: hourMs });
  const whos = fc.array(fc.integer({ min: 0, max: 2 }), { maxLength: 30 });
  await fc.assert(
    fc.asyncProperty(skew, skew, skew, whos, async (a, b, c, who) => {
      const peers = [peer("a", a), peer("b", b), peer("c", c)] as const;
      for (let round = 0; round < 2; round++) {
        meet(peers[0], peers[1]);
        meet(peers[1], peers[2]);
        meet(peers[0], peers[2]);
      }
      const nows = peers.map(({ time }) => time.nowMs());
      assert.ok(Math.max(...nows) - Math.min(...nows) < 1);
      let last = 0;
      for (const index of who) {
        await Promise.all(peers.map(({ clock }) => clock.advance(1)));
        const stamp = peers[index]?.time.stamp() ?? 0;
        assert.ok(stamp > last);
        last = stamp;
      }
    }),
    { numRuns: 60 },
  );
});

test("names that peers make up do not fill the memory, and the latest keep what was agreed with them", () => {
  const a = peer("a");
  for (let i = 0; i < 1_000; i++) a.time.witness(a.time.nowMs(), `made-up-${i}`);
  a.time.witness(a.time.nowMs() + hourMs, "made-up-999");
  a.time.witness(a.time.nowMs() + hourMs, "made-up-1");
  assert.deepEqual(
    a.rebases.map(({ from }) => Number.isFinite(from)),
    [true, false],
  );
});
