import assert from "node:assert/strict";
import { test } from "node:test";
import { type Random, SeededRandom } from "@holdfast/kernel";
import { Timeouts } from "@holdfast/resilience";
import { FakeClock } from "@holdfast/testing";
import { Cluster } from "../src/cluster.ts";
import { RecentLatency } from "../src/latency.ts";
import { type ClientOptions, clientDefaults } from "../src/options.ts";
import { pick } from "../src/pick.ts";
import { RetryBudget } from "../src/retry-budget.ts";
import { ServerState } from "../src/server-state.ts";
import { recordOf } from "./backends.ts";

const options: ClientOptions = clientDefaults;

function newCluster(clock: FakeClock): Cluster {
  return new Cluster("catalog", clock, new SeededRandom(1), new Timeouts(clock), options);
}

function states(zones: readonly string[]): ServerState[] {
  return zones.map((zone, i) => new ServerState(recordOf(`i-${i}`, 1, { zone }), options, 0));
}

function picks(servers: readonly ServerState[], nowMs: number, zone?: string, random: Random = new SeededRandom(1)) {
  const counts = new Map<string, number>();
  for (let i = 0; i < 300; i++) {
    const id = pick(servers, [], zone, nowMs, random)?.record.id ?? "none";
    counts.set(id, (counts.get(id) ?? 0) + 1);
  }
  return (id: string): number => counts.get(id) ?? 0;
}

test("equal servers get equal shares", () => {
  const count = picks(states(["a", "a", "a"]), 0);
  for (const id of ["i-0", "i-1", "i-2"]) assert.ok(count(id) > 70 && count(id) < 130, `${id}: ${count(id)}`);
});

test("a slow server is avoided, and comes back as its slowness is forgotten", () => {
  const servers = states(["a", "a", "a"]);
  for (const server of servers) {
    server.started(0);
    server.answered(200, server.record.id === "i-0" ? 500 : 5, 0, 0);
  }
  assert.equal(picks(servers, 0)("i-0"), 0);
  assert.ok(picks(servers, 120_000)("i-0") > 50);
});

test("a busy server is avoided", () => {
  const servers = states(["a", "a"]);
  for (let i = 0; i < 5; i++) servers[0]?.started(0);
  assert.equal(picks(servers, 0)("i-0"), 0);
});

test("own-zone servers get all calls until they are clearly busier", () => {
  const servers = states(["a", "b", "b"]);
  assert.equal(picks(servers, 0, "a")("i-0"), 300);
  for (let i = 0; i < 12; i++) servers[0]?.started(0);
  assert.equal(picks(servers, 0, "a")("i-0"), 0);
});

test("a server of this call is not picked twice, and with all tried there is none", () => {
  const servers = states(["a", "a"]);
  const [first, second] = servers;
  assert.ok(first !== undefined && second !== undefined);
  assert.equal(pick(servers, [first], undefined, 0, new SeededRandom(1)), second);
  assert.equal(pick(servers, servers, undefined, 0, new SeededRandom(1)), undefined);
});

test("a server that breaks is out for a second, then for two, then four, at most thirty", () => {
  const [server] = states(["a"]);
  assert.ok(server !== undefined);
  let nowMs = 0;
  for (const expected of [1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000]) {
    server.started(0);
    server.broke(true, nowMs);
    assert.equal(server.ejectedUntilMs - nowMs, expected);
    assert.equal(server.available(nowMs + expected - 1), false);
    assert.equal(server.available(nowMs + expected), true);
    nowMs += expected;
  }
});

test("after its ejection a server gets one trial call, and more only once that has succeeded", () => {
  const [server] = states(["a"]);
  assert.ok(server !== undefined);
  server.started(0);
  server.broke(true, 0);
  server.started(0);
  assert.equal(server.available(1_000), false);
  server.answered(200, 3, 1_005, 0);
  assert.equal(server.available(1_005), true);
  server.started(0);
  assert.equal(server.available(1_006), true);
});

test("one silence is forgiven, a second in a row puts a server out", () => {
  const [server] = states(["a"]);
  assert.ok(server !== undefined);
  server.started(0);
  server.keptSilent(250, 250);
  assert.equal(server.available(250), true);
  server.started(0);
  server.keptSilent(250, 500);
  assert.equal(server.available(500), false);
});

test("when all are out, all are used", () => {
  const servers = states(["a", "a", "a"]);
  for (const server of servers) {
    server.started(0);
    server.broke(true, 0);
  }
  const count = picks(servers, 10);
  for (const server of servers) assert.ok(count(server.record.id) > 50);
});

test("the budget allows a tenth of the calls a second try, and what was saved", () => {
  const budget = new RetryBudget(0.1, 2, 0);
  let allowed = 0;
  for (let i = 0; i < 1_000; i++) {
    budget.deposit();
    if (budget.take(0)) allowed += 1;
  }
  assert.ok(allowed >= 148 && allowed <= 150, `${allowed}`);
  assert.equal(budget.take(0), false);
  assert.equal(budget.take(600), true);
});

test("a second server is asked between 50 and 250 ms, at three times the usual slow answer", () => {
  const cluster = newCluster(new FakeClock());
  assert.equal(cluster.hedgeAfterMs(), 250);
  for (let i = 0; i < 16; i++) cluster.latency.record(2);
  assert.equal(cluster.hedgeAfterMs(), 50);
  for (let i = 0; i < 128; i++) cluster.latency.record(30);
  assert.equal(cluster.hedgeAfterMs(), 90);
  for (let i = 0; i < 128; i++) cluster.latency.record(110);
  assert.equal(cluster.hedgeAfterMs(), 250);
});

test("the 95th percentile is that of the last 128 calls", () => {
  const latency = new RecentLatency();
  for (let i = 0; i < 128; i++) latency.record(1_000);
  for (let i = 1; i <= 128; i++) latency.record(i);
  assert.equal(latency.p95Ms, 122);
});

test("a cluster keeps a server's connections while its identity stays, and closes all timers behind it", async () => {
  const clock = new FakeClock();
  const cluster = newCluster(clock);
  cluster.update([recordOf("i-a", 1), recordOf("i-b", 2)]);
  const [a] = cluster.servers;
  cluster.update([recordOf("i-a", 1, { version: 2 }), recordOf("i-b", 2, { incarnation: 2 })]);
  assert.equal(cluster.servers[0], a);
  assert.equal(cluster.servers.length, 2);
  cluster.update([recordOf("i-a", 1, { status: "DOWN", version: 3 })]);
  assert.equal(cluster.servers.length, 0);
  await cluster.close();
  assert.equal(clock.pendingTimers, 0);
});

test("when everything is slow, a second server is asked later, not at once", () => {
  const cluster = newCluster(new FakeClock());
  for (let i = 0; i < 128; i++) cluster.latency.record(400);
  assert.equal(cluster.hedgeAfterMs(), 800);
  for (let i = 0; i < 128; i++) cluster.latency.record(5_000);
  assert.equal(cluster.hedgeAfterMs(), 2_000);
});
