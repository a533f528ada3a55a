import assert from "node:assert/strict";
import { test } from "node:test";
import { CommandError, runInRequestContext } from "@holdfast/resilience";
import { World } from "./world.ts";

function doubling(world: World, batches: number[][], options: { scope?: "GLOBAL"; max?: number } = {}) {
  return world.resilience.collapse<number, number>({
    key: "double",
    run: async (_context, questions) => {
      batches.push([...questions]);
      return questions.map((one) => one * 2);
    },
    cacheKey: String,
    ...(options.scope === undefined ? {} : { scope: options.scope }),
    properties: { maxRequestsInBatch: options.max ?? 100 },
  });
}

test("questions of 10 ms are asked together and each gets its own answer", async () => {
  const world = new World();
  const batches: number[][] = [];
  const double = doubling(world, batches);
  const first = Promise.all([double.execute(1), double.execute(2)]);
  await world.clock.advance(9);
  assert.equal(batches.length, 0);
  const third = double.execute(3);
  await world.clock.advance(1);
  const fourth = double.execute(4);
  await world.clock.advance(10);
  assert.deepEqual(await first, [2, 4]);
  assert.deepEqual([await third, await fourth], [6, 8]);
  assert.deepEqual(batches, [[1, 2, 3], [4]]);
  assert.equal(world.counts("double").COLLAPSED, 4);
  assert.equal(world.counts("double").SUCCESS, 2);
  await world.clock.advance(1_000);
  assert.equal(world.clock.pendingTimers, 0);
});

test("a full batch goes at once", async () => {
  const world = new World();
  const batches: number[][] = [];
  const double = doubling(world, batches, { max: 2 });
  assert.deepEqual(await Promise.all([1, 2, 3, 4].map((one) => double.execute(one))), [2, 4, 6, 8]);
  assert.deepEqual(batches, [
    [1, 2],
    [3, 4],
  ]);
});

test("the batch after a full one has its whole time", async () => {
  const world = new World();
  const batches: number[][] = [];
  const double = doubling(world, batches, { max: 2 });
  const full = [double.execute(1), double.execute(2)];
  await world.clock.advance(5);
  const third = double.execute(3);
  await world.clock.advance(9);
  assert.equal(batches.length, 1);
  await world.clock.advance(1);
  assert.deepEqual(await Promise.all([...full, third]), [2, 4, 6]);
});

test("requests are batched each for itself, and share when the scope is GLOBAL; the cache is the request's", async () => {
  for (const [scope, expected] of [
    [
      undefined,
      [
        [1, 2],
        [1, 3],
      ],
    ],
    ["GLOBAL", [[1, 2, 1, 3]]],
  ] as const) {
    const world = new World();
    const batches: number[][] = [];
    const double = doubling(world, batches, scope === undefined ? {} : { scope });
    const ask = (other: number): Promise<number[]> =>
      runInRequestContext(() => Promise.all([double.execute(1), double.execute(1), double.execute(other)]));
    const both = Promise.all([ask(2), ask(3)]);
    await world.clock.advance(10);
    assert.deepEqual(await both, [
      [2, 2, 4],
      [2, 2, 6],
    ]);
    assert.deepEqual(batches, expected);
  }
});

test("shards go in batches of their own", async () => {
  const world = new World();
  const batches: (readonly number[])[] = [];
  const collapser = world.resilience.collapse<number, number>({
    key: "k",
    run: (_context, questions) => {
      batches.push(questions);
      return questions;
    },
    shard: (question) => (question % 2 === 0 ? "even" : "odd"),
  });
  const all = Promise.all([1, 2, 3, 4].map((one) => collapser.execute(one)));
  await world.clock.advance(10);
  assert.deepEqual(await all, [1, 2, 3, 4]);
  assert.deepEqual(batches, [
    [1, 3],
    [2, 4],
  ]);
});

test("an Error among the answers is for its question alone; a failed batch is for all; so is a wrong number of answers", async () => {
  const world = new World();
  const answers: Record<string, () => (string | Error)[]> = {
    one: () => ["a", new Error("just this one")],
    all: () => {
      throw new Error("the batch failed");
    },
    few: () => ["a"],
  };
  const ask = async (what: string): Promise<unknown[]> => {
    const collapser = world.resilience.collapse<number, string>({ key: what, run: () => answers[what]?.() ?? [] });
    const both = Promise.allSettled([collapser.execute(1), collapser.execute(2)]);
    await world.clock.advance(10);
    return (await both).map((end) => (end.status === "fulfilled" ? end.value : end.reason));
  };
  const [fine, own] = await ask("one");
  assert.equal(fine, "a");
  assert.match(String(own), /just this one/);
  for (const error of await ask("all")) assert.ok(error instanceof CommandError);
  for (const error of await ask("few")) assert.match(String(error), /few: 2 questions got 1 answers/);
});

test("a shard that throws fails its question alone, as a promise", async () => {
  const world = new World();
  const collapser = world.resilience.collapse<number, number>({
    key: "k",
    run: (_context, questions) => questions,
    shard: (question) => {
      if (question === 1) throw new Error("no shard");
      return "";
    },
  });
  const both = Promise.allSettled([collapser.execute(1), collapser.execute(2)]);
  await world.clock.advance(10);
  assert.deepEqual(
    (await both).map((end) => end.status),
    ["rejected", "fulfilled"],
  );
});

test("the fallback of a batch answers all of it, and the properties are live", async () => {
  const world = new World();
  const sizes: number[] = [];
  const collapser = world.resilience.collapse<number, number>({
    key: "k",
    run: () => Promise.reject(new Error("down")),
    fallback: (_error, questions) => {
      sizes.push(questions.length);
      return questions;
    },
  });
  world.config.set("runtime", "hystrix.collapser.k.timerDelayInMilliseconds", 50);
  world.config.set("runtime", "hystrix.collapser.default.maxRequestsInBatch", 3);
  const all = Promise.all([1, 2, 3, 4].map((one) => collapser.execute(one)));
  await world.clock.advance(49);
  assert.deepEqual(sizes, [3]);
  await world.clock.advance(1);
  assert.deepEqual(await all, [1, 2, 3, 4]);
});
