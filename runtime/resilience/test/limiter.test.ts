import assert from "node:assert/strict";
import { test } from "node:test";
import { BadRequestError, type CallLimiter, CommandError } from "@holdfast/resilience";
import { errorOf, World } from "./world.ts";

/** Lets `places` calls in and writes down how each ended. */
function limiter(places: number, ends: string[]): CallLimiter & { readonly asked: unknown[] } {
  const asked: unknown[] = [];
  let free = places;
  const settle = (how: string) => (): void => {
    ends.push(how);
    free += 1;
  };
  return {
    asked,
    acquire: (context) => {
      asked.push(context);
      if (free === 0) return undefined;
      free -= 1;
      return { success: settle("success"), dropped: settle("dropped"), ignored: settle("ignored") };
    },
  };
}

test("a limiter stands for the semaphore and hears how each call ended", async () => {
  const world = new World();
  const ends: string[] = [];
  const limits = limiter(100, ends);
  const command = world.resilience.command<[string], string>({
    key: "k",
    limiter: limits,
    partition: (what) => `of ${what}`,
    run: async (_context, what) => {
      if (what === "hang") return new Promise<never>(() => {});
      if (what === "bad") throw new BadRequestError("no");
      if (what === "fail") throw new Error("it failed");
      if (what === "busy") throw Object.assign(new Error("503"), { retryAfterMs: 1 });
      return what;
    },
    properties: { "execution.isolation.semaphore.maxConcurrentRequests": 0, "circuitBreaker.enabled": false },
  });
  const controller = new AbortController();
  const given = errorOf(command.executeWith({ signal: controller.signal }, "hang"));
  for (const what of ["ok", "fail", "busy", "bad"]) await command.execute(what).catch(() => {});
  assert.deepEqual(ends.splice(0), ["success", "ignored", "dropped", "ignored"]);
  controller.abort();
  await given;
  const hanging = errorOf(command.execute("hang"));
  await world.clock.advance(1_010);
  await hanging;
  assert.deepEqual(ends, ["ignored", "dropped"]);
  assert.equal(limits.asked[1], "of ok");
  assert.equal(world.resilience.explain("k")?.properties["execution.isolation.strategy"], "ADAPTIVE");
});

test("two commands of one key cannot be limited in two ways", () => {
  const world = new World();
  world.resilience.command({ key: "k", limiter: limiter(1, []), run: () => "ok" });
  assert.throws(() => world.scripted("k"), /command k: must be isolated as the first command of its key is/);
});

test("a call that the limiter does not let in is SEMAPHORE_REJECTED and may fall back", async () => {
  const world = new World();
  const command = world.resilience.command({ key: "k", limiter: limiter(0, []), run: () => "ok" });
  const error = await errorOf(command.execute());
  assert.ok(error instanceof CommandError);
  assert.equal(error.failureType, "REJECTED_SEMAPHORE_EXECUTION");
  assert.match(error.message, /its limiter lets no more calls in/);
});
