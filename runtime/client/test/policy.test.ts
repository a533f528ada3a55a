import assert from "node:assert/strict";
import { test } from "node:test";
import { SeededRandom, silentLog } from "@holdfast/kernel";
import { Timeouts } from "@holdfast/resilience";
import { FakeClock } from "@holdfast/testing";
import type { InstanceRecord } from "@holdfast/wire";
import { AppOptions } from "../src/app-options.ts";
import { Cluster } from "../src/cluster.ts";
import { RecentLatency } from "../src/latency.ts";
import { type ClientOptions, clientDefaults } from "../src/options.ts";
import { HostHealth } from "../src/outlier/host-health.ts";
import { OutlierDetector } from "../src/outlier/outlier-detector.ts";
import { outlierOptions } from "../src/outlier/outlier-options.ts";
import { RetryBudget } from "../src/retry-budget.ts";
import { ServerSet } from "../src/server-set.ts";
import { ServerState } from "../src/server-state.ts";
import { recordOf } from "./backends.ts";

const options: ClientOptions = clientDefaults;

function newCluster(clock: FakeClock): Cluster {
  const settings = new AppOptions(options, {}, undefined, "catalog", silentLog);
  return new Cluster("catalog", clock, new SeededRandom(1), new Timeouts(clock), settings);
}

function state(id: string, more: Partial<InstanceRecord>): ServerState {
  const times = { ejectionMs: options.ejectionMs, ejectionMaxMs: options.ejectionMaxMs };
  const detector = new OutlierDetector(new FakeClock(), new SeededRandom(1), outlierOptions(), times, () => {});
  return new ServerState(recordOf(id, 1, more), new HostHealth(id, detector), 0);
}

function states(zones: readonly string[]): ServerState[] {
  return zones.map((zone, i) => state(`i-${i}`, { zone }));
}

/** 300 picks, none of which becomes a call; counts by id. */
function picks(
  servers: readonly ServerState[],
  nowMs: number,
  more: Partial<ClientOptions> = {},
  callers: ReadonlyMap<string, number> = new Map(),
): (id: string) => number {
  const set = new ServerSet(new SeededRandom(1), () => callers, { ...options, ...more });
  set.list(servers);
  const counts = new Map<string, number>();
  for (let i = 0; i < 300; i++) {
    const id = set.pick([], {}, true, nowMs)?.id ?? "none";
    counts.set(id, (counts.get(id) ?? 0) + 1);
  }
  return (id) => counts.get(id) ?? 0;
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
  assert.equal(picks(servers, 0, { zone: "a" })("i-0"), 300);
  for (let i = 0; i < 12; i++) servers[0]?.started(0);
  assert.equal(picks(servers, 0, { zone: "a" })("i-0"), 0);
});

test("a server of this call is not picked twice, and with all tried there is none", () => {
  const servers = states(["a", "a"]);
  const [first, second] = servers;
  assert.ok(first !== undefined && second !== undefined);
  const set = new ServerSet(new SeededRandom(1), () => new Map(), options);
  set.list(servers);
  assert.equal(set.pick([first], {}, true, 0), second);
  assert.equal(set.pick(servers, {}, true, 0), undefined);
});

test("a server that breaks is out for a second, then for two, then four, at most thirty", () => {
  const [server] = states(["a"]);
  assert.ok(server !== undefined);
  let nowMs = 0;
  for (const expected of [1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000]) {
    server.started(0);
    server.broke(true, nowMs);
    assert.equal(server.ejectedUntilMs - nowMs, expected);
    assert.equal(server.standing(nowMs + expected - 1), "ejected");
    assert.equal(server.standing(nowMs + expected), "returning");
    nowMs += expected;
  }
});

test("after its ejection a server gets one trial call, an idempotent one, and more only once that has succeeded", () => {
  const servers = states(["a", "a"]);
  const [server, other] = servers;
  assert.ok(server !== undefined && other !== undefined);
  const set = new ServerSet(new SeededRandom(1), () => new Map(), options);
  set.list(servers);
  server.started(0);
  server.broke(true, 0);
  set.markStale();
  for (let i = 0; i < 20; i++) assert.equal(set.pick([], {}, true, 999), other);
  for (let i = 0; i < 20; i++) assert.equal(set.pick([], {}, false, 1_000), other);
  assert.equal(set.pick([], {}, true, 1_000), server);
  server.started(1_000);
  for (let i = 0; i < 20; i++) assert.equal(set.pick([], {}, true, 1_001), other);
  server.answered(200, 3, 1_005, 0);
  assert.equal(server.standing(1_005), "usable");
});

test("a server whose trial nobody makes gets any call after five seconds", () => {
  const [server, other] = states(["a", "a"]);
  assert.ok(server !== undefined && other !== undefined);
  const set = new ServerSet(new SeededRandom(1), () => new Map(), options);
  server.started(0);
  server.broke(true, 0);
  set.list([server, other]);
  assert.equal(set.pick([], {}, false, 5_999), other);
  assert.equal(set.pick([], {}, false, 6_000), server);
});

test("calls keep to their zone as far as its servers are as many as its callers, and the rest goes where there is room", () => {
  const servers = states(["a", "b", "b", "b", "c", "c"]);
  const count = picks(
    servers,
    0,
    { zone: "a" },
    new Map([
      ["a", 2],
      ["b", 2],
      ["c", 2],
    ]),
  );
  assert.ok(count("i-0") > 120 && count("i-0") < 180, `${count("i-0")}`);
  assert.ok(count("i-1") + count("i-2") + count("i-3") > 120);
  assert.equal(count("i-4") + count("i-5"), 0);
});

test("a subset, a version to match and a canary share decide who is asked at all", () => {
  const versioned = states(["a", "a", "a", "a"]).map((_, i) =>
    state(`i-${i}`, { metadata: { version: i === 0 ? "b" : "a" } }),
  );
  const ids = ["i-0", "i-1", "i-2", "i-3"];
  const subset = picks(versioned, 0, { subsetSize: 2, subsetAs: "me" });
  assert.equal(ids.filter((id) => subset(id) > 0).length, 2);
  assert.equal(picks(versioned, 0, { match: { version: "b" } })("i-0"), 300);
  assert.ok(picks(versioned, 0, { match: { version: "c" } })("i-1") > 0);
  const canary = picks(versioned, 0, { canary: { key: "version", shares: { b: 0.05 } } });
  assert.ok(canary("i-0") > 3 && canary("i-0") < 35, `${canary("i-0")}`);
});

test("a picker of one's own is asked; when it talks nonsense a server is taken at random", () => {
  const servers = states(["a", "a"]);
  const [first] = servers;
  assert.ok(first !== undefined);
  assert.equal(picks(servers, 0, { picker: { name: "first", pick: (all) => all[0] } })("i-0"), 300);
  const none = picks(servers, 0, { picker: { name: "none", pick: () => undefined } });
  assert.ok(none("i-0") > 100 && none("i-1") > 100);
  assert.throws(() => new ServerSet(new SeededRandom(1), () => new Map(), { ...options, picker: "best" }), {
    code: "PICKER_UNKNOWN",
  });
});

test("one silence is forgiven, a second in a row puts a server out", () => {
  const [server] = states(["a"]);
  assert.ok(server !== undefined);
  server.started(0);
  server.keptSilent(250, 250);
  assert.equal(server.standing(250), "usable");
  server.started(0);
  server.keptSilent(250, 500);
  assert.equal(server.standing(500), "ejected");
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

test("while second tries fail as well, half as many are made", () => {
  const budget = new RetryBudget(0.2, 0, 0);
  let allowed = 0;
  for (let i = 0; i < 10_000; i++) {
    budget.deposit();
    if (!budget.take(0)) continue;
    allowed += 1;
    budget.failed();
  }
  assert.ok(allowed >= 1_000 && allowed <= 1_050, `${allowed}`);
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

test("a server that owes answers looks as slow as its silence is long, even if nothing is known of it yet", () => {
  const servers = states(["a", "a"]);
  const [silent, quick] = servers;
  assert.ok(silent !== undefined && quick !== undefined);
  quick.started(0);
  quick.answered(200, 20, 20, 0);
  silent.started(0);
  assert.equal(silent.ewmaMs(100), 100);
  assert.equal(picks(servers, 100)("i-0"), 0);
  silent.answered(200, 5, 105, 0);
  assert.ok(silent.ewmaMs(105) <= 5);
});
