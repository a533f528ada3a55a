import assert from "node:assert/strict";
import { test } from "node:test";
import { drills } from "../src/drills/all.ts";
import { playDrill } from "../src/run.ts";

for (const [name, drill] of Object.entries(drills)) {
  test(name, async () => {
    const { violations, story } = await playDrill(drill);
    assert.equal(violations.length, 0, story);
  });
}
