import assert from "node:assert/strict";
import { getEventListeners } from "node:events";
import { test } from "node:test";
import { CommandError, Resilience, runInRequestContext } from "@holdfast/resilience";
import { FakeClock, settle } from "@holdfast/testing";
import { errorOf, World } from "./world.ts";

test("a thenable that settles twice counts once", async () => {
  const world = new World();
  const twice = {
    // oxlint-disable-next-line unicorn/no-thenable -- that is the misuse
    then: (resolve: (value: string) => void, reject: (error: Error) => void): void => {
      resolve("first");
      resolve("second");
      reject(new Error("third"));
    },
  } as PromiseLike<string>;
  const command = world.resilience.command({ key: "k", run: () => twice });
  assert.equal(await command.execute(), "first");
  assert.deepEqual(world.events, ["SUCCESS"]);
  assert.equal(world.resilience.explain("k")?.active, 0);
});

test("an answer whose `then` throws is a failure", async () => {
  const world = new World();
  // oxlint-disable-next-line unicorn/no-thenable -- that is the misuse
  const trap = Object.defineProperty({}, "then", {
    get: () => {
      throw new Error("trap");
    },
  });
  const command = world.resilience.command({ key: "k", run: () => trap });
  assert.ok((await errorOf(command.execute())) instanceof CommandError);
  assert.equal(world.resilience.explain("k")?.active, 0);
});

test("a cacheKey or a partition that throws fails its call as a promise, and no place is taken", async () => {
  const world = new World();
  const command = world.resilience.command({
    key: "k",
    run: () => "ok",
    limiter: { acquire: () => undefined },
    cacheKey: () => {
      throw new Error("no key");
    },
    partition: () => {
      throw new Error("no partition");
    },
  });
  assert.match(String(await errorOf(command.execute())), /no partition/);
  assert.match(String(await errorOf(runInRequestContext(() => command.execute()))), /no key/);
  assert.equal(world.resilience.explain("k")?.active, 0);
});

test("undefined, null and errors that are no errors go through", async () => {
  const world = new World();
  const command = world.resilience.command<[boolean, unknown], unknown>({
    key: "k",
    run: async (_context, good, value) => {
      // oxlint-disable-next-line typescript/only-throw-error -- that is the misuse
      if (!good) throw value;
      return value;
    },
  });
  for (const value of [undefined, null, 0, ""]) {
    assert.equal(await command.execute(true, value), value);
    const error = await errorOf(command.execute(false, value));
    assert.ok(error instanceof CommandError);
    assert.equal(error.cause, value);
  }
});

test("a run that hangs and a fallback that hangs hold their places, and no more than those", async () => {
  const world = new World();
  const execute = world.scripted("k", {
    fallback: () => new Promise<string>(() => {}),
    properties: { "fallback.isolation.semaphore.maxConcurrentRequests": 2 },
  });
  const ends = [execute("fail"), execute("fail"), execute("fail")].map((end) => end.catch((error: unknown) => error));
  const third = await ends[2];
  assert.ok(third instanceof CommandError);
  assert.equal(third.failureType, "REJECTED_SEMAPHORE_FALLBACK");
  assert.ok(third.cause instanceof CommandError);
  assert.equal(world.resilience.explain("k")?.active, 0);
});

test("a run that calls its own command comes back, and calls within calls are counted each", async () => {
  const world = new World();
  const factorial: { execute(n: number): Promise<number> } = world.resilience.command<[number], number>({
    key: "k",
    run: async (_context, n) => (n <= 1 ? 1 : n * (await factorial.execute(n - 1))),
  });
  assert.equal(await factorial.execute(5), 120);
  assert.equal(world.counts("k").COMMAND_MAX_ACTIVE, 5);
});

test("no rejection is unhandled, whichever way a call fails", async () => {
  const unhandled: unknown[] = [];
  const listen = (error: unknown): void => void unhandled.push(error);
  process.on("unhandledRejection", listen);
  try {
    const world = new World();
    const late = world.resilience.command<[], string>({
      key: "late",
      run: () => world.clock.sleep(2_000).then(() => Promise.reject(new Error("late"))),
    });
    const ends = [late.execute(), world.scripted("f")("fail"), world.scripted("h")("hang")];
    world.config.set("runtime", "hystrix.command.o.circuitBreaker.forceOpen", true);
    ends.push(world.scripted("o")("ok"));
    const settled = Promise.allSettled(ends);
    await world.clock.advance(2_010);
    assert.deepEqual(
      (await settled).map((end) => end.status),
      ["rejected", "rejected", "rejected", "rejected"],
    );
    await settle();
    assert.deepEqual(unhandled, []);
  } finally {
    process.off("unhandledRejection", listen);
  }
});

test("50,000 calls of every kind leave nothing behind: no timer, no place taken, no listener", async () => {
  const clock = new FakeClock();
  const resilience = new Resilience(clock);
  const outer = new AbortController();
  let aborted = 0;
  const command = resilience.command<[number], number>({
    key: "k",
    run: ({ signal }, n) => {
      if (n % 5 === 0) throw new Error("it failed");
      if (n % 5 === 1) return Promise.reject(new Error("later"));
      if (n % 5 === 2) return n;
      if (n % 5 === 3) return Promise.resolve(n);
      signal.addEventListener("abort", () => void (aborted += 1));
      return new Promise<never>(() => {});
    },
    fallback: () => -1,
    properties: {
      "circuitBreaker.enabled": false,
      "execution.isolation.semaphore.maxConcurrentRequests": 1_000,
      "fallback.isolation.semaphore.maxConcurrentRequests": 1_000,
    },
  });
  for (let done = 0; done < 50_000; done += 500) {
    const batch = Array.from({ length: 500 }, (_, n) => command.executeWith({ signal: outer.signal }, n));
    await clock.advance(1_010);
    await Promise.all(batch);
  }
  const said = resilience.explain("k");
  assert.equal(said?.active, 0);
  assert.equal(aborted, 10_000);
  await clock.advance(1_000);
  assert.equal(clock.pendingTimers, 0);
  assert.equal(getEventListeners(outer.signal, "abort").length, 0);
});
