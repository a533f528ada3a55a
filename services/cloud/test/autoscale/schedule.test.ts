import assert from "node:assert/strict";
import { test } from "node:test";
import { hasCode } from "@holdfast/kernel";
import { type ScheduledAction, type ScheduledActionInput, scheduledActionSchema } from "@holdfast/wire/autoscale";
import fc from "fast-check";
import { applyActions, checkAction, dueActions, latestDue, nextDue, Schedule } from "../../src/autoscale/schedule.ts";

function action(more: Partial<ScheduledActionInput>): ScheduledAction {
  return scheduledActionSchema.parse({ name: "morning", desired: 6, ...more });
}

/** Every time it is done from one moment to another, by asking each minute, as the shell does. */
function timesDone(made: ScheduledAction, from: string, to: string): string[] {
  const schedule = new Schedule([made], Date.parse(from));
  const times: string[] = [];
  for (let nowMs = Date.parse(from) + 60_000; nowMs <= Date.parse(to); nowMs += 60_000) {
    for (const { atMs } of schedule.due(nowMs)) times.push(new Date(atMs).toISOString().replace(":00.000Z", "Z"));
  }
  return times;
}

const calendar: readonly [string, Partial<ScheduledActionInput>, string, string, string[]][] = [
  [
    "on weekdays at eight",
    { recurrence: "0 8 * * 1-5" },
    "2026-01-02T00:00:00Z", // a Friday
    "2026-01-06T00:00:00Z",
    ["2026-01-02T08:00Z", "2026-01-05T08:00Z"],
  ],
  [
    "in the time zone it names",
    { recurrence: "0 8 * * *", timeZone: "Asia/Kolkata" },
    "2026-01-02T00:00:00Z",
    "2026-01-03T00:00:00Z",
    ["2026-01-02T02:30Z"],
  ],
  [
    "at the same hour by the clock on the wall, before and after summer time begins",
    { recurrence: "0 8 * * *", timeZone: "Europe/Berlin" },
    "2026-03-28T00:00:00Z",
    "2026-03-30T00:00:00Z",
    ["2026-03-28T07:00Z", "2026-03-29T06:00Z"],
  ],
  [
    "right after the gap, when its time is skipped in spring",
    { recurrence: "30 2 * * *", timeZone: "Europe/Berlin" },
    "2026-03-28T00:00:00Z",
    "2026-03-30T12:00:00Z",
    ["2026-03-28T01:30Z", "2026-03-29T01:00Z", "2026-03-30T00:30Z"],
  ],
  [
    "once, when its time is there twice in autumn",
    { recurrence: "30 2 * * *", timeZone: "Europe/Berlin" },
    "2026-10-24T12:00:00Z",
    "2026-10-26T12:00:00Z",
    ["2026-10-25T00:30Z", "2026-10-26T01:30Z"],
  ],
  [
    "each half hour, also through the hour that is there twice",
    { recurrence: "*/30 * * * *", timeZone: "Europe/Berlin" },
    "2026-10-25T00:00:00Z",
    "2026-10-25T02:00:00Z",
    ["2026-10-25T00:30Z", "2026-10-25T01:00Z", "2026-10-25T01:30Z", "2026-10-25T02:00Z"],
  ],
  [
    "where midnight itself is skipped, at one",
    { recurrence: "0 0 * * *", timeZone: "Africa/Cairo" },
    "2026-04-22T23:00:00Z",
    "2026-04-24T23:00:00Z",
    ["2026-04-23T22:00Z", "2026-04-24T21:00Z"],
  ],
  [
    "on the other side of the world, where autumn is in April",
    { recurrence: "30 2 * * *", timeZone: "Australia/Sydney" },
    "2026-04-03T20:00:00Z",
    "2026-04-06T00:00:00Z",
    ["2026-04-04T15:30Z", "2026-04-05T16:30Z"],
  ],
  [
    "on a leap day only",
    { recurrence: "0 0 29 2 *" },
    "2028-02-28T12:00:00Z",
    "2028-03-01T12:00:00Z",
    ["2028-02-29T00:00Z"],
  ],
  [
    "not before its start, and not after its end",
    { recurrence: "0 * * * *", startTime: "2026-01-02T03:00:00Z", endTime: "2026-01-02T05:00:00Z" },
    "2026-01-02T00:00:00Z",
    "2026-01-02T09:00:00Z",
    ["2026-01-02T03:00Z", "2026-01-02T04:00Z", "2026-01-02T05:00Z"],
  ],
  [
    "once at its start, without a recurrence",
    { startTime: "2026-01-02T05:30:00+02:00" },
    "2026-01-02T00:00:00Z",
    "2026-01-02T09:00:00Z",
    ["2026-01-02T03:30Z"],
  ],
];

for (const [name, more, from, to, expected] of calendar) {
  test(`a scheduled action is done ${name}`, () => assert.deepEqual(timesDone(action(more), from, to), expected));
}

const hourly = action({ recurrence: "0 * * * *" });
const at = (text: string): number => Date.parse(`2026-01-02T${text}Z`);

test("after control was down for hours, what was missed is done once, and not again", () => {
  assert.equal(latestDue(hourly, at("00:30:00"), at("07:45:00")), at("07:00:00"));
  assert.equal(latestDue(hourly, at("07:45:00"), at("07:59:59.999")), undefined);
  assert.equal(latestDue(hourly, at("07:45:00"), at("08:00:00")), at("08:00:00"));
});

test("what fell due before the action was there is not made up for", () => {
  assert.equal(latestDue(hourly, at("07:00:00"), at("07:59:00")), undefined);
});

test("a clock that is set back repeats nothing", () => {
  assert.equal(latestDue(hourly, at("08:00:10"), at("07:00:20")), undefined);
  const schedule = new Schedule([hourly], at("07:30:00"));
  assert.equal(schedule.due(at("08:00:10")).length, 1);
  assert.deepEqual(schedule.due(at("07:00:20")), []);
  assert.deepEqual(schedule.due(at("08:00:20")), []);
  assert.equal(schedule.doneUntilMs, at("08:00:10"));
  assert.equal(schedule.due(at("09:00:00")).length, 1);
});

test("of several actions that were missed, the later one has the last word", () => {
  const up = action({ name: "up", recurrence: "0 8 * * *", min: 6, desired: 9 });
  const down = action({ name: "down", recurrence: "0 20 * * *", min: 2, desired: 3 });
  const due = dueActions([down, up], at("07:00:00"), at("21:00:00"));
  assert.deepEqual(
    due.map((item) => item.action.name),
    ["up", "down"],
  );
  const { size, cause } = applyActions({ min: 3, max: 12, desired: 4 }, due);
  assert.deepEqual(size, { min: 2, max: 12, desired: 3 });
  assert.equal(
    cause,
    "scheduled action up of 2026-01-02T08:00:00.000Z: min 6, desired 9; then scheduled action down of 2026-01-02T20:00:00.000Z: min 2, desired 3",
  );
});

const sizes: readonly [string, Partial<ScheduledActionInput>, object][] = [
  ["desired alone", { desired: 7 }, { min: 3, max: 9, desired: 7 }],
  ["a desired size past max is held at max", { desired: 20 }, { min: 3, max: 9, desired: 9 }],
  ["a min above the present size lifts it", { desired: undefined, min: 6 }, { min: 6, max: 9, desired: 6 }],
  ["a max below the present size lowers it", { desired: undefined, max: 4 }, { min: 3, max: 4, desired: 4 }],
  ["all three", { min: 1, max: 20, desired: 15 }, { min: 1, max: 20, desired: 15 }],
  ["nothing at all is a size", { min: 0, max: 0, desired: 0 }, { min: 0, max: 0, desired: 0 }],
];

for (const [name, more, expected] of sizes) {
  test(`a scheduled size: ${name}`, () => {
    const due = [{ action: action({ recurrence: "0 8 * * *", ...more }), atMs: at("08:00:00") }];
    assert.deepEqual(applyActions({ min: 3, max: 9, desired: 5 }, due).size, expected);
  });
}

test("an action whose min is above the group's max is refused, and the others are done", () => {
  const wrong = action({ name: "wrong", recurrence: "0 8 * * *", desired: undefined, min: 10 });
  const right = action({ name: "right", recurrence: "0 9 * * *", desired: 8 });
  const change = applyActions(
    { min: 3, max: 9, desired: 5 },
    dueActions([wrong, right], at("07:00:00"), at("10:00:00")),
  );
  assert.deepEqual(change.size, { min: 3, max: 9, desired: 8 });
  assert.deepEqual(change.refused, [{ action: "wrong", reason: "min 10 would be above max 9" }]);
  assert.match(change.cause, /scheduled action wrong was not done: min 10 would be above max 9$/);
});

test("it is known when an action comes next, and when never again", () => {
  assert.equal(nextDue(hourly, at("07:00:00")), at("08:00:00"));
  assert.equal(nextDue(action({ startTime: "2026-01-02T09:00:00Z" }), at("07:00:00")), at("09:00:00"));
  assert.equal(nextDue(action({ startTime: "2026-01-02T07:00:00Z" }), at("07:00:00")), undefined);
  const later = action({ recurrence: "0 * * * *", startTime: "2026-01-02T12:00:00Z", endTime: "2026-01-02T12:30:00Z" });
  assert.equal(nextDue(later, at("07:00:00")), at("12:00:00"));
  assert.equal(nextDue(later, at("12:00:00")), undefined);
});

test("looking back and looking ahead agree, in every zone, through every change of the clock", () => {
  const zone = fc.constantFrom("Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Africa/Cairo", "Etc/UTC");
  const recurrence = fc.constantFrom("30 2 * * *", "0 0 * * *", "15 */3 * * *", "0 3 * * 0", "45 1 1 * *");
  const minutes = fc.integer({ min: 0, max: 366 * 24 * 60 });
  fc.assert(
    fc.property(zone, recurrence, minutes, (timeZone, cron, minute) => {
      const made = action({ recurrence: cron, timeZone });
      const fromMs = Date.parse("2026-01-01T00:00:00Z") + minute * 60_000;
      const next = nextDue(made, fromMs);
      assert.ok(next !== undefined && next > fromMs);
      assert.equal(latestDue(made, fromMs, next), next);
      assert.equal(latestDue(made, fromMs, next - 1), undefined);
      assert.equal(latestDue(made, next - 1, next + 1_500), next);
    }),
  );
});

const refused: readonly [string, Record<string, unknown>, RegExp][] = [
  ["no time at all", {}, /must be set, or startTime/],
  ["nothing to change", { recurrence: "0 8 * * *", desired: undefined }, /would change nothing/],
  [
    "an end before its start",
    { startTime: "2026-01-02T00:00:00Z", endTime: "2026-01-01T00:00:00Z" },
    /after startTime/,
  ],
  ["a max below its min", { recurrence: "0 8 * * *", min: 3, max: 2 }, /must be at least min/],
  ["a size outside its own bounds", { recurrence: "0 8 * * *", max: 3 }, /must be at most max/],
  ["a time zone that is none", { recurrence: "0 8 * * *", timeZone: "Europe/Bonn" }, /IANA time zone/],
  ["too few fields", { recurrence: "0 8 * *" }, /five cron fields/],
  ["seconds", { recurrence: "0 0 8 * * *" }, /five cron fields/],
];

for (const [name, more, message] of refused) {
  test(`a scheduled action with ${name} is refused`, () => {
    assert.throws(() => scheduledActionSchema.parse({ name: "x", desired: 6, ...more }), message);
  });
}

test("a recurrence that cannot be read, or never comes, is refused with the next step", () => {
  const isRefused = (error: unknown): boolean =>
    hasCode(error, "SCHEDULE_INVALID") && error.message.includes("morning");
  assert.throws(() => checkAction(action({ recurrence: "61 8 * * *" })), isRefused);
  assert.throws(() => checkAction(action({ recurrence: "0 0 31 2 *" })), /it would never be done/);
  checkAction(action({ recurrence: "0 0 29 2 *" }));
});
