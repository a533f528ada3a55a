import assert from "node:assert/strict";
import { test } from "node:test";
import { CommandError } from "@holdfast/resilience";
import { calls, errorOf, quick, times, type What, World } from "./world.ts";

test("after the sleep window exactly one call is let through; its success closes it and forgets the window", async () => {
  const world = new World();
  const execute = world.scripted("k", { properties: quick });
  await calls(execute, ...times(20, "fail"));
  await world.clock.advance(4_999);
  await calls(execute, "ok");
  assert.equal(world.events.at(-2), "SHORT_CIRCUITED");
  await world.clock.advance(1);
  const trial = execute("ok");
  assert.equal(world.state("k"), "half-open");
  const beside = await errorOf(execute("ok"));
  assert.equal(beside instanceof CommandError && beside.failureType, "SHORTCIRCUIT");
  assert.equal(await trial, "ok");
  assert.equal(world.state("k"), "closed");
  assert.equal(world.resilience.explain("k")?.health.requests, 0);
});

test("a failed trial opens it for another sleep window", async () => {
  const world = new World();
  const execute = world.scripted("k", { properties: quick });
  await calls(execute, ...times(20, "fail"));
  await world.clock.advance(5_000);
  await calls(execute, "fail");
  assert.equal(world.state("k"), "open");
  await world.clock.advance(4_999);
  await calls(execute, "ok");
  assert.equal(world.events.at(-2), "SHORT_CIRCUITED");
  await world.clock.advance(1);
  await calls(execute, "ok");
  assert.equal(world.state("k"), "closed");
});

test("a call from before the opening that comes back while it is half-open decides nothing", async () => {
  const world = new World();
  let finish = (_value: string): void => {};
  const command = world.resilience.command<[What | "later"], string>({
    key: "k",
    run: (_context, what) => {
      if (what === "fail") throw new Error("it failed");
      return new Promise((resolve) => (finish = resolve));
    },
    properties: { ...quick, "execution.timeout.enabled": false },
  });
  const old = command.execute("later");
  const finishOld = finish;
  for (let i = 0; i < 20; i++) await errorOf(command.execute("fail"));
  await world.clock.advance(5_000);
  const trial = command.execute("later");
  finishOld("old");
  await old;
  assert.equal(world.state("k"), "half-open");
  finish("trial");
  await trial;
  assert.equal(world.state("k"), "closed");
});

test("a trial that never comes back is followed by another after a sleep window", async () => {
  const world = new World();
  const execute = world.scripted("k", { properties: { ...quick, "execution.timeout.enabled": false } });
  await calls(execute, ...times(20, "fail"));
  await world.clock.advance(5_000);
  void execute("hang");
  await calls(execute, "ok");
  assert.equal(world.state("k"), "half-open");
  await world.clock.advance(5_000);
  await calls(execute, "ok");
  assert.equal(world.state("k"), "closed");
});

test("the trial of an earlier round that comes back in a later one decides nothing", async () => {
  const world = new World();
  const ends: ((error: Error) => void)[] = [];
  const command = world.resilience.command<[], string>({
    key: "k",
    run: () => new Promise((_resolve, reject) => void ends.push(reject)),
    properties: { ...quick, "execution.timeout.enabled": false, "circuitBreaker.requestVolumeThreshold": 1 },
  });
  const first = errorOf(command.execute());
  ends[0]?.(new Error("it failed"));
  await first;
  await world.clock.advance(5_000);
  const trial = errorOf(command.execute());
  await world.clock.advance(5_000);
  void errorOf(command.execute());
  ends[1]?.(new Error("the first trial failed"));
  await trial;
  assert.equal(world.state("k"), "half-open");
});

test("a trial that was a bad request, cancelled, or rejected by the bulkhead is given back", async () => {
  const world = new World();
  let limit = 10;
  const execute = world.scripted("k", { isBadRequest: () => limit === 1, properties: quick });
  await calls(execute, ...times(20, "fail"));
  await world.clock.advance(5_000);
  world.config.set("runtime", "hystrix.command.k.execution.isolation.semaphore.maxConcurrentRequests", 0);
  const rejected = await errorOf(execute("ok"));
  assert.equal(rejected instanceof CommandError && rejected.failureType, "REJECTED_SEMAPHORE_EXECUTION");
  limit = 1;
  world.config.set("runtime", "hystrix.command.k.execution.isolation.semaphore.maxConcurrentRequests", 1);
  assert.ok(!((await errorOf(execute("fail"))) instanceof CommandError));
  assert.equal(world.state("k"), "half-open");
  await calls(execute, "ok");
  assert.equal(world.state("k"), "closed");
});

test("with several trials it closes when the wanted share succeeds, and opens when that is out of reach", async () => {
  for (const [what, state] of [
    [["ok", "fail", "ok", "ok"], "closed"],
    [["fail", "fail"], "open"],
  ] as const) {
    const world = new World();
    const execute = world.scripted("k", {
      properties: {
        ...quick,
        "circuitBreaker.halfOpenTrialCalls": 4,
        "circuitBreaker.halfOpenSuccessPercentage": 75,
      },
    });
    await calls(execute, ...times(20, "fail"));
    await world.clock.advance(5_000);
    await calls(execute, ...what.slice(0, -1));
    assert.equal(world.state("k"), "half-open");
    await calls(execute, ...what.slice(-1));
    assert.equal(world.state("k"), state);
  }
});

test("with jitter the sleep is longer by chance, up to the share given, and another at each opening", async () => {
  const world = new World();
  const execute = world.scripted("k", {
    properties: {
      ...quick,
      "circuitBreaker.sleepWindowJitterPercentage": 20,
      "circuitBreaker.requestVolumeThreshold": 1,
    },
  });
  const sleeps = new Set<number>();
  for (let i = 0; i < 20; i++) {
    await calls(execute, "fail");
    const sleepMs = world.resilience.explain("k")?.trialInMs ?? 0;
    assert.ok(sleepMs >= 5_000 && sleepMs <= 6_000, `${sleepMs}`);
    sleeps.add(sleepMs);
    await world.clock.advance(6_000);
  }
  assert.equal(sleeps.size, 20);
});
