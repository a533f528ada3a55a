import assert from "node:assert/strict";
import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { silentLog } from "@holdfast/kernel";
import { FakeClock, temporaryDirectory } from "@holdfast/testing";
import { readAgentState, StateWriter } from "../src/agent/state-file.ts";

const state = { format: 1, boot: "b", epoch: 3, instances: [], oldLogs: [] } as const;

test("a disk that refuses is tried again every two seconds, by one timer however often it has refused", async () => {
  using directory = temporaryDirectory("state");
  const clock = new FakeClock();
  const path = join(directory.path, "gone", "agent.json");
  const writer = new StateWriter(clock, silentLog, path, () => state);
  for (let i = 0; i < 5; i++) await writer.flush();
  assert.match(writer.problem, /ENOENT/);
  assert.equal(clock.pendingTimers, 1);
  mkdirSync(join(directory.path, "gone"));
  await clock.advance(2_000);
  await writer.flush();
  assert.equal(writer.problem, "");
  assert.equal(readAgentState(path)?.epoch, 3);
  await writer.close();
  assert.equal(clock.pendingTimers, 0);
});

test("closed, it writes once more and then never again, also where that fails", async () => {
  using directory = temporaryDirectory("state");
  const clock = new FakeClock();
  const path = join(directory.path, "gone", "agent.json");
  const writer = new StateWriter(clock, silentLog, path, () => state);
  await writer.flush();
  await writer.close();
  assert.equal(clock.pendingTimers, 0, "nothing keeps its process alive");
  mkdirSync(join(directory.path, "gone"));
  writer.mark();
  await clock.advance(10_000);
  assert.equal(existsSync(path), false);
});
