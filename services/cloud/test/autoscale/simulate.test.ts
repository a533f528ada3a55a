import assert from "node:assert/strict";
import { test } from "node:test";
import { SeededRandom } from "@holdfast/kernel";
import fc from "fast-check";
import type { Simulation } from "../../src/autoscale/simulate.ts";
import { type SimulationOptions, simulate } from "../../src/autoscale/simulate.ts";
import { minuteMs, nowMs, policy } from "./policies.ts";

const target = 60;
const tracking = policy("TargetTrackingScaling", { metric: "ALBRequestCountPerTarget", targetValue: target });

function run(more: Partial<SimulationOptions>): Simulation {
  return simulate({
    policies: [tracking],
    bounds: { min: 1, max: 500 },
    instances: 3,
    startMs: nowMs,
    durationMs: 60 * minuteMs,
    tickMs: 5_000,
    metricDelayMs: 5_000,
    startupMs: 20_000,
    saturation: Number.POSITIVE_INFINITY,
    noise: () => 1,
    load: () => 100,
    ...more,
  });
}

/** How often the direction of scaling turns. */
function turns({ changes }: Simulation): number {
  const signs = changes.map(({ from, to }) => Math.sign(to - from));
  return signs.filter((sign, index) => index > 0 && sign !== signs[index - 1]).length;
}

/** Multiplies each figure by 1 ± `share`, from a seed. */
function noise(share: number, seed: number): () => number {
  const random = new SeededRandom(seed);
  return () => 1 + share * (2 * random.next() - 1);
}

test("a step in load: the right size is asked for within 3 evaluation periods, whenever it comes, however large it is", () => {
  const stepOf = fc.record({
    before: fc.integer({ min: 1, max: 20 }),
    factor: fc.double({ min: 1.01, max: 8, noNaN: true }),
    phaseMs: fc.integer({ min: 0, max: 11 }).map((ticks) => ticks * 5_000),
    startupMs: fc.integer({ min: 0, max: 120_000 }),
  });
  fc.assert(
    fc.property(stepOf, ({ before, factor, phaseMs, startupMs }) => {
      const stepAtMs = nowMs + 20 * minuteMs + phaseMs;
      const load = before * target * factor;
      const right = Math.ceil(load / target - 1e-9);
      const { ticks, changes } = run({
        instances: before,
        startupMs,
        load: (atMs) => (atMs < stepAtMs ? before * target : load),
      });
      const sizedAt = ticks.find((tick) => tick.desired === right && tick.atMs >= stepAtMs);
      assert.ok(sizedAt !== undefined && sizedAt.atMs - stepAtMs <= 3 * minuteMs);
      assert.deepEqual(changes.map((change) => change.to).at(-1), right);
      assert.ok(
        ticks.every((tick) => tick.desired <= right),
        "never more than the right size on the way",
      );
      assert.equal(ticks.at(-1)?.inService, right);
    }),
    { numRuns: 60 },
  );
});

test("a processor that shows 100 % at most hides how much is lacking: each look adds what was proven, until it is right", () => {
  const cpu = policy("TargetTrackingScaling", { metric: "ASGAverageCPUUtilization", targetValue: 50 });
  const { changes, ticks } = run({
    policies: [cpu],
    saturation: 100,
    load: () => 1_000,
    instances: 2,
    startupMs: 30_000,
  });
  const sizes = changes.map((change) => change.to);
  assert.deepEqual(sizes, [4, 6, 10, 16, 20], "no larger than was proven, no smaller than a step ahead");
  const rightAt = ticks.find((tick) => tick.inService === 20);
  assert.ok(rightAt !== undefined && rightAt.atMs - nowMs < 12 * minuteMs);
});

test("an hour of steady load with noise, lag and slow starts: the size settles and does not swing", () => {
  const steady = fc.record({
    instances: fc.integer({ min: 1, max: 60 }),
    load: fc.double({ min: 30, max: 3_000, noNaN: true }),
    share: fc.double({ min: 0, max: 0.1, noNaN: true }),
    startupMs: fc.integer({ min: 0, max: 180_000 }),
    metricDelayMs: fc.integer({ min: 0, max: 12 }).map((ticks) => ticks * 5_000),
    seed: fc.nat(),
  });
  fc.assert(
    fc.property(steady, ({ instances, load, share, startupMs, metricDelayMs, seed }) => {
      const simulation = run({
        instances,
        startupMs,
        metricDelayMs,
        load: () => load,
        noise: noise(share, seed),
        durationMs: 80 * minuteMs,
      });
      assert.ok(turns(simulation) <= 1, JSON.stringify(simulation.changes));
      // The first 20 min are for finding the size. In the hour after that a load right at the mark may cost an instance
      // more or less, once or twice, and never back and forth.
      const late = simulation.changes.filter((change) => change.atMs > nowMs + 20 * minuteMs);
      assert.ok(late.length <= 2 && turns({ ticks: [], changes: late }) === 0, JSON.stringify(simulation.changes));
      const { desired } = simulation.ticks.at(-1) ?? { desired: 0 };
      assert.ok(desired >= Math.ceil((load * (1 - share)) / target - 1e-9));
      assert.ok(desired <= Math.max(instances === 1 ? 1 : 0, Math.ceil((load * (1 + share)) / (0.9 * target))));
    }),
    { numRuns: 60 },
  );
});

test("after load has gone down, instances go once and slowly, and what stays is enough", () => {
  const { changes, ticks } = run({
    instances: 20,
    load: (atMs) => (atMs < nowMs + 20 * minuteMs ? 20 * target : 5 * target),
    durationMs: 90 * minuteMs,
  });
  assert.deepEqual(
    changes.map(({ from, to }) => [from, to]),
    [[20, 6]],
  );
  const afterMs = (changes[0]?.atMs ?? 0) - (nowMs + 20 * minuteMs);
  assert.ok(afterMs >= 15 * minuteMs && afterMs <= 17 * minuteMs);
  assert.ok(ticks.every((tick) => tick.load <= tick.inService * target));
});

test("a day of waves: nobody is overloaded longer than it takes to see and to start, and nothing is wasted at night", () => {
  const dayMs = 24 * 60 * minuteMs;
  const { ticks } = run({
    load: (atMs) => 600 - 500 * Math.cos((2 * Math.PI * (atMs - nowMs)) / dayMs),
    durationMs: dayMs,
    tickMs: 15_000,
    metricDelayMs: 15_000,
  });
  const short = ticks.filter((tick) => tick.load > tick.inService * target).length;
  assert.ok(short / ticks.length < 0.1, `${short} of ${ticks.length} ticks were short`);
  const worst = Math.max(...ticks.slice(20).map((tick) => tick.load / (tick.inService * target)));
  assert.ok(worst < 1.1, `worst was ${worst}`);
  const used = ticks.reduce((sum, tick) => sum + tick.inService, 0);
  const needed = ticks.reduce((sum, tick) => sum + Math.ceil(tick.load / target), 0);
  assert.ok(used / needed < 1.25, `${used / needed} times what was needed`);
});

test("figures that get lost take no instance away: fifteen whole periods must have been seen first", () => {
  const lostAtMs = fc.integer({ min: 0, max: 40 * 12 }).map((ticks) => nowMs + ticks * 5_000);
  fc.assert(
    fc.property(lostAtMs, fc.integer({ min: 2, max: 10 }), (fromMs, minutes) => {
      const untilMs = fromMs + minutes * minuteMs;
      const { changes } = run({
        instances: 9,
        load: () => 9 * 30,
        isMeasured: (atMs) => atMs < fromMs || atMs >= untilMs,
      });
      // A period that was measured in part was measured.
      const hadSeenAll = fromMs > nowMs + 14 * minuteMs;
      const at = changes.map((change) => change.atMs - (hadSeenAll ? nowMs : untilMs));
      assert.deepEqual(
        changes.map((change) => change.to),
        [5],
      );
      assert.ok(
        at.every((ms) => ms >= 14 * minuteMs),
        at.join(", "),
      );
    }),
    { numRuns: 40 },
  );
});

test("a step policy on the same plant adds by steps, and a simple one by its cooldown", () => {
  const alarm = { metric: "ASGAverageCPUUtilization", threshold: 60, comparisonOperator: "GreaterThanThreshold" };
  const adjusted = { adjustmentType: "ChangeInCapacity", alarm };
  const steps = policy("StepScaling", {
    ...adjusted,
    stepAdjustments: [
      { metricIntervalLowerBound: 0, metricIntervalUpperBound: 20, scalingAdjustment: 1 },
      { metricIntervalLowerBound: 20, scalingAdjustment: 3 },
    ],
  });
  const stepped = run({ policies: [steps], instances: 2, load: () => 300, saturation: 100 });
  assert.deepEqual(
    stepped.changes.map((change) => change.to),
    [5],
  );
  const simple = policy("SimpleScaling", { ...adjusted, scalingAdjustment: 1 });
  const simply = run({ policies: [simple], instances: 2, load: () => 300, saturation: 100 });
  assert.deepEqual(
    simply.changes.map((change) => change.to),
    [3, 4, 5],
  );
  const gaps = simply.changes.slice(1).map((change, index) => change.atMs - (simply.changes[index]?.atMs ?? 0));
  assert.ok(
    gaps.every((gapMs) => gapMs >= 320_000 && gapMs <= 320_000 + 2 * minuteMs),
    `cooldown of 300 s from the end of a start of 20 s, got ${gaps.join(", ")}`,
  );
});
