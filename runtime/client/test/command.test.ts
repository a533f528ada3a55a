import assert from "node:assert/strict";
import { afterEach, test } from "node:test";
import { BalancedClient, type ClientOptions } from "@holdfast/client";
import { Config } from "@holdfast/config";
import { SeededRandom, SystemClock, silentLog } from "@holdfast/kernel";
import { Resilience } from "@holdfast/resilience";
import type { AttemptReport } from "@holdfast/wire";
import { answerStatus, Backend, keepSilent, resetAtOnce, WrittenList } from "./backends.ts";

afterEach(() => Backend.endAll());

/** One service of some backends, the client that calls it, and what its commands say. */
class World {
  readonly config = new Config();
  readonly resilience: Resilience;
  readonly client: BalancedClient;
  readonly backends: readonly Backend[];

  constructor(backends: readonly Backend[], options: Partial<ClientOptions> = {}) {
    const clock = new SystemClock();
    const random = new SeededRandom(7);
    this.backends = backends;
    this.resilience = new Resilience(clock, random, this.config, { log: silentLog });
    const list = new WrittenList(backends.map((one) => one.record()));
    this.client = new BalancedClient(list, clock, random, options, {
      resilience: this.resilience,
      config: this.config,
    });
  }

  static async of(count: number, options: Partial<ClientOptions> = {}): Promise<World> {
    const starting = Array.from({ length: count }, (_, i) => Backend.start(`i-${i}`));
    return new World(await Promise.all(starting), options);
  }

  get catalog() {
    return this.client.service("catalog");
  }

  get events() {
    return this.resilience.explain("catalog")?.events ?? {};
  }

  get executions(): number {
    return this.backends.reduce((sum, one) => sum + one.executions, 0);
  }

  all(behaviour: Backend["behaviour"]): void {
    for (const backend of this.backends) backend.behaviour = behaviour;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.client.close();
    await this.resilience.close();
    for (const backend of this.backends) await backend[Symbol.asyncDispose]();
  }
}

test("each call is a command: what it came to is counted under the service's name", async () => {
  await using world = await World.of(2);
  await world.catalog.fetch("/");
  world.all(answerStatus(404));
  assert.equal((await world.catalog.fetch("/")).status, 404);
  world.all(answerStatus(500));
  assert.equal((await world.catalog.fetch("/", { method: "POST", body: "x" })).status, 500);
  world.all(keepSilent);
  await assert.rejects(world.catalog.fetch("/", { timeoutMs: 30 }), { code: "CALL_TIMED_OUT", status: 504 });
  const caller = new AbortController();
  const call = world.catalog.fetch("/", { signal: caller.signal });
  caller.abort(new Error("gone"));
  await assert.rejects(call, { code: "CALL_ABORTED" });
  assert.deepEqual(world.events, {
    SUCCESS: 2,
    FAILURE: 1,
    TIMEOUT: 1,
    CANCELLED: 1,
    FALLBACK_MISSING: 2,
    EXCEPTION_THROWN: 2,
    COMMAND_MAX_ACTIVE: 1,
  });
});

test("when half of twenty calls have failed the circuit opens, and calls fail at once without reaching a server", async () => {
  await using world = await World.of(2);
  world.all(answerStatus(500));
  world.config.set("runtime", "hystrix.command.catalog.metrics.healthSnapshot.intervalInMilliseconds", 0);
  for (let i = 0; i < 20; i++) assert.equal((await world.catalog.fetch("/")).status, 500);
  const before = world.executions;
  const refused = world.catalog.fetch("/");
  await assert.rejects(refused, { code: "COMMAND_SHORT_CIRCUITED", status: 503 });
  assert.equal(world.executions, before);
  assert.match(world.resilience.explain("catalog")?.why ?? "", /20 of 20 calls failed/);
});

test("a fallback answers for a 5xx, for silence, for an open circuit and for a service nobody knows", async () => {
  await using world = await World.of(2);
  const fallback = (error: Error & { code?: string }) => ({ instead: String(error.code) });
  world.all(answerStatus(503));
  assert.deepEqual(await world.catalog.json("/", { fallback }), { instead: "COMMAND_FAILED" });
  const response = await world.catalog.fetch("/", { fallback: () => new Response("cached") });
  assert.equal(await response.text(), "cached");
  const posted = await world.catalog.json("/", { method: "POST", body: "{}", fallback });
  assert.deepEqual(posted, { instead: "COMMAND_FAILED" });
  world.all(keepSilent);
  assert.deepEqual(await world.catalog.json("/", { timeoutMs: 30, fallback }), { instead: "CALL_TIMED_OUT" });
  world.config.set("runtime", "hystrix.command.catalog.circuitBreaker.forceOpen", true);
  assert.deepEqual(await world.catalog.json("/", { fallback }), { instead: "COMMAND_SHORT_CIRCUITED" });
  assert.deepEqual(await world.client.service("nobody").json("/", { fallback }), { instead: "SERVICE_UNKNOWN" });
  world.config.set("runtime", "hystrix.command.catalog.circuitBreaker.forceOpen", false);
  world.all((_req, res) => void res.end('{"real":true}'));
  assert.deepEqual(await world.catalog.json("/", { fallback }), { real: true });
});

test("a fallback that throws is the caller's error", async () => {
  await using world = await World.of(1);
  world.all(answerStatus(500));
  const fallback = (): never => {
    throw new Error("nothing cached");
  };
  await assert.rejects(world.catalog.json("/", { fallback }), { name: "CommandError", code: "COMMAND_FAILED" });
});

test("timeouts and limits change while calls are made", async () => {
  await using world = await World.of(1);
  world.all(keepSilent);
  world.config.set("runtime", "hystrix.command.catalog.execution.isolation.thread.timeoutInMilliseconds", 40);
  await assert.rejects(world.catalog.fetch("/"), { code: "CALL_TIMED_OUT" });
  world.config.set("runtime", "hystrix.command.catalog.execution.isolation.semaphore.maxConcurrentRequests", 2);
  world.config.set("runtime", "hystrix.command.catalog.execution.isolation.thread.timeoutInMilliseconds", 60_000);
  const caller = new AbortController();
  const held = [1, 2].map(() => world.catalog.fetch("/", { signal: caller.signal }).catch(() => "given up"));
  await assert.rejects(world.catalog.fetch("/"), { code: "COMMAND_REJECTED", status: 503 });
  caller.abort();
  await Promise.all(held);
  world.all((_req, res) => void res.end("ok"));
  assert.equal((await world.catalog.fetch("/")).status, 200);
});

test("a command of its own keeps one kind of call apart from the others of the service", async () => {
  await using world = await World.of(1);
  world.config.set("runtime", "hystrix.command.catalog-search.circuitBreaker.forceOpen", true);
  await assert.rejects(world.catalog.fetch("/search", { command: "catalog-search" }), {
    code: "COMMAND_SHORT_CIRCUITED",
  });
  assert.equal((await world.catalog.fetch("/")).status, 200);
});

test("what was tried is told of each call, and kept of those that needed more than one try", async () => {
  await using world = await World.of(2);
  const [bad] = world.backends;
  assert.ok(bad !== undefined);
  bad.behaviour = resetAtOnce;
  let attempts: readonly AttemptReport[] = [];
  for (let i = 0; i < 10; i++) {
    await world.catalog.fetch("/titles?secret=1", { onAttempts: (told) => (attempts = told) });
    if (attempts.length === 2) break;
    assert.deepEqual(
      attempts.map((one) => `${one.kind} ${one.outcome}`),
      ["first 200"],
    );
  }
  assert.deepEqual(
    attempts.map(({ instance, kind, outcome }) => `${instance} ${kind} ${outcome}`),
    ["i-0 first lost", "i-1 retry 200"],
  );
  const [kept] = world.client.report("catalog")?.attempts ?? [];
  assert.equal(kept?.path, "/titles");
  assert.equal(kept?.outcome, "200");
  assert.deepEqual(kept?.attempts, attempts);
});

test("a GET answered 500 is asked for once more elsewhere; a POST is not, and a PUT is not", async () => {
  await using world = await World.of(3);
  const [bad] = world.backends;
  assert.ok(bad !== undefined);
  bad.behaviour = answerStatus(500);
  for (let i = 0; i < 12; i++) assert.equal((await world.catalog.fetch("/")).status, 200);
  world.all(answerStatus(500));
  const before = world.executions;
  assert.equal((await world.catalog.fetch("/")).status, 500);
  assert.equal(world.executions, before + 2);
  assert.equal((await world.catalog.fetch("/", { method: "PUT", body: "x" })).status, 500);
  assert.equal(world.executions, before + 3);
});

const shed = answerStatus(503, { "x-holdfast-not-executed": "1", "retry-after": "1" });

test("a server that is full is asked no more for this call, a POST goes elsewhere too, and nobody holds it against it", async () => {
  await using world = await World.of(2);
  const [full] = world.backends;
  assert.ok(full !== undefined);
  full.behaviour = shed;
  for (let i = 0; i < 12; i++) {
    assert.equal((await world.catalog.fetch("/", { method: "POST", body: "x" })).status, 200);
  }
  assert.ok(full.executions >= 3, `${full.executions}`);
  assert.ok(world.client.explain("catalog").every((server) => server.ejectedForMs === 0));
});

test("while all servers are full the circuit stays closed, the answer is passed on, and a fallback may answer instead", async () => {
  await using world = await World.of(2);
  world.all(shed);
  world.config.set("runtime", "hystrix.command.catalog.metrics.healthSnapshot.intervalInMilliseconds", 0);
  for (let i = 0; i < 40; i++) assert.equal((await world.catalog.fetch("/")).status, 503);
  assert.equal(world.resilience.explain("catalog")?.state, "closed");
  assert.ok(world.executions <= 40 * 1.2 + 50, `${world.executions}`);
  const fallback = (error: Error & { code?: string }) => ({ instead: String(error.code) });
  assert.deepEqual(await world.catalog.json("/", { fallback }), { instead: "OVERLOADED" });
});
