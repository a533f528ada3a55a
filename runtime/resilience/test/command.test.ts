import assert from "node:assert/strict";
import { test } from "node:test";
import { BadRequestError, CommandError, type CommandEvent, type CommandOptions } from "@holdfast/resilience";
import { errorOf, type What, World } from "./world.ts";

type Options = Partial<CommandOptions<[What], string>>;

interface Case {
  readonly name: string;
  readonly what?: What;
  readonly options?: Options;
  readonly answer?: string;
  /** Of the error, when there is no answer. */
  readonly failure?: string;
  readonly code?: string;
  readonly events: readonly CommandEvent[];
  readonly fallbackError?: string;
}

const fallback = (): string => "instead";
const failingFallback = (): string => {
  throw new Error("the fallback failed");
};
const open = { "circuitBreaker.forceOpen": true };
const full = { "execution.isolation.semaphore.maxConcurrentRequests": 0 };
const noFallback = { "fallback.enabled": false };
const noFallbackSlots = { "fallback.isolation.semaphore.maxConcurrentRequests": 0 };

// The behaviour of HystrixCommandTest's execution cases, as one table.
const cases: readonly Case[] = [
  { name: "a success", answer: "ok", events: ["SUCCESS"] },
  { name: "a success with a fallback at hand", options: { fallback }, answer: "ok", events: ["SUCCESS"] },
  {
    name: "a failure without a fallback",
    what: "fail",
    failure: "COMMAND_EXCEPTION",
    code: "COMMAND_FAILED",
    events: ["FAILURE", "FALLBACK_MISSING"],
  },
  {
    name: "a failure with a fallback",
    what: "fail",
    options: { fallback },
    answer: "instead",
    events: ["FAILURE", "FALLBACK_SUCCESS"],
  },
  {
    name: "a failure with a fallback that fails",
    what: "fail",
    options: { fallback: failingFallback },
    failure: "COMMAND_EXCEPTION",
    events: ["FAILURE", "FALLBACK_FAILURE"],
    fallbackError: "the fallback failed",
  },
  {
    name: "a failure with a fallback that fails later",
    what: "fail",
    options: { fallback: async () => failingFallback() },
    failure: "COMMAND_EXCEPTION",
    events: ["FAILURE", "FALLBACK_FAILURE"],
    fallbackError: "the fallback failed",
  },
  {
    name: "a failure with fallbacks switched off",
    what: "fail",
    options: { fallback, properties: noFallback },
    failure: "COMMAND_EXCEPTION",
    events: ["FAILURE", "FALLBACK_DISABLED"],
  },
  {
    name: "a failure with too many fallbacks under way",
    what: "fail",
    options: { fallback, properties: noFallbackSlots },
    failure: "REJECTED_SEMAPHORE_FALLBACK",
    code: "COMMAND_FALLBACK_REJECTED",
    events: ["FAILURE", "FALLBACK_REJECTION"],
  },
  {
    name: "a call that hangs, without a fallback",
    what: "hang",
    failure: "TIMEOUT",
    code: "COMMAND_TIMED_OUT",
    events: ["TIMEOUT", "FALLBACK_MISSING"],
  },
  {
    name: "a call that hangs, with a fallback",
    what: "hang",
    options: { fallback },
    answer: "instead",
    events: ["TIMEOUT", "FALLBACK_SUCCESS"],
  },
  {
    name: "a call that hangs, with a fallback that fails",
    what: "hang",
    options: { fallback: failingFallback },
    failure: "TIMEOUT",
    events: ["TIMEOUT", "FALLBACK_FAILURE"],
    fallbackError: "the fallback failed",
  },
  {
    name: "an open circuit without a fallback",
    options: { properties: open },
    failure: "SHORTCIRCUIT",
    code: "COMMAND_SHORT_CIRCUITED",
    events: ["SHORT_CIRCUITED", "FALLBACK_MISSING"],
  },
  {
    name: "an open circuit with a fallback",
    options: { fallback, properties: open },
    answer: "instead",
    events: ["SHORT_CIRCUITED", "FALLBACK_SUCCESS"],
  },
  {
    name: "an open circuit with fallbacks switched off",
    options: { fallback, properties: { ...open, ...noFallback } },
    failure: "SHORTCIRCUIT",
    events: ["SHORT_CIRCUITED", "FALLBACK_DISABLED"],
  },
  {
    name: "a full bulkhead without a fallback",
    options: { properties: full },
    failure: "REJECTED_SEMAPHORE_EXECUTION",
    code: "COMMAND_REJECTED",
    events: ["SEMAPHORE_REJECTED", "FALLBACK_MISSING"],
  },
  {
    name: "a full bulkhead with a fallback",
    options: { fallback, properties: full },
    answer: "instead",
    events: ["SEMAPHORE_REJECTED", "FALLBACK_SUCCESS"],
  },
  {
    name: "a full bulkhead with a fallback that fails",
    options: { fallback: failingFallback, properties: full },
    failure: "REJECTED_SEMAPHORE_EXECUTION",
    events: ["SEMAPHORE_REJECTED", "FALLBACK_FAILURE"],
    fallbackError: "the fallback failed",
  },
];

for (const one of cases) {
  test(`${one.name} is ${one.events.join(" and ")}`, async () => {
    const world = new World();
    const execute = world.scripted("k", one.options);
    const outcome = Promise.allSettled([execute(one.what ?? "ok")]);
    await world.clock.advance(1_010);
    const [settled] = await outcome;
    if (settled.status === "fulfilled") assert.equal(settled.value, one.answer);
    else {
      const error: unknown = settled.reason;
      assert.ok(error instanceof CommandError && error instanceof Error);
      assert.equal(error.failureType, one.failure);
      if (one.code !== undefined) assert.equal(error.code, one.code);
      assert.equal(error.key, "k");
      assert.match(error.message, /^k: /);
      const { fallbackError } = error;
      assert.equal(fallbackError instanceof Error ? fallbackError.message : undefined, one.fallbackError);
    }
    assert.deepEqual(world.events, one.events);
    const { EXCEPTION_THROWN: thrown = 0, COMMAND_MAX_ACTIVE: _most, ...counts } = world.counts("k");
    assert.deepEqual(counts, Object.fromEntries(one.events.map((event) => [event, 1])));
    assert.equal(thrown, one.answer === undefined ? 1 : 0);
    assert.equal(world.resilience.explain("k")?.active, 0);
    await world.clock.advance(1_000);
    assert.equal(world.clock.pendingTimers, 0);
  });
}

test("a bad request goes through as it is, calls no fallback and does not count against the circuit", async () => {
  const world = new World();
  const bad = new BadRequestError("no such title");
  const command = world.resilience.command({ key: "k", run: () => Promise.reject(bad), fallback });
  for (let i = 0; i < 30; i++) assert.equal(await errorOf(command.execute()), bad);
  assert.equal(world.counts("k").BAD_REQUEST, 30);
  assert.equal(world.counts("k").EXCEPTION_THROWN, 30);
  assert.equal(world.state("k"), "closed");
  assert.equal(world.resilience.explain("k")?.health.requests, 0);
});

test("isBadRequest says which errors are the caller's own mistake; one that throws has said nothing", async () => {
  const world = new World();
  const own = new Error("404");
  const command = world.resilience.command<[Error], string>({
    key: "k",
    run: (_context, error) => Promise.reject(error),
    isBadRequest: (error) => {
      if (error !== own) throw new Error("judge failed");
      return true;
    },
  });
  assert.equal(await errorOf(command.execute(own)), own);
  assert.ok((await errorOf(command.execute(new Error("500")))) instanceof CommandError);
  assert.deepEqual(world.events, ["BAD_REQUEST", "FAILURE", "FALLBACK_MISSING"]);
});

test("the error of a failure carries what run threw, and no stack of its own", async () => {
  const world = new World();
  const error = await errorOf(world.scripted("k")("fail"));
  assert.ok(error instanceof CommandError);
  assert.ok(error.cause instanceof Error);
  assert.equal(error.cause.message, "it failed");
  assert.equal(error.message, "k: failed: it failed");
  assert.doesNotMatch(String(error.stack), /\n\s+at /);
});

test("no more calls are under way at once than the bulkhead allows, and an end frees a place", async () => {
  const world = new World();
  const execute = world.scripted("k", {
    properties: { "execution.isolation.semaphore.maxConcurrentRequests": 2 },
  });
  const first = [errorOf(execute("hang")), errorOf(execute("hang"))];
  const third = await errorOf(execute("ok"));
  assert.ok(third instanceof CommandError);
  assert.equal(third.failureType, "REJECTED_SEMAPHORE_EXECUTION");
  await world.clock.advance(1_010);
  await Promise.all(first);
  assert.equal(await execute("ok"), "ok");
  assert.equal(world.counts("k").COMMAND_MAX_ACTIVE, 2);
});

test("a run that throws at once and one that answers at once need no promise", async () => {
  const world = new World();
  const command = world.resilience.command<[boolean], number>({
    key: "k",
    run: (_context, good) => {
      if (!good) throw new Error("at once");
      return 7;
    },
  });
  assert.equal(await command.execute(true), 7);
  const error = await errorOf(command.execute(false));
  assert.ok(error instanceof CommandError && error.cause instanceof Error);
  assert.equal(error.cause.message, "at once");
  assert.deepEqual(world.events, ["SUCCESS", "FAILURE", "FALLBACK_MISSING"]);
  assert.equal(world.clock.pendingTimers, 0);
});

test("the answer that comes after the timeout is nobody's", async () => {
  const world = new World();
  let answer = (_value: string): void => {};
  const command = world.resilience.command({
    key: "k",
    run: () => new Promise<string>((resolve) => (answer = resolve)),
  });
  const error = errorOf(command.execute());
  await world.clock.advance(1_010);
  assert.ok((await error) instanceof CommandError);
  answer("late");
  await world.clock.advance(10);
  assert.deepEqual(world.events, ["TIMEOUT", "FALLBACK_MISSING"]);
});

test("a timeout switched off waits as long as it takes", async () => {
  const world = new World();
  const command = world.resilience.command<[], string>({
    key: "k",
    run: ({ deadlineMs }) => world.clock.sleep(60_000).then(() => String(deadlineMs)),
    properties: { "execution.timeout.enabled": false },
  });
  const answer = command.execute();
  await world.clock.advance(60_000);
  assert.equal(await answer, "Infinity");
});

test("wrap gives a function with the same arguments and answer", async () => {
  const world = new World();
  const add = world.resilience.wrap(async (a: number, b: number) => a + b, { key: "add" });
  assert.equal(await add(2, 3), 5);
  assert.deepEqual(world.events, ["SUCCESS"]);
});

test("two commands of one key share circuit and limits", async () => {
  const world = new World();
  const properties = { "execution.isolation.semaphore.maxConcurrentRequests": 1 };
  const one = world.scripted("k", { properties });
  const other = world.scripted("k");
  const first = errorOf(one("hang"));
  assert.ok((await errorOf(other("ok"))) instanceof CommandError);
  await world.clock.advance(1_010);
  await first;
});
