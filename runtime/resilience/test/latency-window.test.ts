import assert from "node:assert/strict";
import { test } from "node:test";
import { SeededRandom } from "@holdfast/kernel";
import { LatencyWindow } from "../src/latency-window.ts";

// The behaviour of HystrixRollingPercentileTest: known data against exact percentiles.
test("percentiles are within 7 % of the exact ones, mean, least and most are exact", () => {
  const random = new SeededRandom(7);
  const samples = Array.from({ length: 20_000 }, () => 0.2 + 80 * random.next() ** 4);
  const window = new LatencyWindow(60_000, 6);
  for (const [index, ms] of samples.entries()) window.add(ms, index);
  const sorted = [...samples].sort((a, b) => a - b);
  const read = window.read(20_000);
  for (const share of [25, 50, 75, 90, 95, 99, 99.5]) {
    const exact = sorted[Math.ceil((sorted.length * share) / 100) - 1] ?? 0;
    assert.ok(Math.abs(read.at(share) / exact - 1) < 0.07, `p${share}: ${read.at(share)} for ${exact}`);
  }
  assert.equal(read.at(0), sorted[0]);
  assert.equal(read.at(100), sorted.at(-1));
  const mean = samples.reduce((sum, one) => sum + one, 0) / samples.length;
  assert.ok(Math.abs(read.mean - mean) < 1e-9);
});

test("what is older than the window is forgotten, slice by slice", () => {
  const window = new LatencyWindow(60_000, 6);
  window.add(100, 0);
  window.add(10, 15_000);
  assert.equal(window.read(59_999).at(100), 100);
  assert.equal(window.read(60_000).at(100), 10);
  assert.equal(window.read(70_000).mean, 0);
  window.add(5, 10_000_000);
  assert.equal(window.read(10_000_000).mean, 5);
});

test("nothing measured is 0; the shortest and the longest of all have their place", () => {
  const window = new LatencyWindow(1_000, 1);
  assert.equal(window.read(0).at(99), 0);
  window.add(0, 0);
  window.add(86_400_000, 0);
  const read = window.read(0);
  assert.equal(read.at(0), 0);
  assert.equal(read.at(100), 86_400_000);
  assert.ok(read.at(50) < 0.02);
});
