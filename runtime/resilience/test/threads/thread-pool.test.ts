import assert from "node:assert/strict";
import { availableParallelism } from "node:os";
import { test } from "node:test";
import { BadRequestError, CommandError, type CommandEvent, type ThreadPoolProperties } from "@holdfast/resilience";
import { waitFor } from "@holdfast/testing";
import { objectsOf, readStream } from "../read-stream.ts";
import { errorOf, World } from "../world.ts";

const work = import.meta.resolve("./work.ts");

function command(world: World, name: string, pool: Partial<ThreadPoolProperties> = {}) {
  return world.resilience.command<[unknown?], unknown>({
    key: name,
    group: "sums",
    worker: { module: work, export: name },
    threadPoolProperties: pool,
  });
}

async function withWorld(use: (world: World) => Promise<void>): Promise<void> {
  const world = new World();
  try {
    await use(world);
  } finally {
    await world.resilience.close();
  }
}

/** What `utilization.stream` says of the pool. */
async function utilization(world: World): Promise<{ activeCount: number; queueSize: number; poolSize: number }> {
  const { text } = await readStream(world, "/hystrix/utilization.stream", (got) => got.includes("\n\n"));
  const [message] = objectsOf(text) as { threadpools: Record<string, never> }[];
  return message?.threadpools["sums"] ?? { activeCount: -1, queueSize: -1, poolSize: -1 };
}

test("a thread that ends while it has nothing to do leaves the counts right", async () => {
  await withWorld(async (world) => {
    assert.equal(await command(world, "answerAndLeave", { coreSize: 1 }).execute(), "answered");
    await waitFor("the thread is gone", async () => (await utilization(world)).poolSize === 0);
    assert.equal((await utilization(world)).activeCount, 0);
    assert.equal(((await command(world, "square").execute(2)) as number[])[0], 4);
  });
});

test("threads beyond coreSize end when they have had nothing to do for keepAliveTimeMinutes", async (context) => {
  if (availableParallelism() < 2) return context.skip("one core: no second thread");
  await withWorld(async (world) => {
    const square = command(world, "square", {
      coreSize: 1,
      maximumSize: 2,
      allowMaximumSizeToDivergeFromCoreSize: true,
    });
    await Promise.all([square.execute(1), square.execute(2)]);
    assert.equal((await utilization(world)).poolSize, 2);
    await world.clock.advance(59_000);
    assert.equal((await utilization(world)).poolSize, 2);
    await world.clock.advance(2_000);
    assert.equal((await utilization(world)).poolSize, 1);
    await waitFor("the sweep has stopped", () => world.clock.pendingTimers === 0);
  });
});

test("the work is done in another thread, which is used again", async () => {
  await withWorld(async (world) => {
    const square = command(world, "square");
    const [nine, thread] = (await square.execute(3)) as [number, number];
    assert.equal(nine, 9);
    assert.ok(thread > 0);
    assert.deepEqual(await square.execute(4), [16, thread]);
    assert.equal(world.resilience.explain("square")?.properties["execution.isolation.strategy"], "THREAD");
    assert.deepEqual(world.counts("square").SUCCESS, 2);
  });
});

test("an error keeps its message, code and retryAfterMs; a bad request stays one", async () => {
  await withWorld(async (world) => {
    const fail = command(world, "fail");
    const error = await errorOf(fail.execute("E_DISK"));
    assert.ok(error instanceof CommandError && error.cause instanceof Error && "code" in error.cause);
    assert.equal(error.cause.message, "it failed with E_DISK");
    assert.equal(error.cause.code, "E_DISK");
    assert.equal(world.state("fail"), "open", "it asked to be left alone");
    await world.clock.advance(1_000);
    assert.ok((await errorOf(fail.execute("BAD_REQUEST"))) instanceof BadRequestError);
  });
});

test("work that computes for ever is ended with its thread at the timeout, and the next call gets a new one", async () => {
  await withWorld(async (world) => {
    const spin = command(world, "spin", { coreSize: 1 });
    const square = command(world, "square");
    const spinning = errorOf(spin.execute());
    const second = await errorOf(square.execute(2));
    assert.ok(second instanceof CommandError);
    assert.equal(second.failureType, "REJECTED_THREAD_EXECUTION");
    await world.clock.advance(1_010);
    const error = await spinning;
    assert.ok(error instanceof CommandError);
    assert.equal(error.failureType, "TIMEOUT");
    assert.equal(((await square.execute(2)) as number[])[0], 4);
    assert.deepEqual(
      world.events.filter((event): event is CommandEvent => !event.startsWith("FALLBACK")),
      ["THREAD_POOL_REJECTED", "TIMEOUT", "SUCCESS"],
    );
  });
});

test("with a queue calls wait for a thread, as many as the queue may hold", async () => {
  await withWorld(async (world) => {
    const square = command(world, "square", { coreSize: 1, maxQueueSize: 2, queueSizeRejectionThreshold: 5 });
    const ends = await Promise.allSettled([1, 2, 3, 4].map((n) => square.execute(n)));
    assert.deepEqual(
      ends.map((end) => (end.status === "fulfilled" ? (end.value as number[])[0] : "rejected")),
      [1, 4, 9, "rejected"],
    );
    world.config.set("runtime", "hystrix.threadpool.sums.maxQueueSize", 10);
    const more = await Promise.all([1, 2, 3, 4].map((n) => square.execute(n)));
    assert.equal(more.length, 4);
  });
});

test("a call that times out in the queue is dropped from it", async () => {
  await withWorld(async (world) => {
    const spin = command(world, "spin", { coreSize: 1, maxQueueSize: 5 });
    const square = command(world, "square");
    world.config.set("runtime", "hystrix.command.spin.execution.isolation.thread.timeoutInMilliseconds", 60_000);
    const spinning = errorOf(spin.execute());
    const waiting = errorOf(square.execute(1));
    await world.clock.advance(1_010);
    assert.ok((await waiting) instanceof CommandError);
    assert.equal((await utilization(world)).queueSize, 0);
    await world.clock.advance(60_000);
    await spinning;
    assert.equal(((await square.execute(5)) as number[])[0], 25);
  });
});

test("a thread that ends itself, an export that is no function, and arguments that cannot be sent are failures", async () => {
  await withWorld(async (world) => {
    for (const [name, argument, said] of [
      ["leave", undefined, /its thread has ended/],
      ["notFunction", undefined, /exports no function notFunction/],
      ["square", () => 1, /could not be cloned/],
    ] as const) {
      const error = await errorOf(command(world, name).execute(argument));
      assert.ok(error instanceof CommandError);
      assert.equal(error.failureType, "COMMAND_EXCEPTION");
      assert.match(error.message, said);
    }
    assert.equal(((await command(world, "square").execute(6)) as number[])[0], 36);
  });
});

test("after close no thread is left, and who waited is told", async () => {
  const world = new World();
  const ends = [command(world, "spin", { coreSize: 1, maxQueueSize: 5 }), command(world, "square")].map((one) =>
    errorOf(one.execute(1)),
  );
  await world.resilience.close();
  for (const end of await Promise.all(ends)) assert.ok(end instanceof CommandError);
  await waitFor("the thread is gone", () => process.getActiveResourcesInfo().every((one) => one !== "MessagePort"));
});
