import assert from "node:assert/strict";
import { test } from "node:test";
import { type CallContext, Resilience, Timeouts } from "@holdfast/resilience";
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

test("a call may have a time of its own, and hears what ended it without a signal", async () => {
  const clock = new FakeClock();
  const resilience = new Resilience(clock);
  const heard: string[] = [];
  const deadlines: number[] = [];
  const contexts: CallContext[] = [];
  const command = resilience.command<[], never>({
    key: "k",
    run: (context) => {
      deadlines.push(context.deadlineMs - clock.monotonicMs());
      context.tellGivenUp({ givenUp: (error, stalled) => void heard.push(`${error.code} ${stalled}`) });
      contexts.push(context);
      return new Promise(() => {});
    },
  });
  const startMs = clock.monotonicMs();
  const ends = [90, 333, 2_000].map(async (timeoutMs) => {
    await errorOf(command.executeWith({ timeoutMs }));
    return clock.monotonicMs() - startMs;
  });
  await clock.advance(2_010);
  const [short, middle, long] = await Promise.all(ends);
  assert.equal(command.timeoutMs, 1_000);
  assert.deepEqual(deadlines, [90, 328, 1_984]);
  assert.ok(short !== undefined && short >= 90 && short <= 110, `${short}`);
  assert.ok(middle !== undefined && middle >= 328 && middle <= 348, `${middle}`);
  assert.ok(long !== undefined && long >= 1_984 && long <= 2_004, `${long}`);
  assert.deepEqual(heard, ["COMMAND_TIMED_OUT false", "COMMAND_TIMED_OUT false", "COMMAND_TIMED_OUT false"]);

  const caller = new AbortController();
  const given = errorOf(command.executeWith({ signal: caller.signal }));
  caller.abort(new Error("gone"));
  await given;
  assert.equal(heard.at(-1), "COMMAND_CANCELLED false");

  const left = errorOf(command.execute());
  contexts.at(-1)?.giveUp(new Error("not wanted"));
  contexts.at(-1)?.giveUp(new Error("twice"));
  assert.match(String(((await left) as Error).cause), /not wanted/);
  contexts.at(-1)?.giveUp(new Error("after its end"));
  assert.equal(heard.filter((one) => one === "COMMAND_CANCELLED false").length, 2);
});

test("remains of deadlines of every length share a few hundred lists, none more than 3 % short", () => {
  const timeouts = new Timeouts(new FakeClock());
  const lists = new Set<unknown>();
  for (let ms = 1; ms <= 60_000; ms++) {
    const list = timeouts.listNear(ms);
    lists.add(list);
    assert.ok(list.timeoutMs <= ms && list.timeoutMs >= 0.96 * ms, `${ms}: ${list.timeoutMs}`);
  }
  assert.ok(lists.size < 400, `${lists.size}`);
});
