import assert from "node:assert/strict";
import { createServer } from "node:http";
import { test } from "node:test";
import { GroupAggregates, Scraper } from "@holdfast/insight-server";
import { SeededRandom, silentLog } from "@holdfast/kernel";
import { MeterRegistry } from "@holdfast/metrics";
import { FakeClock } from "@holdfast/testing";

const minuteMs = 60_000;

function meters(): { registry: MeterRegistry; serve: (status: string, ms: number, times: number) => void } {
  const registry = new MeterRegistry();
  const serve = (status: string, ms: number, times: number): void => {
    const timer = registry.timer("ipc.server.call", { method: "GET", status });
    for (let i = 0; i < times; i++) timer.record(ms);
  };
  return { registry, serve };
}

test("growing counts of two instances become the requests of their service, once", () => {
  const aggregates = new GroupAggregates();
  const [a, b] = [meters(), meters()];
  a.serve("2xx", 10, 8);
  b.serve("5xx", 500, 2);
  for (const nowMs of [1_000, 2_000]) {
    aggregates.add("catalog", "i-a", a.registry.snapshot(), nowMs);
    aggregates.add("catalog", "i-b", b.registry.snapshot(), nowMs);
  }
  const [minute] = aggregates.view("catalog", 0);
  assert.deepEqual([minute?.requests, minute?.errors], [10, 2]);
  assert.ok(minute?.p50Ms && minute.p50Ms < 13 && minute.p99Ms && minute.p99Ms >= 500);
  assert.equal(aggregates.lastMinute("catalog", 2_000).errorPercent, 20);
});

test("percentile timers with the status of HTTP are counted as timers with its class are", () => {
  const aggregates = new GroupAggregates();
  const registry = new MeterRegistry();
  const record = (status: string, ms: number, times: number): void => {
    const timer = registry.percentileTimer("ipc.server.call", { "http.status": status });
    for (let i = 0; i < times; i++) timer.record(ms);
  };
  record("200", 10, 98);
  record("503", 500, 2);
  for (const nowMs of [1_000, 2_000]) aggregates.add("catalog", "i-a", registry.snapshot(), nowMs);
  const [minute] = aggregates.view("catalog", 0);
  assert.deepEqual([minute?.requests, minute?.errors], [100, 2]);
  assert.ok(minute?.p50Ms && minute.p50Ms >= 10 && minute.p50Ms < 13.5, String(minute?.p50Ms));
  assert.ok(minute.p99Ms && minute.p99Ms >= 500 && minute.p99Ms < 700, String(minute.p99Ms));
});

test("a replaced instance starts from zero and a day is kept, no more", () => {
  const aggregates = new GroupAggregates();
  const old = meters();
  old.serve("2xx", 10, 100);
  aggregates.add("catalog", "i-old", old.registry.snapshot(), 0);
  const young = meters();
  young.serve("2xx", 10, 1);
  aggregates.add("catalog", "i-new", young.registry.snapshot(), minuteMs);
  assert.deepEqual(
    aggregates.view("catalog", 0).map((point) => point.requests),
    [100, 1],
  );
  for (let minute = 2; minute < 1_500; minute++) aggregates.add("catalog", "i-new", [], minute * minuteMs);
  assert.equal(aggregates.view("catalog", 0).length, 24 * 60);
});

test("the scraper reads what answers and passes over what does not", async () => {
  const { registry, serve } = meters();
  serve("2xx", 5, 3);
  const server = createServer((_req, res) => res.end(JSON.stringify(registry.snapshot())));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const bound = server.address();
  assert.ok(typeof bound === "object" && bound !== null);
  const clock = new FakeClock();
  const aggregates = new GroupAggregates();
  const targets = [
    { service: "catalog", instance: "i-a", address: "127.0.0.1", adminPort: bound.port, startedAtMs: clock.wallMs() },
    { service: "catalog", instance: "i-gone", address: "127.0.0.1", adminPort: 1, startedAtMs: 0 },
  ];
  const scraper = new Scraper(clock, new SeededRandom(1), silentLog, aggregates, () => targets);
  await scraper.scrapeOnce();
  server.closeAllConnections();
  server.close();
  assert.equal(aggregates.view("catalog", 0)[0]?.requests, 3);
});

test("an instance older than the figures kept here does not count its past into this minute", () => {
  const aggregates = new GroupAggregates();
  const old = meters();
  old.serve("2xx", 10, 1_000);
  aggregates.add("catalog", "i-old", old.registry.snapshot(), 10 * minuteMs, 1 * minuteMs);
  old.serve("2xx", 10, 3);
  aggregates.add("catalog", "i-old", old.registry.snapshot(), 10 * minuteMs + 5_000, 1 * minuteMs);
  assert.deepEqual(
    aggregates.view("catalog", 0).map((point) => point.requests),
    [3],
  );
});

test("an instance that was away for a while is not counted anew, and one that is gone is forgotten", () => {
  const aggregates = new GroupAggregates();
  const one = meters();
  one.serve("5xx", 10, 100);
  aggregates.add("catalog", "i-a", one.registry.snapshot(), minuteMs, minuteMs);
  aggregates.forgetOld(3 * minuteMs);
  one.serve("2xx", 10, 2);
  aggregates.add("catalog", "i-a", one.registry.snapshot(), 3 * minuteMs, minuteMs);
  const counted = (): number[] => aggregates.view("catalog", 0).map((point) => point.requests);
  assert.deepEqual(counted(), [100, 2]);
  aggregates.forgetOld(14 * minuteMs);
  aggregates.add("catalog", "i-a", one.registry.snapshot(), 14 * minuteMs, 14 * minuteMs);
  assert.deepEqual(counted(), [100, 2, 102]);
});

test("counts that have become smaller are those of a new process", () => {
  const aggregates = new GroupAggregates();
  for (const times of [50, 20]) {
    const process = meters();
    process.serve("2xx", 10, times);
    aggregates.add("catalog", "standalone", process.registry.snapshot(), minuteMs);
  }
  assert.equal(aggregates.view("catalog", 0)[0]?.requests, 70);
  assert.equal(aggregates.lastMinute("catalog", minuteMs + 10_000).requestsPerSecond, 7);
});

test("a watch counts each instance from its opening on, and leaves out what fell between two looks around it", () => {
  const aggregates = new GroupAggregates();
  const [a, b, young] = [meters(), meters(), meters()];
  a.serve("2xx", 10, 100);
  b.serve("2xx", 10, 100);
  aggregates.add("catalog", "i-a", a.registry.snapshot(), 1_000, 0);
  aggregates.add("catalog", "i-b", b.registry.snapshot(), 1_000, 0);
  const watch = aggregates.watch(5_000);
  a.serve("5xx", 10, 7);
  young.serve("5xx", 400, 2);
  aggregates.add("catalog", "i-a", a.registry.snapshot(), 11_000, 0);
  aggregates.add("catalog", "i-young", young.registry.snapshot(), 11_000, 6_000);
  a.serve("5xx", 10, 3);
  a.serve("2xx", 10, 5);
  aggregates.add("catalog", "i-a", a.registry.snapshot(), 21_000, 0);
  assert.deepEqual(watch.together(new Set(["i-b"])), { requests: 0, errors: 0, p99Ms: null });
  const { requests, errors, p99Ms } = watch.together(new Set(["i-a", "i-young"]));
  assert.deepEqual([requests, errors], [10, 5]);
  assert.ok(p99Ms !== null && p99Ms >= 400);
  const exact = aggregates.watch(22_000);
  watch.close();
  a.serve("2xx", 10, 50);
  aggregates.add("catalog", "i-a", a.registry.snapshot(), 31_000, 0);
  assert.equal(exact.together(new Set(["i-a"])).requests, 50);
  assert.equal(watch.together(new Set(["i-a"])).requests, 8);
  assert.equal(aggregates.together(new Set(["i-a", "i-b"])).requests, 265);
});
