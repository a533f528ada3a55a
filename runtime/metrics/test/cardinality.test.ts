import assert from "node:assert/strict";
import { test } from "node:test";
import { autoRollup, firstValues, mostFrequentValues, otherValues, rolledUpValues } from "@holdfast/metrics";
import { FakeClock } from "@holdfast/testing";

test("the first values stay themselves and all later ones are others", () => {
  const limited = firstValues(2);
  assert.deepEqual(["a", "b", "c", "a", "b", "d"].map(limited), ["a", "b", otherValues, "a", "b", otherValues]);
});

test("one value too many rolls up all, for ever", () => {
  const limited = rolledUpValues(2);
  assert.deepEqual(["a", "b", "a", "c", "a"].map(limited), ["a", "b", "a", autoRollup, autoRollup]);
});

test("the values seen most often take over, and a flood of values seen once does not", async () => {
  const clock = new FakeClock();
  const limited = mostFrequentValues(clock, 2);
  assert.deepEqual(["rare1", "rare2", "often"].map(limited), ["rare1", "rare2", otherValues]);
  for (let i = 0; i < 50; i++) for (const value of ["often", "too"]) limited(value);
  await clock.advance(600_001);
  limited("often");
  for (let i = 0; i < 1_000; i++) assert.equal(limited(`stranger${i}`), otherValues);
  assert.deepEqual(["often", "too", "rare1"].map(limited), ["often", "too", otherValues]);
});

test("no limit is above a hundred", () => {
  const limited = firstValues(5_000);
  for (let i = 0; i < 100; i++) assert.equal(limited(`v${i}`), `v${i}`);
  assert.equal(limited("v100"), otherValues);
});
