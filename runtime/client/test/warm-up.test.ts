import assert from "node:assert/strict";
import { test } from "node:test";
import { warmUpForward } from "@holdfast/client";
import { SeededRandom, SystemClock } from "@holdfast/kernel";

test("warming up ends in its time and leaves no server, connection or timer behind", async () => {
  const open = (): string[] => process.getActiveResourcesInfo().filter((name) => /TCP/.test(name));
  const before = open().length;
  const from = performance.now();
  await warmUpForward(new SystemClock(), new SeededRandom(1));
  assert.ok(performance.now() - from < 3_000);
  await new Promise((resolve) => setTimeout(resolve, 50));
  assert.ok(open().length <= before, `${open().join(" ")}`);
});
