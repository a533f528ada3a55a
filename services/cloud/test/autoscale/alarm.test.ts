import assert from "node:assert/strict";
import { test } from "node:test";
import { type AlarmDefinition, type AlarmState, alarmSchema, missingDataTreatments } from "@holdfast/wire/autoscale";
import { evaluateAlarm, isPast } from "../../src/autoscale/alarm.ts";
import { series } from "./series.ts";

function alarm(more: Record<string, unknown> = {}): AlarmDefinition {
  return alarmSchema.parse({
    metric: "ASGAverageCPUUtilization",
    comparisonOperator: "GreaterThanThreshold",
    threshold: 50,
    evaluationPeriods: 3,
    ...more,
  });
}

/** `X` past the threshold, `0` within, `-` missing: CloudWatch's own notation. */
function points(pattern: string): ReturnType<typeof series> {
  return series(pattern.split(" ").map((mark) => (mark === "X" ? 80 : mark === "0" ? 20 : undefined)));
}

// CloudWatch user guide, "Configuring how alarms treat missing data": both tables, columns in the order of
// `missingDataTreatments` (missing, ignore, breaching, notBreaching); KEEP is "retain current state".
const tables: readonly { needed: number; rows: readonly (readonly [string, string])[] }[] = [
  {
    needed: 3,
    rows: [
      ["0 - X - X", "OK OK OK OK"],
      ["0 - - - -", "OK OK OK OK"],
      ["- - - - -", "INSUFFICIENT_DATA KEEP ALARM OK"],
      ["0 X X - X", "ALARM ALARM ALARM ALARM"],
      ["- - X - -", "ALARM KEEP ALARM OK"],
    ],
  },
  {
    needed: 2,
    rows: [
      ["0 - X - X", "ALARM ALARM ALARM ALARM"],
      ["0 0 X 0 X", "ALARM ALARM ALARM ALARM"],
      ["0 - X - -", "OK OK ALARM OK"],
      ["- - - - 0", "OK OK ALARM OK"],
      ["- - - X -", "ALARM KEEP ALARM OK"],
    ],
  },
];

for (const { needed, rows } of tables) {
  for (const [pattern, expected] of rows) {
    for (const [index, treatMissingData] of missingDataTreatments.entries()) {
      test(`an alarm of ${needed} out of 3 that sees [${pattern}] and treats missing data as ${treatMissingData} is as CloudWatch's table says`, () => {
        const definition = alarm({ datapointsToAlarm: needed, treatMissingData });
        const word = expected.split(" ")[index];
        for (const before of ["OK", "ALARM", "INSUFFICIENT_DATA"] satisfies AlarmState[]) {
          const { state } = evaluateAlarm(definition, points(pattern), before);
          assert.equal(state, word === "KEEP" ? before : word, `it was ${before} before`);
        }
      });
    }
  }
}

test("each comparison has its threshold on the side its name says", () => {
  const sides = (value: number): boolean[] => [
    isPast("GreaterThanThreshold", value, 50),
    isPast("GreaterThanOrEqualToThreshold", value, 50),
    isPast("LessThanThreshold", value, 50),
    isPast("LessThanOrEqualToThreshold", value, 50),
  ];
  assert.deepEqual(sides(49), [false, false, true, true]);
  assert.deepEqual(sides(50), [false, true, false, true]);
  assert.deepEqual(sides(51), [true, true, false, false]);
});

test("an alarm says which figures it saw, and how many it lacked", () => {
  const verdict = evaluateAlarm(alarm(), points("- - 0 X X"), "OK");
  assert.equal(
    verdict.reason,
    "ASGAverageCPUUtilization was above 50 in 2 of the last 3 periods of 60 s (3 needed; latest 20, 80, 80)",
  );
  const nothing = evaluateAlarm(alarm(), points("- - - - -"), "OK");
  assert.equal(nothing.reason, "ASGAverageCPUUtilization was not measured in the last 3 periods of 60 s");
  assert.equal(nothing.missing, 3);
});

test("a group that is younger than the alarm's periods has missing data, not good data", () => {
  const verdict = evaluateAlarm(alarm({ evaluationPeriods: 3 }), series([20]), "INSUFFICIENT_DATA");
  assert.equal(verdict.missing, 2);
  assert.equal(evaluateAlarm(alarm(), [], "OK").state, "INSUFFICIENT_DATA");
});

test("an alarm that asks for more data points than it looks at is refused", () => {
  assert.throws(() => alarm({ datapointsToAlarm: 4 }), /must not be more than evaluationPeriods/);
});
