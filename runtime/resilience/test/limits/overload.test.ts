import assert from "node:assert/strict";
import { test } from "node:test";
import {
  AimdLimit,
  FixedLimit,
  Gradient2Limit,
  type Limit,
  ProbingLimit,
  SimpleLimiter,
  VegasLimit,
  WindowedLimit,
} from "@holdfast/resilience";
import {
  evenly,
  exponentially,
  goodput,
  type LimiterOf,
  percentileMs,
  type SimOptions,
  SimulatedServer,
  twoKinds,
} from "./simulated-server.ts";

const over =
  (limitOf: (random: Parameters<LimiterOf>[1]) => Limit): LimiterOf =>
  (clock, random) =>
    new SimpleLimiter(clock, limitOf(random));

const probing = over((random) => new ProbingLimit(random));
/** Servers of many frameworks have 200 threads by default, Node has no limit at all. */
const fixed200 = over(() => new FixedLimit(200));

interface Figures {
  /** As a share of what the server can do. */
  readonly good: number;
  /** p99 of answers in time, as a multiple of p99 at half load. */
  readonly slower: number;
}

/** Three times what the server can do, once the first seconds are over. */
function atThreeTimes(limiter: LimiterOf | undefined, options: Partial<SimOptions> = {}): Figures {
  const calm = new SimulatedServer(limiter, options).run({ load: 0.5, seconds: 8 }).slice(4);
  const server = new SimulatedServer(limiter, options);
  const seconds = server.run({ load: 3, seconds: 20 }).slice(8);
  return {
    good: goodput(seconds) / server.capacity,
    slower: percentileMs(seconds, 0.99) / percentileMs(calm, 0.99),
  };
}

const servers: readonly (readonly [name: string, options: Partial<SimOptions>])[] = [
  ["of one worker", { workers: 1 }],
  ["of four workers", { workers: 4 }],
  ["of twenty workers", { workers: 20 }],
  ["of sixty-four workers", { workers: 64 }],
  ["whose work always takes as long", { shape: evenly(0) }],
  ["whose work differs by a factor of nine", { shape: evenly(0.8) }],
  ["whose work is as long as chance will", { shape: exponentially, clientTimeoutMs: 1_000 }],
  ["with two kinds of work", { shape: twoKinds, clientTimeoutMs: 1_000 }],
];

for (const [name, options] of servers) {
  test(`overload: with a probing limit a server ${name} does 90 % of its best at three times the load, in twice the time`, () => {
    const { good, slower } = atThreeTimes(probing, options);
    assert.ok(good >= 0.9, `goodput ${good}`);
    assert.ok(slower <= 2, `p99 ${slower} times as long`);
  });

  test(`overload: with a probing limit a server ${name} turns nobody away at half load`, () => {
    // It begins with 20 calls at once, and has to find out that more are no harm.
    const seconds = new SimulatedServer(probing, options).run({ load: 0.5, seconds: 10 }).slice(1);
    const offered = seconds.reduce((sum, second) => sum + second.offered, 0);
    const refused = seconds.reduce((sum, second) => sum + second.refused, 0);
    assert.ok(refused <= offered * 0.002, `${refused} of ${offered} refused`);
  });
}

test("overload: beside it a server without a limit answers nobody in time", () => {
  assert.equal(atThreeTimes(undefined).good, 0);
});

test("overload: beside it a fixed limit answers late, or, where it is far too high, nobody in time", () => {
  assert.ok(atThreeTimes(fixed200, { workers: 20 }).slower > 5);
  assert.equal(atThreeTimes(fixed200, { workers: 4 }).good, 0);
});

test("overload: Netflix's limits do better than none, each with a weakness of its own", () => {
  // Times that differ are taken for a queue.
  const vegas = atThreeTimes(
    over((random) => new VegasLimit(random)),
    { shape: evenly(0.8) },
  );
  assert.ok(vegas.good < 0.5 && vegas.slower < 2);
  // Over windows they are not, but what it begins with under overload is taken for unloaded.
  const windowed = over((random) => new WindowedLimit(new VegasLimit(random)));
  assert.ok(atThreeTimes(windowed, { workers: 20 }).good > 0.9);
  assert.ok(atThreeTimes(windowed, { workers: 4 }).slower > 3);
  // Without drops it only grows.
  const aimd = atThreeTimes(
    over(() => new AimdLimit()),
    { workers: 20 },
  );
  assert.ok(aimd.good > 0.9 && aimd.slower > 5);
  // Overload that lasts becomes what is usual.
  const gradient2 = atThreeTimes(
    over(() => new Gradient2Limit()),
    { workers: 20 },
  );
  assert.ok(gradient2.good > 0.9 && gradient2.slower > 2.5);
});

/** Ten seconds at 0.8, ten at ten times what the server can do, twenty at 0.8, with clients who ask up to four times. */
function spike(limiter: LimiterOf | undefined): { readonly during: number; readonly after: readonly number[] } {
  const server = new SimulatedServer(limiter, { workers: 8, retries: 3 });
  const seconds = server.run({ load: 0.8, seconds: 10 }, { load: 10, seconds: 10 }, { load: 0.8, seconds: 20 });
  return {
    during: goodput(seconds.slice(10, 20)) / server.capacity,
    after: seconds.slice(20).map((second) => second.goodMs.length / server.capacity),
  };
}

test("overload: with a probing limit throughput is back within 5 s after a spike of ten times, though clients retry", () => {
  const { during, after } = spike(probing);
  assert.ok(during >= 0.9, `goodput ${during}`);
  const back = after.slice(5, 10).reduce((sum, share) => sum + share / 5, 0);
  assert.ok(back >= 0.77 && Math.min(...after.slice(5)) >= 0.68, String(after));
});

test("overload: without a limit the spike never ends, since clients ask again for what is answered too late", () => {
  assert.equal(Math.max(...spike(undefined).after), 0);
  assert.equal(Math.max(...spike(over(() => new FixedLimit(1_000))).after.slice(0, 10)), 0);
});

test("overload: a probing limit finds its new place when the work behind gets five times as long, and when it is over", () => {
  const server = new SimulatedServer(probing, { clientTimeoutMs: 500 });
  const seconds = server.run(
    { load: 0.6, seconds: 5 },
    { load: 0.6, seconds: 20, slowness: 5 },
    { load: 0.6, seconds: 15 },
  );
  // A fifth of the work can be done, three times as much is asked for.
  assert.ok(goodput(seconds.slice(10, 25)) / server.capacity >= 0.9 / 5);
  assert.ok(percentileMs(seconds.slice(10, 25), 0.99) <= 2 * 5 * 13);
  assert.ok(goodput(seconds.slice(30)) / server.capacity >= 0.58);
});
