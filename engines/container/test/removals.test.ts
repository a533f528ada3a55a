import assert from "node:assert/strict";
import { test } from "node:test";
import { silentLog } from "@holdfast/kernel";
import { Removals } from "../src/removals.ts";

function engine(): { isThere: boolean; readonly asked: string[]; remove(name: string): Promise<void> } {
  return {
    isThere: true,
    asked: [],
    remove(name: string): Promise<void> {
      this.asked.push(name);
      return this.isThere ? Promise.resolve() : Promise.reject(new Error("gone"));
    },
  };
}

test("what cannot be removed while the engine is away goes with the next that can", async () => {
  const api = engine();
  const removals = new Removals(silentLog, api);
  api.isThere = false;
  await removals.remove("a");
  await removals.remove("b");
  assert.deepEqual(api.asked, ["a", "b"]);
  api.isThere = true;
  await removals.remove("c");
  assert.deepEqual(api.asked.toSorted(), ["a", "a", "b", "b", "c"]);
  await removals.retry();
  assert.equal(api.asked.length, 5, "and is not asked for again");
});

test("while the engine is away a retry asks once, not for each that is left", async () => {
  const api = engine();
  const removals = new Removals(silentLog, api);
  api.isThere = false;
  for (const name of ["a", "b", "c"]) await removals.remove(name);
  await removals.retry();
  assert.equal(api.asked.length, 4);
});

test("one that somebody has again is spared", async () => {
  const api = engine();
  const removals = new Removals(silentLog, api);
  api.isThere = false;
  await removals.remove("a");
  api.isThere = true;
  removals.spare("a");
  await removals.retry();
  assert.deepEqual(api.asked, ["a"]);
});
