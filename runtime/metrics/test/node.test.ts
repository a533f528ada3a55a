import assert from "node:assert/strict";
import { closeSync, existsSync, openSync } from "node:fs";
import { test } from "node:test";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { SystemClock } from "@holdfast/kernel";
import { MeterRegistry, measureEventLoopDelay, watchProcess } from "@holdfast/metrics";
import { waitFor } from "@holdfast/testing";

function valueOf(meters: MeterRegistry, name: string, id?: string): number | undefined {
  const found = meters
    .snapshot()
    .find((one) => one.name === name && (id === undefined || Object.values(one.tags).includes(id)));
  return found?.kind === "gauge" ? found.value : found?.count;
}

test("a process is measured when it is looked at, and no more once that has ended", () => {
  const meters = new MeterRegistry();
  const end = watchProcess(meters);
  assert.equal(watchProcess(meters), end);
  const { rss } = process.memoryUsage();
  const shown = valueOf(meters, "nodejs.rss") ?? 0;
  assert.ok(shown > rss / 2 && shown < rss * 2);
  assert.ok((valueOf(meters, "nodejs.heapSpaceUsed", "old_space") ?? 0) > 0);
  assert.ok((valueOf(meters, "nodejs.heapLimit") ?? 0) > (valueOf(meters, "nodejs.heapUsed") ?? Infinity));
  const busyUntil = performance.now() + 20;
  const before = valueOf(meters, "nodejs.cpu", "user") ?? 0;
  while (performance.now() < busyUntil) JSON.parse("[1,2,3]");
  assert.ok((valueOf(meters, "nodejs.cpu", "user") ?? 0) > before + 0.005);
  assert.ok((valueOf(meters, "nodejs.eventLoop.utilization") ?? 2) <= 1);
  if (existsSync("/proc/self/fd")) {
    const open = valueOf(meters, "nodejs.openFd") ?? 0;
    assert.ok(open >= 3 && open < (valueOf(meters, "nodejs.maxFd") ?? 0));
    const file = openSync(import.meta.filename, "r");
    assert.equal(valueOf(meters, "nodejs.openFd"), open + 1);
    closeSync(file);
  }
  end();
  const cpu = valueOf(meters, "nodejs.cpu", "user");
  assert.equal(valueOf(meters, "nodejs.cpu", "user"), cpu);
});

test("collections show by their kind", async () => {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  const meters = new MeterRegistry();
  const end = watchProcess(meters);
  collect();
  await waitFor("a collection", () => valueOf(meters, "nodejs.gc.pause", "markSweepCompact"));
  end();
});

test("the delay of the event loop is measured on demand", async () => {
  const delay = measureEventLoopDelay(new SystemClock(), 120);
  setTimeout(() => {
    const busyUntil = performance.now() + 40;
    while (performance.now() < busyUntil) JSON.parse("[1,2,3]");
  }, 30);
  const { maxMs, p50Ms } = await delay;
  assert.ok(maxMs > 15 && maxMs < 1_000, `${maxMs}`);
  assert.ok(p50Ms <= maxMs);
  await assert.rejects(measureEventLoopDelay(new SystemClock(), 1), { code: "OPTION_INVALID" });
});
