import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { waitFor } from "@holdfast/testing";
import { recipeProgram, ZoneFixture } from "./fixture.ts";

/** The nice value of a process's session; `undefined` where the kernel has no autogroups. */
function sessionNice(pid: number): number | undefined {
  try {
    return Number(/nice (-?\d+)/.exec(readFileSync(`/proc/${pid}/autogroup`, "utf8"))?.[1]);
  } catch {
    return undefined;
  }
}

const skip = sessionNice(process.pid) === undefined && "skipped: needs a kernel with autogroups";

test("an instance that starts yields to those that serve, until it serves itself or a second is over", {
  skip,
}, async () => {
  await using fixture = await ZoneFixture.start();
  const engine = fixture.engine();
  const never = await engine.launch(await fixture.spec("sleep 300"));
  assert.equal(sessionNice(never.pid ?? -1), 5);
  const spec = await fixture.spec(recipeProgram);
  const { pid = -1 } = await engine.launch(spec);
  await waitFor("it to be up", async () => (await fixture.one(engine, spec.id))?.state === "up");
  assert.equal(sessionNice(pid), 0);
  await waitFor("one that is long in starting to weigh as much", () => sessionNice(never.pid ?? -1) === 0);
});
