import assert from "node:assert/strict";
import { it } from "node:test";
import { compare } from "./differential/compare.ts";
import { compareResponses } from "./differential/responses.ts";

it("takes no message that node:http refuses or reads otherwise, in 2,000 connections of mostly damaged requests", async () => {
  const { accepted, stricter, disagreements } = await compare(2_000, 1);
  assert.deepEqual(disagreements, []);
  // Both took many, or there would have been nothing to differ on; we refuse some that it takes.
  assert.ok(accepted > 1_000, `accepted ${accepted}`);
  assert.ok(stricter > 0 && stricter < 500, `stricter ${stricter}`);
});

it("takes no answer that node:http refuses or reads otherwise, of 2,000 that are mostly damaged", async () => {
  const { accepted, disagreements } = await compareResponses(2_000, 1);
  assert.deepEqual(disagreements, []);
  assert.ok(accepted > 400, `accepted ${accepted}`);
});
