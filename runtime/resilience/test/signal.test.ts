import assert from "node:assert/strict";
import { test } from "node:test";
import { CommandError } from "@holdfast/resilience";
import { errorOf, World } from "./world.ts";

test("the signal is this call's own: aborted at its timeout, with the error, and not before", async () => {
  const world = new World();
  const signals: AbortSignal[] = [];
  const command = world.resilience.command<[], string>({
    key: "k",
    run: async ({ signal }) => {
      signals.push(signal);
      return new Promise(() => {});
    },
  });
  const early = errorOf(command.execute());
  await world.clock.advance(500);
  const late = errorOf(command.execute());
  await world.clock.advance(510);
  assert.deepEqual(
    signals.map((signal) => signal.aborted),
    [true, false],
  );
  assert.equal(signals[0]?.reason, await early);
  await world.clock.advance(500);
  assert.equal(signals[1]?.aborted, true);
  await late;
});

test("with interruptOnTimeout off the run is left alone", async () => {
  const world = new World();
  let seen: AbortSignal | undefined;
  const command = world.resilience.command<[], string>({
    key: "k",
    run: ({ signal }) => {
      seen = signal;
      return new Promise(() => {});
    },
    properties: { "execution.isolation.thread.interruptOnTimeout": false },
  });
  const error = errorOf(command.execute());
  await world.clock.advance(1_010);
  await error;
  assert.equal(seen?.aborted, false);
});

test("the caller's signal gives a call up: CANCELLED, its run's signal aborted, the circuit unmoved", async () => {
  const world = new World();
  let inner: AbortSignal | undefined;
  const command = world.resilience.command<[], string>({
    key: "k",
    run: ({ signal }) => {
      inner = signal;
      return new Promise(() => {});
    },
    fallback: () => "instead",
  });
  const controller = new AbortController();
  const error = errorOf(command.executeWith({ signal: controller.signal }));
  controller.abort("enough");
  const cancelled = await error;
  assert.ok(cancelled instanceof CommandError);
  assert.equal(cancelled.code, "COMMAND_CANCELLED");
  assert.equal(cancelled.cause, "enough");
  assert.equal(inner?.aborted, true);
  assert.deepEqual(world.events, ["CANCELLED"]);
  assert.equal(world.resilience.explain("k")?.active, 0);
});

test("a signal that is already aborted calls nothing", async () => {
  const world = new World();
  let calls = 0;
  const command = world.resilience.command({ key: "k", run: () => ++calls });
  const error = await errorOf(command.executeWith({ signal: AbortSignal.abort("before") }));
  assert.ok(error instanceof CommandError);
  assert.equal(error.failureType, "CANCELLED");
  assert.equal(calls, 0);
});
