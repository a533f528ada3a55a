import assert from "node:assert/strict";
import { AsyncLocalStorage } from "node:async_hooks";
import { test } from "node:test";
import { CommandError, type LogEntry, runInRequestContext } from "@holdfast/resilience";
import { errorOf, World } from "./world.ts";

test("within a request the same question is asked once, while it is under way and after", async () => {
  const world = new World();
  let calls = 0;
  const command = world.resilience.command<[string], string>({
    key: "title",
    run: async (_context, id) => `${id}${++calls}`,
    cacheKey: (id) => id,
  });
  await runInRequestContext(async () => {
    assert.deepEqual(await Promise.all([command.execute("a"), command.execute("a"), command.execute("b")]), [
      "a1",
      "a1",
      "b2",
    ]);
    assert.equal(await command.execute("a"), "a1");
  });
  assert.equal(await runInRequestContext(() => command.execute("a")), "a3");
  assert.equal(await command.execute("a"), "a4", "outside of a request nothing is kept");
  assert.deepEqual([world.counts("title").SUCCESS, world.counts("title").RESPONSE_FROM_CACHE], [4, 2]);
});

test("a failure is kept for the request, too, and switching the cache off takes effect on the next call", async () => {
  const world = new World();
  let calls = 0;
  const command = world.resilience.command<[], never>({
    key: "k",
    run: () => {
      throw new Error(`${++calls}`);
    },
    cacheKey: () => "same",
  });
  await runInRequestContext(async () => {
    const first = await errorOf(command.execute());
    assert.equal(await errorOf(command.execute()), first);
    world.config.set("runtime", "hystrix.command.k.requestCache.enabled", false);
    assert.notEqual(await errorOf(command.execute()), first);
  });
  assert.equal(calls, 2);
});

test("one of those who share an answer may give it up; the others get it", async () => {
  const world = new World();
  let aborted = false;
  const command = world.resilience.command({
    key: "k",
    run: async ({ signal }) => {
      await world.clock.sleep(20);
      aborted = signal.aborted;
      return "answer";
    },
    cacheKey: () => "x",
  });
  const controller = new AbortController();
  const served = runInRequestContext(() => {
    const { signal } = controller;
    const first = errorOf(command.executeWith({ signal }));
    const second = command.execute();
    const third = errorOf(command.executeWith({ signal }));
    return Promise.all([first, second, third, errorOf(command.executeWith({ signal: AbortSignal.abort() }))]);
  });
  controller.abort("enough");
  await world.clock.advance(20);
  const [first, second, third, late] = await served;
  for (const error of [first, third, late])
    assert.ok(error instanceof CommandError && error.failureType === "CANCELLED");
  assert.equal(second, "answer");
  assert.equal(aborted, false);
});

test("the log of a request says what was executed, how it went and how long it took", async () => {
  const world = new World();
  const logs: (readonly LogEntry[])[] = [];
  const stop = world.resilience.onRequestLog((log) => void logs.push(log));
  const slow = world.resilience.command({ key: "slow", run: () => world.clock.sleep(40), cacheKey: () => "x" });
  const failing = world.scripted("failing", { fallback: () => "instead" });
  const served = runInRequestContext(async () => {
    await slow.execute();
    await slow.execute();
    await failing("fail");
  });
  await world.clock.advance(40);
  await served;
  await runInRequestContext(async () => {});
  stop();
  assert.deepEqual(
    logs.map((log) => log.map(({ key, events, latencyMs }) => [key, events, latencyMs])),
    [
      [
        ["slow", ["SUCCESS"], 40],
        ["slow", ["RESPONSE_FROM_CACHE"], -1],
        ["failing", ["FAILURE", "FALLBACK_SUCCESS"], 0],
      ],
    ],
  );
});

test("requestLog.enabled false logs nothing", async () => {
  const world = new World();
  const logs: unknown[] = [];
  world.resilience.onRequestLog((log) => void logs.push(log));
  const quiet = world.scripted("k", { properties: { "requestLog.enabled": false } });
  await runInRequestContext(() => quiet("ok"));
  assert.deepEqual(logs, []);
});

test("run and fallback are in their caller's async context, after a timeout, too", async () => {
  const world = new World();
  const storage = new AsyncLocalStorage<string>();
  const seen: (string | undefined)[] = [];
  const execute = world.scripted("k", {
    fallback: () => {
      seen.push(storage.getStore());
      return "instead";
    },
  });
  const timer = execute("hang");
  const all = ["a", "b"].map((who) => storage.run(who, () => execute("hang")));
  await world.clock.advance(1_010);
  await Promise.all([timer, ...all]);
  assert.deepEqual(seen, [undefined, "a", "b"]);
});

test("a request that throws at once still ends, and its error goes through", () => {
  const world = new World();
  const ended: unknown[] = [];
  world.resilience.onRequestLog((log) => void ended.push(log.length));
  const execute = world.scripted("k");
  assert.throws(
    () =>
      runInRequestContext(() => {
        execute("fail").catch((error: unknown) => assert.ok(error instanceof CommandError));
        throw new Error("at once");
      }),
    /at once/,
  );
  assert.deepEqual(ended, [1]);
});
