import assert from "node:assert/strict";
import { test } from "node:test";
import { decide } from "../../src/autoscale/decide.ts";
import type { GroupView, PolicyVerdict } from "../../src/autoscale/group-view.ts";
import { LoadRecorder, loadSlotMs } from "../../src/autoscale/load-recorder.ts";
import type { MetricQuery, Series } from "../../src/autoscale/metric-source.ts";
import { Plant } from "../../src/autoscale/plant.ts";
import { Predictor } from "../../src/autoscale/predictor.ts";
import { simulate } from "../../src/autoscale/simulate.ts";
import { group, policy, verdict } from "./policies.ts";

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
const midnightMs = Date.parse("2026-01-05T00:00:00Z");
const metric = "ALBRequestCountPerTarget";

/** 100 by night; 1,000 from eight to twenty o'clock, there from one minute to the next. */
function office(wallMs: number): number {
  const hour = (wallMs % dayMs) / hourMs;
  return hour >= 8 && hour < 20 ? 1_000 : 100;
}

const silent = { read: (query: MetricQuery): Series => Array.from({ length: query.count }, () => undefined) };

function predictorAt(nowMs: number, days = 3): Predictor {
  const recorder = new LoadRecorder(silent, 0);
  const demand = Array.from({ length: (days * dayMs) / loadSlotMs }, (_, slot) =>
    office(nowMs - days * dayMs + slot * loadSlotMs),
  );
  recorder.put("catalog", metric, { endMs: nowMs, demand });
  return new Predictor(recorder);
}

function judged(
  atMs: number,
  more: Record<string, unknown> = {},
  view: GroupView = group({ desired: 2 }),
): PolicyVerdict {
  const made = policy("PredictiveScaling", { metric, targetValue: 100, mode: "ForecastAndScale", ...more });
  return predictorAt(atMs).judge(made, view, atMs);
}

test("instances are asked for as long before the load as they take to be ready, and not earlier", () => {
  const eightMs = midnightMs + 8 * hourMs;
  const buffer = { schedulingBufferTime: "10m" };
  assert.equal(judged(eightMs - 20 * 60_000, buffer).want, 1);
  assert.equal(judged(eightMs - 10 * 60_000, buffer).want, 10);
  assert.equal(judged(eightMs, buffer).want, 10);
});

test("a forecast only shows what it would do until it is told to scale", () => {
  const eightMs = midnightMs + 8 * hourMs;
  const shown = judged(eightMs, { mode: "ForecastOnly" });
  assert.deepEqual([shown.stance, shown.want], ["shown", 10]);
  assert.equal(decide(group({ desired: 2 }), [shown]).desired, 2);
  const obeyed = judged(eightMs);
  assert.equal(obeyed.stance, "floor");
  assert.equal(decide(group({ desired: 2 }), [obeyed]).desired, 10);
});

test("a forecast is never below what the other policies want, nor are they below it", () => {
  const forecast = judged(midnightMs + 8 * hourMs);
  assert.equal(decide(group({ desired: 12 }), [forecast, verdict("out", 14)]).desired, 14);
  assert.equal(decide(group({ desired: 12 }), [forecast, verdict("in", 3)]).desired, 10);
  assert.equal(decide(group({ desired: 12 }), [forecast, verdict("in", 11)]).desired, 11);
});

test("a forecast honours the group's max, unless it may go past it, and then by its buffer at most", () => {
  const eightMs = midnightMs + 8 * hourMs;
  const small = group({ desired: 2, max: 6 });
  assert.equal(decide(small, [judged(eightMs, {}, small)]).desired, 6);
  const raising = { maxCapacityBreachBehavior: "IncreaseMaxCapacity", maxCapacityBuffer: 20 };
  const raised = decide(small, [judged(eightMs, raising, small)]);
  assert.equal(raised.desired, 10);
  assert.match(raised.cause, /may go past the group's max of 6$/);
  assert.equal(decide(small, [judged(eightMs, raising, small), verdict("out", 30)]).desired, 12);
});

test("a forecast says when, how much, and how well it has done", () => {
  assert.equal(
    judged(midnightMs + 8 * hourMs).reason,
    "the daily forecast (off by 0 % so far) is 1000 at 08:00 UTC in the next 300 s, which needs 10",
  );
});

test("without a day of history a predictive policy knows nothing, and keeps nobody from anything", () => {
  const predictor = new Predictor(new LoadRecorder(silent, 0));
  const made = policy("PredictiveScaling", { metric, targetValue: 100, mode: "ForecastAndScale" });
  const got = predictor.judge(made, group(), midnightMs);
  assert.deepEqual([got.state, got.stance, got.guards], ["INSUFFICIENT_DATA", "unknown", false]);
});

test("what was recorded is there again after a restart, and the time between counts as not measured", () => {
  const options = { load: () => 500, startupMs: 0, saturation: 1e9, noise: () => 1 };
  const plant = new Plant(options, 60_000, 5);
  const recorder = new LoadRecorder(plant, 0);
  for (let atMs = midnightMs; atMs < midnightMs + hourMs; atMs += 60_000) {
    recorder.sample("catalog", metric, atMs);
    plant.step(atMs);
  }
  const stored = JSON.parse(JSON.stringify(recorder.stored(() => true))) as ReturnType<LoadRecorder["stored"]>;
  const again = new LoadRecorder(silent, 0, stored);
  assert.deepEqual(again.history("catalog", metric), recorder.history("catalog", metric));
  assert.deepEqual(
    again.history("catalog", metric)?.demand.slice(1),
    Array.from({ length: 11 }, () => 500),
  );
  assert.ok(again.sample("catalog", metric, midnightMs + 3 * hourMs));
  assert.equal(again.history("catalog", metric)?.demand.length, 12 + 25);
  assert.equal(again.sample("catalog", metric, midnightMs + 3 * hourMs + 1_000), false);
  assert.deepEqual(
    recorder.stored((service) => service === "other"),
    [],
  );
});

test("over two weeks of office hours the forecast takes away the minutes in which there were too few", () => {
  const tracking = policy("TargetTrackingScaling", { metric, targetValue: 100 });
  const predictive = policy("PredictiveScaling", {
    name: "ahead",
    metric,
    targetValue: 100,
    mode: "ForecastAndScale",
    schedulingBufferTime: "10m",
  });
  const short = (policies: Parameters<typeof simulate>[0]["policies"]): number => {
    const { ticks } = simulate({
      policies,
      bounds: { min: 1, max: 50 },
      instances: 1,
      startMs: midnightMs,
      durationMs: 7 * dayMs,
      tickMs: 60_000,
      metricDelayMs: 0,
      startupMs: 180_000,
      saturation: Number.POSITIVE_INFINITY,
      noise: () => 1,
      load: office,
    });
    const lastDays = ticks.filter((tick) => tick.atMs >= midnightMs + 2 * dayMs);
    return lastDays.filter((tick) => tick.load > tick.inService * 100).length;
  };
  const reactive = short([tracking]);
  const ahead = short([tracking, predictive]);
  assert.ok(reactive >= 5 * 4, `${reactive} min without a forecast`);
  assert.equal(ahead, 0);
});
