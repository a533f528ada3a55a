import assert from "node:assert/strict";
import { afterEach, test } from "node:test";
import { BalancedClient, type ClientOptions } from "@holdfast/client";
import { SeededRandom, SystemClock } from "@holdfast/kernel";
import { MeterRegistry } from "@holdfast/metrics";
import { answerStatus, Backend, keepSilent, resetAtOnce, WrittenList } from "./backends.ts";

afterEach(() => Backend.endAll());

interface World extends AsyncDisposable {
  readonly backends: readonly Backend[];
  readonly meters: MeterRegistry;
  readonly client: BalancedClient;
}

async function world(count: number, options: Partial<ClientOptions> = {}): Promise<World> {
  const backends = await Promise.all(Array.from({ length: count }, (_, i) => Backend.start(`i-${i}`)));
  const meters = new MeterRegistry();
  const list = new WrittenList(backends.map((one) => one.record()));
  const client = new BalancedClient(list, new SystemClock(), new SeededRandom(5), options, { meters });
  return { backends, meters, client, [Symbol.asyncDispose]: () => client.close() };
}

/** `ipc.status http.status ipc.attempt ipc.attempt.final` of what was counted. */
function attempts(meters: MeterRegistry): string[] {
  const told: string[] = [];
  for (const one of meters.snapshot()) {
    if (one.name !== "ipc.client.call" || one.kind !== "percentile-timer") continue;
    const { "ipc.status": status, "http.status": code, "ipc.attempt": attempt, "ipc.attempt.final": last } = one.tags;
    assert.equal(one.tags["ipc.server.app"], "catalog");
    for (let i = 0; i < one.count; i++) told.push(`${status} ${code} ${attempt} ${last}`);
  }
  return told;
}

test("a call that is answered at once is one final attempt", async () => {
  await using w = await world(1);
  await (await w.client.service("catalog").fetch("/")).text();
  assert.deepEqual(attempts(w.meters), ["success 200 initial true"]);
});

test("a retry shows as a first attempt that was not the last, and a second that was", async () => {
  await using w = await world(2);
  for (const backend of w.backends) backend.behaviour = answerStatus(503);
  await (await w.client.service("catalog").fetch("/")).text();
  assert.deepEqual(attempts(w.meters), ["throttled 503 initial false", "throttled 503 second true"]);
});

test("a lost answer and a silent server are told apart, and what is under way is counted", async () => {
  await using w = await world(1, { timeoutMs: 100 });
  const [backend] = w.backends;
  assert.ok(backend !== undefined);
  backend.behaviour = resetAtOnce;
  await assert.rejects(w.client.service("catalog").fetch("/", { method: "POST" }));
  assert.deepEqual(attempts(w.meters), ["connection_error undefined initial true"]);
  backend.behaviour = keepSilent;
  await assert.rejects(w.client.service("catalog").fetch("/"));
  assert.equal(attempts(w.meters).at(-1), "timeout undefined initial true");
  const inFlight = w.meters.snapshot().find((one) => one.name === "ipc.client.inflight");
  assert.ok(inFlight?.kind === "summary");
  assert.deepEqual([inFlight.count, inFlight.max], [2, 1]);
});
