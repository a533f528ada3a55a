import assert from "node:assert/strict";
import { test } from "node:test";
import { CommandError } from "@holdfast/resilience";
import { calls, errorOf, quick, times, World } from "./world.ts";

// The behaviour of HystrixCircuitBreakerTest's trip cases, as one table.
const trips: readonly { name: string; ok: number; fail: number; percent?: number; volume?: number; opens: boolean }[] =
  [
    { name: "all of enough calls fail", ok: 0, fail: 4, volume: 4, opens: true },
    { name: "half of enough calls fail", ok: 2, fail: 2, volume: 4, opens: true },
    { name: "fewer than half fail", ok: 3, fail: 2, volume: 4, opens: false },
    { name: "all fail, but too few were made", ok: 0, fail: 4, volume: 5, opens: false },
    { name: "19 calls fail", ok: 0, fail: 19, opens: false },
    { name: "20 calls fail", ok: 0, fail: 20, opens: true },
    { name: "49.9 % fail: the percentage is cut, not rounded", ok: 501, fail: 499, opens: false },
    { name: "the threshold is 10 % and 10 % fail", ok: 18, fail: 2, percent: 10, opens: true },
    { name: "the threshold is 100 % and one succeeded", ok: 1, fail: 30, percent: 100, opens: false },
  ];

for (const { name, ok, fail, percent = 50, volume = 20, opens } of trips) {
  test(`${opens ? "opens" : "stays closed"} when ${name}`, async () => {
    const world = new World();
    const execute = world.scripted("k", {
      properties: {
        ...quick,
        "circuitBreaker.requestVolumeThreshold": volume,
        "circuitBreaker.errorThresholdPercentage": percent,
      },
    });
    await calls(execute, ...times(ok, "ok"), ...times(fail, "fail"));
    assert.equal(world.state("k"), opens ? "open" : "closed");
    const last = await errorOf(execute("fail"));
    assert.equal(last instanceof CommandError && last.failureType, opens ? "SHORTCIRCUIT" : "COMMAND_EXCEPTION");
  });
}

test("timeouts open it as failures do, whatever the fallback answers", async () => {
  const world = new World();
  const execute = world.scripted("k", {
    fallback: () => "instead",
    properties: { ...quick, "circuitBreaker.requestVolumeThreshold": 3 },
  });
  const all = [execute("hang"), execute("hang"), execute("hang")];
  await world.clock.advance(1_010);
  assert.deepEqual(await Promise.all(all), ["instead", "instead", "instead"]);
  assert.equal(world.state("k"), "open");
});

test("rejections count as errors; short-circuited calls and bad requests do not count", async () => {
  const world = new World();
  const properties = { ...quick, "execution.isolation.semaphore.maxConcurrentRequests": 0 };
  await calls(world.scripted("full", { properties }), ...times(20, "ok"));
  assert.equal(world.state("full"), "open");
  const before = world.resilience.explain("full")?.health;
  await calls(world.scripted("full"), ...times(20, "ok"));
  assert.deepEqual(world.resilience.explain("full")?.health, before);
  assert.equal(before?.requests, 20);
});

test("failures leave the window after 10 s", async () => {
  const world = new World();
  const execute = world.scripted("k", { properties: quick });
  await calls(execute, ...times(19, "fail"));
  await world.clock.advance(10_000);
  await calls(execute, "fail");
  assert.equal(world.state("k"), "closed");
  assert.equal(world.resilience.explain("k")?.health.requests, 1);
});

test("the window is judged each half second, as Hystrix's health snapshot is", async () => {
  const world = new World();
  const execute = world.scripted("k");
  await calls(execute, ...times(30, "fail"));
  assert.equal(world.state("k"), "closed");
  await world.clock.advance(500);
  assert.ok((await errorOf(execute("fail"))) instanceof CommandError);
  assert.equal(world.state("k"), "open");
});

test("it opens on slow calls when their share is limited, though they succeed", async () => {
  const world = new World();
  const command = world.resilience.command({
    key: "k",
    run: () => world.clock.sleep(300).then(() => "ok"),
    properties: {
      ...quick,
      "circuitBreaker.slowCallDurationInMilliseconds": 200,
      "circuitBreaker.slowCallThresholdPercentage": 80,
      "execution.isolation.semaphore.maxConcurrentRequests": 100,
    },
  });
  const all = Array.from({ length: 20 }, () => command.execute());
  await world.clock.advance(300);
  await Promise.all(all);
  assert.equal(world.state("k"), "open");
  assert.match(world.resilience.explain("k")?.why ?? "", /^20 of 20 calls were slow: 100 %/);
});

test("a call that was long because we stood still is not slow", async () => {
  const world = new World();
  let answer = (_value: string): void => {};
  const command = world.resilience.command<[], string>({
    key: "k",
    run: () => new Promise((resolve) => (answer = resolve)),
    properties: { "circuitBreaker.slowCallDurationInMilliseconds": 200 },
  });
  const stalled = command.execute();
  world.clock.freeze(900);
  await world.clock.advance(1);
  answer("ok");
  await stalled;
  assert.equal(world.counts("k").SLOW, undefined);
  const slow = command.execute();
  await world.clock.advance(200);
  answer("ok");
  await slow;
  assert.equal(world.counts("k").SLOW, 1);
});

test("an error with retryAfterMs opens it at once for as long, at most for what the property says", async () => {
  for (const [asked, max, open] of [
    [3_000, 60_000, 3_000],
    [900_000, 60_000, 60_000],
    [3_000, 0, 0],
  ] as const) {
    const world = new World();
    const command = world.resilience.command({
      key: "k",
      run: () => Promise.reject(Object.assign(new Error("503"), { retryAfterMs: asked })),
      properties: { "circuitBreaker.retryAfterMaxInMilliseconds": max },
    });
    await errorOf(command.execute());
    assert.equal(world.state("k"), open === 0 ? "closed" : "open");
    if (open === 0) continue;
    assert.equal(world.resilience.explain("k")?.trialInMs, open);
    const refused = await errorOf(command.execute());
    assert.equal(refused instanceof CommandError && refused.retryAfterMs, open);
  }
});

test("forced open refuses all, forced closed refuses none, and both act on the next call", async () => {
  const world = new World();
  const execute = world.scripted("k", { properties: quick });
  world.config.set("runtime", "hystrix.command.k.circuitBreaker.forceOpen", true);
  await calls(execute, "ok");
  assert.deepEqual(world.events.splice(0), ["SHORT_CIRCUITED", "FALLBACK_MISSING"]);
  world.config.set("runtime", "hystrix.command.k.circuitBreaker.forceOpen", undefined);
  world.config.set("runtime", "hystrix.command.default.circuitBreaker.forceClosed", true);
  await calls(execute, ...times(40, "fail"), "ok");
  assert.equal(world.events.at(-1), "SUCCESS");
  assert.equal(world.state("k"), "forced-closed");
  world.config.set("runtime", "hystrix.command.default.circuitBreaker.forceClosed", undefined);
  await calls(execute, "fail");
  assert.equal(world.state("k"), "open");
});

test("switched off it never opens", async () => {
  const world = new World();
  const execute = world.scripted("k", { properties: { ...quick, "circuitBreaker.enabled": false } });
  await calls(execute, ...times(40, "fail"));
  assert.equal(await execute("ok"), "ok");
});

test("a stall of our own makes every timeout fire at once and opens nothing; answers that had come are read", async () => {
  const world = new World();
  const answers: ((value: string) => void)[] = [];
  const command = world.resilience.command<[], string>({
    key: "k",
    run: () => new Promise((resolve) => void answers.push(resolve)),
    properties: { ...quick, "execution.isolation.semaphore.maxConcurrentRequests": 100 },
  });
  const all = Array.from({ length: 40 }, () => command.execute().catch((error: unknown) => error));
  world.clock.freeze(3_000);
  // The first timer that rings after the stall finds half of the answers waiting to be read.
  world.clock.after(0, () => {
    for (const answer of answers.slice(0, 20)) answer("arrived");
  });
  await world.clock.advance(20);
  const ends = await Promise.all(all);
  assert.equal(ends.filter((end) => end === "arrived").length, 20);
  const late = ends.filter((end) => end instanceof CommandError);
  assert.equal(late.length, 20);
  assert.match(String(late[0]), /this process stood still/);
  assert.equal(world.state("k"), "closed");
  assert.equal(world.counts("k").TIMEOUT, 20);
  assert.equal(world.resilience.explain("k")?.health.errors, 0);
});

test("explain says why it opened, with the numbers of that moment and the history", async () => {
  const world = new World();
  const execute = world.scripted("k", { group: "titles", properties: quick });
  await calls(execute, ...times(10, "ok"), ...times(10, "fail"));
  await world.clock.advance(5_000);
  await calls(execute, "ok");
  const said = world.resilience.explain("k");
  assert.equal(said?.group, "titles");
  assert.equal(said.state, "closed");
  assert.deepEqual(
    said.history.map(({ at, to, requests, errors, errorPercentage, why }) => [
      Date.parse(at) - 1_700_000_000_000,
      to,
      requests,
      errors,
      errorPercentage,
      why,
    ]),
    [
      [0, "open", 20, 10, 50, "10 of 20 calls failed: 50 %, from 50 % on it opens"],
      [5_000, "half-open", 20, 10, 50, "its sleep window is over: 1 trial call"],
      [5_000, "closed", 21, 10, 47, "1 of 1 trial call succeeded"],
    ],
  );
  assert.equal(world.resilience.explain("nobody"), undefined);
});
