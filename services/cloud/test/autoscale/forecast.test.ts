import assert from "node:assert/strict";
import { test } from "node:test";
import { SeededRandom } from "@holdfast/kernel";
import fc from "fast-check";
import { type Forecast, forecast, type LoadHistory } from "../../src/autoscale/forecast.ts";

const slotMs = 300_000;
const hourSlots = 12;
const daySlots = 24 * hourSlots;
const startMs = Date.parse("2026-01-05T00:00:00Z"); // a Monday

type Shape = (slot: number) => number | undefined;

function history(days: number, shape: Shape): LoadHistory {
  const demand = Array.from({ length: Math.round(days * daySlots) }, (_, slot) => shape(slot));
  return { slotMs, endMs: startMs + demand.length * slotMs, demand };
}

/** 100 at four in the morning, 900 twelve hours later. */
function wave(slot: number): number {
  return 500 - 400 * Math.cos((2 * Math.PI * (slot - 4 * hourSlots)) / daySlots);
}
function isWeekend(slot: number): boolean {
  return Math.floor(slot / daySlots) % 7 >= 5;
}

function made(of: LoadHistory): Forecast {
  const result = forecast(of);
  assert.ok(result.kind === "forecast", JSON.stringify(result));
  return result;
}

/** By how much the 48 h forecast is off against what `shape` goes on to be, in percent of the load. */
function off(result: Forecast, of: LoadHistory, shape: (slot: number) => number): number {
  const real = result.demand.map((_, index) => shape(of.demand.length + index));
  const wrong = real.reduce((sum, value, index) => sum + Math.abs(value - (result.demand[index] ?? 0)), 0);
  return (100 * wrong) / real.reduce((sum, value) => sum + value, 0);
}

test("less than a day of history gives no forecast, and says how much there is", () => {
  assert.deepEqual(forecast(history(0.9, wave)), {
    kind: "no-forecast",
    reason: "a forecast needs 24 h of history, there are 21 h",
  });
  const gaps = forecast(history(3, (slot) => (slot % 12 === 0 ? 5 : undefined)));
  assert.equal(gaps.kind, "no-forecast");
});

test("a forecast is of 48 hours, from where the history ends", () => {
  const past = history(3, wave);
  const result = made(past);
  assert.equal(result.demand.length, 2 * daySlots);
  assert.equal(result.startMs, past.endMs);
});

test("a load that is the same each day is forecast to the percent after one day", () => {
  for (const days of [1, 1.5, 3, 6.3]) {
    const past = history(days, wave);
    const result = made(past);
    assert.equal(result.season, "daily");
    assert.ok(off(result, past, wave) < 1, `${days} days: ${off(result, past, wave)} %`);
  }
});

test("a quiet weekend is forecast as soon as one has been seen, and not before", () => {
  const shape = (slot: number): number => wave(slot) * (isWeekend(slot) ? 0.3 : 1);
  const friday = history(11.9, shape);
  const result = made(friday);
  assert.equal(result.season, "weekly");
  assert.ok(off(result, friday, shape) < 2, `${off(result, friday, shape)} %`);
  const firstFriday = history(4.9, shape);
  assert.equal(made(firstFriday).season, "daily");
  assert.ok(off(made(firstFriday), firstFriday, shape) > 50);
});

test("growth from day to day goes on in the forecast", () => {
  const shape = (slot: number): number => wave(slot) * 1.03 ** (slot / daySlots);
  const past = history(9, shape);
  assert.ok(off(made(past), past, shape) < 4, `${off(made(past), past, shape)} %`);
});

test("a day that is busier than its like lifts the next hours, and is forgotten the day after", () => {
  const lifted = (slot: number): number => wave(slot) * (slot >= 4.5 * daySlots ? 1.4 : 1);
  const past = history(5, lifted);
  const { demand } = made(past);
  const nextHour = (demand[6] ?? 0) / wave(past.demand.length + 6);
  const dayAfter = (demand[36 * hourSlots] ?? 0) / wave(past.demand.length + 36 * hourSlots);
  assert.ok(nextHour > 1.3 && nextHour < 1.5, `next hour ${nextHour}`);
  assert.ok(dayAfter < 1.3, `day after ${dayAfter}`);
});

test("an outage, or figures that got lost, is not taken for a pattern", () => {
  const lost = (slot: number): number | undefined =>
    slot >= 3 * daySlots && slot < 3.5 * daySlots ? undefined : wave(slot);
  const past = history(4, lost);
  assert.ok(off(made(past), past, wave) < 2);
  const silent = history(4, () => 0);
  assert.ok(made(silent).demand.every((value) => value === 0));
});

test("noise of 10 % makes the forecast no worse than the noise, and it says how far off it has been", () => {
  const random = new SeededRandom(6);
  const past = history(10, (slot) => wave(slot) * (1 + 0.1 * (2 * random.next() - 1)));
  const result = made(past);
  assert.ok(off(result, past, wave) < 6, `${off(result, past, wave)} %`);
  assert.ok(result.errorPercent !== undefined && result.errorPercent > 3 && result.errorPercent < 9);
});

test("only the last 14 days count", () => {
  const old = history(21, (slot) => (slot < 7 * daySlots ? 1e6 : wave(slot)));
  const young = { ...old, demand: old.demand.slice(-14 * daySlots) };
  assert.deepEqual(made(old), made(young));
});

test("whatever was measured, a forecast is finite, never negative, and at most what growth and lift allow", () => {
  const value = fc.option(fc.double({ min: 0, max: 1e6, noNaN: true }), { nil: undefined, freq: 5 });
  const hourly = fc.array(value, { minLength: 24, maxLength: 24 * 15 });
  fc.assert(
    fc.property(hourly, (demand) => {
      const result = forecast({ slotMs: 3_600_000, endMs: startMs, demand });
      if (result.kind === "no-forecast") return;
      const highest = Math.max(...demand.map((item) => item ?? 0));
      for (const item of result.demand) {
        assert.ok(Number.isFinite(item) && item >= 0);
        assert.ok(item <= highest * 2 * 1.25 ** 16 + 1e-9);
      }
    }),
  );
});
