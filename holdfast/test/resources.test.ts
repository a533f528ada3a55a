import assert from "node:assert/strict";
import { tmpdir } from "node:os";
import { test } from "node:test";
import { silentLog } from "@holdfast/kernel";
import { FakeClock } from "@holdfast/testing";
import { ResourceWatch } from "../src/control/resource-watch.ts";
import { judgeResources, type Readings, readResources } from "../src/stack/resources.ts";

const [mb, gb] = [1024 ** 2, 1024 ** 3];

const rows: [string, Readings, string[]][] = [
  [
    "plenty of everything",
    {
      disk: { freeBytes: 90 * gb, totalBytes: 100 * gb, path: "/s" },
      memory: { availableBytes: 8 * gb, totalBytes: 16 * gb },
    },
    ["disk ok", "memory ok"],
  ],
  ["a disk that fills", { disk: { freeBytes: 900 * mb, totalBytes: 100 * gb, path: "/s" } }, ["disk warning"]],
  ["a small disk with its share free", { disk: { freeBytes: 600 * mb, totalBytes: 4 * gb, path: "/s" } }, ["disk ok"]],
  ["a disk that is nearly full", { disk: { freeBytes: 100 * mb, totalBytes: 4 * gb, path: "/s" } }, ["disk bad"]],
  ["memory that runs out", { memory: { availableBytes: 100 * mb, totalBytes: 16 * gb } }, ["memory bad"]],
  ["memory that gets short", { memory: { availableBytes: 700 * mb, totalBytes: 16 * gb } }, ["memory warning"]],
  ["files of the whole machine", { files: { open: 96_000, most: 100_000 } }, ["files bad"]],
  ["processes near their limit", { processes: { running: 900, most: 1_000 } }, ["processes warning"]],
  ["a system that tells nothing", {}, []],
];

for (const [name, readings, expected] of rows) {
  test(`${name}: ${expected.join(", ") || "nothing is said"}`, () => {
    const judged = judgeResources(readings);
    assert.deepEqual(
      judged.map((one) => `${one.name} ${one.state}`),
      expected,
    );
    for (const { state, text } of judged)
      assert.equal(state === "ok", !text.includes(";"), "a next step where it is needed");
  });
}

test("this machine can be read", { skip: process.platform === "linux" ? false : "skipped: needs Linux" }, () => {
  const { disk, memory, processes } = readResources(tmpdir());
  assert.ok(disk !== undefined && disk.freeBytes > 0 && disk.freeBytes <= disk.totalBytes);
  assert.ok(memory !== undefined && memory.availableBytes > 0 && memory.availableBytes <= memory.totalBytes);
  assert.ok(processes !== undefined && processes.running > 0);
});

test("what cannot be read is not judged", () => {
  assert.equal(readResources("/nowhere/at/all").disk, undefined);
});

test("a shortage is said once in the diary when it lasts, is in the status while it does, and its end is said", async () => {
  const clock = new FakeClock(0);
  const diary: string[] = [];
  let freeBytes = 50 * gb;
  const read = (): Readings => ({ disk: { freeBytes, totalBytes: 100 * gb, path: "/state" } });
  const watch = new ResourceWatch(clock, silentLog, read, (cause) => void diary.push(cause));
  await clock.advance(60_000);
  assert.deepEqual([diary, watch.reasons], [[], []]);
  freeBytes = 100 * mb;
  await clock.advance(10_000);
  freeBytes = 50 * gb;
  await clock.advance(60_000);
  assert.deepEqual(diary, [], "a moment is no news");
  freeBytes = 100 * mb;
  await clock.advance(120_000);
  assert.equal(diary.length, 1);
  assert.match(diary[0] ?? "", /disk runs short: 100 MB of 100.0 GB left at \/state; free some: holdfast images gc/);
  assert.match(watch.reasons[0] ?? "", /^disk: 100 MB/);
  freeBytes = 50 * gb;
  await clock.advance(20_000);
  assert.match(diary[1] ?? "", /there is enough again/);
  assert.deepEqual(watch.reasons, []);
  watch.close();
  assert.equal(clock.pendingTimers, 0);
});
