import assert from "node:assert/strict";
import { test } from "node:test";
import type { MeterSnapshot } from "@holdfast/metrics";
import { InstanceFigures } from "../src/index.ts";

const startMs = 1_700_000_040_000;
const minuteMs = 60_000;

function shown(requests: number, cpuSeconds: number, more: readonly MeterSnapshot[] = []): MeterSnapshot[] {
  const timed = { kind: "timer", name: "ipc.server.call", totalMs: 0, maxMs: 0, buckets: [] } as const;
  return [
    { ...timed, tags: { "http.status": "200" }, count: requests * 0.9 },
    { ...timed, tags: { "http.status": "503" }, count: requests * 0.1 },
    { kind: "counter", name: "nodejs.cpu", tags: { id: "user" }, count: cpuSeconds * 0.75 },
    { kind: "counter", name: "nodejs.cpu", tags: { id: "system" }, count: cpuSeconds * 0.25 },
    ...more,
  ];
}

/** Looks each 10 s (a little askew) from one minute to another at an instance that does 5 requests and uses 0.4 s a second. */
function watched(fromMinute: number, toMinute: number, figures = new InstanceFigures(), id = "i-1"): InstanceFigures {
  for (let ms = fromMinute * minuteMs + 3_000; ms <= toMinute * minuteMs; ms += 10_000) {
    figures.look([id], startMs + ms);
    figures.add(id, shown((ms * 5) / 1_000, (ms * 0.4) / 1_000), startMs + ms, startMs);
  }
  return figures;
}

function near(got: number | undefined, expected: number): void {
  assert.ok(got !== undefined && Math.abs(got - expected) < 1e-6, `${got} is not ${expected}`);
}

test("figures of a period are exact although looks do not fall on its ends", () => {
  const figures = watched(0, 5);
  const [from, to] = [startMs + 2 * minuteMs, startMs + 3 * minuteMs];
  near(figures.figure("i-1", "requestsPerSecond", from, to), 5);
  near(figures.figure("i-1", "cpuPercent", from, to), 40);
  near(figures.figure("i-1", "errorPercent", from, to), 10);
});

test("an instance that has just begun counts from its beginning; half a period must be known", () => {
  const figures = watched(0, 1);
  near(figures.figure("i-1", "requestsPerSecond", startMs, startMs + minuteMs), 5);
  near(figures.figure("i-1", "requestsPerSecond", startMs - 20_000, startMs + 40_000), 5);
  assert.equal(figures.figure("i-1", "requestsPerSecond", startMs - 40_000, startMs + 20_000), undefined);
});

test("an instance that has been running for long has its first figures where looking begins", () => {
  const figures = watched(10, 12);
  near(figures.figure("i-1", "requestsPerSecond", startMs + 10 * minuteMs, startMs + 11 * minuteMs), 5);
  assert.equal(figures.figure("i-1", "requestsPerSecond", startMs + 9 * minuteMs, startMs + 10 * minuteMs), undefined);
});

test("a new process under an old id starts from zero, and makes no negative figures", () => {
  const figures = watched(0, 3);
  for (let ms = 3 * minuteMs + 5_000; ms <= 6 * minuteMs; ms += 10_000) {
    const sinceMs = ms - 3 * minuteMs;
    figures.look(["i-1"], startMs + ms);
    figures.add("i-1", shown(sinceMs / 1_000, 0), startMs + ms, startMs + 3 * minuteMs);
  }
  near(figures.figure("i-1", "requestsPerSecond", startMs + 4 * minuteMs, startMs + 5 * minuteMs), 1);
  near(figures.figure("i-1", "requestsPerSecond", startMs + 3 * minuteMs, startMs + 4 * minuteMs), 1);
});

test("instances that are there and show nothing are known to be there, from when to when", () => {
  const figures = new InstanceFigures();
  for (let ms = 0; ms <= 5 * minuteMs; ms += 10_000) {
    const ids = ms <= 150_000 ? ["i-1", "i-2"] : ["i-1"];
    figures.look(ids, startMs + ms);
  }
  const present = (id: string, fromMs: number, toMs: number): number[] | undefined => {
    const found = figures.presence(id, startMs + fromMs, startMs + toMs);
    return found && [found.fromMs - startMs, found.toMs - startMs];
  };
  assert.deepEqual(present("i-1", -30_000, 30_000), [0, 30_000]);
  assert.deepEqual(present("i-2", 2 * minuteMs, 3 * minuteMs), [2 * minuteMs, 155_000]);
  assert.equal(present("i-2", 3 * minuteMs, 4 * minuteMs), undefined);
  // Who was there at the last look is taken as there until the next one.
  assert.deepEqual(present("i-1", 5 * minuteMs, 6 * minuteMs), [5 * minuteMs, 6 * minuteMs]);
  assert.equal(present("i-3", 0, minuteMs), undefined);
  assert.equal(figures.figure("i-2", "requestsPerSecond", startMs, startMs + minuteMs), undefined);
});

test("a program without processor figures has none, and its other figures all the same", () => {
  const figures = new InstanceFigures();
  for (let ms = 0; ms <= 2 * minuteMs; ms += 10_000) {
    figures.look(["i-1"], startMs + ms);
    const calls = shown(ms / 1_000, 0).filter((snapshot) => snapshot.name !== "nodejs.cpu");
    figures.add("i-1", calls, startMs + ms, startMs - minuteMs);
  }
  assert.equal(figures.figure("i-1", "cpuPercent", startMs, startMs + minuteMs), undefined);
  near(figures.figure("i-1", "requestsPerSecond", startMs, startMs + minuteMs), 1);
});

test("a meter of the program's own is kept once it is asked for: a gauge's mean, a counter's rate", () => {
  const figures = new InstanceFigures();
  const read = (name: string, minute: number): number | undefined =>
    figures.meter("i-1", name, startMs + minute * minuteMs, startMs + (minute + 1) * minuteMs);
  assert.equal(read("queue.size", 0), undefined);
  assert.equal(read("jobs.done", 0), undefined);
  for (let ms = 0; ms <= 3 * minuteMs; ms += 10_000) {
    figures.look(["i-1"], startMs + ms);
    const own: MeterSnapshot[] = [
      { kind: "gauge", name: "queue.size", tags: {}, value: ms <= minuteMs ? 10 : 30 },
      { kind: "counter", name: "jobs.done", tags: { ok: "true" }, count: (ms * 2) / 1_000 },
      { kind: "counter", name: "jobs.done", tags: { ok: "false" }, count: (ms * 1) / 1_000 },
    ];
    figures.add("i-1", shown(0, 0, own), startMs + ms, startMs - minuteMs);
  }
  near(read("queue.size", 0), 10);
  near(read("queue.size", 1), 30);
  near(read("jobs.done", 1), 3);
  assert.equal(read("queue.other", 1), undefined);
});

test("what is older than two hours is forgotten, of instances that are gone all", () => {
  const figures = watched(0, 180);
  assert.equal(figures.figure("i-1", "requestsPerSecond", startMs + 30 * minuteMs, startMs + 31 * minuteMs), undefined);
  near(figures.figure("i-1", "requestsPerSecond", startMs + 90 * minuteMs, startMs + 91 * minuteMs), 5);
  figures.look([], startMs + 301 * minuteMs);
  assert.deepEqual([...figures.known()], []);
});
