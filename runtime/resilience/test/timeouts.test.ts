import assert from "node:assert/strict";
import { test } from "node:test";
import { Resilience } from "@holdfast/resilience";
import { FakeClock } from "@holdfast/testing";
import { errorOf } from "./world.ts";

/** A clock that counts the timers made of it. */
class CountingClock extends FakeClock {
  timers = 0;

  override after(ms: number, callback: () => void) {
    this.timers += 1;
    return super.after(ms, callback);
  }
}

test("10,000 calls under way need at most one timer each 10 ms, and each ends within 20 ms of its deadline", async () => {
  const clock = new CountingClock();
  const resilience = new Resilience(clock);
  const overMs: number[] = [];
  const commands = [50, 300, 1_000].map((timeoutMs) =>
    resilience.command<[], never>({
      key: `c${timeoutMs}`,
      run: () => new Promise(() => {}),
      properties: {
        "execution.isolation.thread.timeoutInMilliseconds": timeoutMs,
        "execution.isolation.semaphore.maxConcurrentRequests": 10_000,
        "circuitBreaker.enabled": false,
      },
    }),
  );
  const all: Promise<unknown>[] = [];
  for (let ms = 0; ms < 100; ms++) {
    for (let i = 0; i < 100; i++) {
      const timeoutMs = [50, 300, 1_000][i % 3] ?? 0;
      const dueMs = clock.monotonicMs() + timeoutMs;
      const end = errorOf(commands[i % 3]?.execute() ?? Promise.resolve());
      all.push(end.then(() => overMs.push(clock.monotonicMs() - dueMs)));
    }
    await clock.advance(1);
  }
  await clock.advance(1_100);
  await Promise.all(all);
  assert.equal(overMs.length, 10_000);
  assert.ok(Math.min(...overMs) >= 0);
  assert.ok(Math.max(...overMs) <= 20, `${Math.max(...overMs)} ms late`);
  assert.ok(clock.timers <= 120, `${clock.timers} timers in 1,200 ms`);
});

test("calls that end in time leave no timer longer than a quarter of a second", async () => {
  const clock = new CountingClock();
  const resilience = new Resilience(clock);
  const command = resilience.command({
    key: "k",
    run: async () => "ok",
    properties: { "execution.isolation.thread.timeoutInMilliseconds": 60_000 },
  });
  for (let i = 0; i < 1_000; i++) await command.execute();
  assert.equal(clock.timers, 1);
  await clock.advance(250);
  assert.equal(clock.pendingTimers, 0);
});

test("a timer that is somewhat late lets answers that have come be read first, yet counts what did not come", async () => {
  const clock = new FakeClock();
  const resilience = new Resilience(clock);
  let answer = (_value: string): void => {};
  const command = resilience.command<[], string>({
    key: "k",
    run: () => new Promise((resolve) => (answer = resolve)),
    properties: { "execution.isolation.thread.timeoutInMilliseconds": 100 },
  });
  const silent = errorOf(command.execute());
  const answered = command.execute();
  clock.freeze(160);
  clock.after(0, () => answer("arrived"));
  await clock.advance(20);
  assert.equal(await answered, "arrived");
  await silent;
  assert.equal(resilience.explain("k")?.health.errors, 1);
});
