import assert from "node:assert/strict";
import { test } from "node:test";
import { FakeClock } from "@holdfast/testing";

test("timers fire in the order of their times, each at its own time", async () => {
  const clock = new FakeClock();
  const seen: string[] = [];
  clock.after(20, () => seen.push(`b@${clock.monotonicMs()}`));
  clock.after(10, () => seen.push(`a@${clock.monotonicMs()}`));
  const repeat = clock.every(15, () => seen.push(`r@${clock.monotonicMs()}`));
  await clock.advance(30);
  repeat.cancel();
  await clock.advance(100);
  assert.deepEqual(seen, ["a@10", "r@15", "b@20", "r@30"]);
  assert.equal(clock.pendingTimers, 0);
});

test("an aborted sleep rejects with the signal's reason and leaves no timer", async () => {
  const clock = new FakeClock();
  const abort = new AbortController();
  const sleep = clock.sleep(1_000, abort.signal);
  abort.abort(new Error("enough"));
  await assert.rejects(sleep, /enough/);
  assert.equal(clock.pendingTimers, 0);
});

test("a wall clock that jumps does not move monotonic time", async () => {
  const clock = new FakeClock(1_000);
  await clock.advance(5);
  clock.jumpWall(-3_600_000);
  assert.equal(clock.monotonicMs(), 5);
  assert.equal(clock.wallMs(), 1_005 - 3_600_000);
});
