import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { hasCode, SeededRandom } from "@holdfast/kernel";
import { FakeClock, temporaryDirectory } from "@holdfast/testing";
import picocolors from "picocolors";
import { barChart, columnsOf, formatFigure, sparkline } from "../src/cli/autoscale/chart.ts";
import { type PlanFlags, plan } from "../src/cli/autoscale/plan.ts";
import { readPolicies } from "../src/cli/autoscale/policy-argument.ts";
import type { CommandContext } from "../src/cli/context.ts";

/** A terminal that keeps what is printed. */
function captured(json = false): { context: CommandContext; lines: string[]; answers: unknown[] } {
  const lines: string[] = [];
  const answers: unknown[] = [];
  const terminal = {
    json,
    isTty: false,
    columns: 80,
    colors: picocolors.createColors(false),
    print: (text: string) => void (json || lines.push(text)),
    printJson: (value: unknown) => void (json && answers.push(value)),
    printError: () => {},
  };
  return { context: { clock: new FakeClock(), random: new SeededRandom(1), terminal }, lines, answers };
}

/** An hour at 250, an hour at 500, three instances all the time. */
function loadFile(directory: string): string {
  const startMs = Date.parse("2026-01-05T00:00:00Z");
  const rows = Array.from({ length: 120 }, (_, minute) => {
    return `${new Date(startMs + minute * 60_000).toISOString()},${minute < 60 ? 250 : 500},3`;
  });
  const file = join(directory, "load.csv");
  writeFileSync(file, ["time,load,instances", ...rows].join("\n"));
  return file;
}

test("a plan prints what would have happened beside what did, with a chart and the causes", async () => {
  using directory = temporaryDirectory("autoscale");
  const { context, lines } = captured();
  const flags = { load: loadFile(directory.path), policy: ["ALBRequestCountPerTarget=100"], startup: "60s" };
  assert.equal(await plan(context, flags), 0);
  const text = lines.join("\n");
  assert.match(text, /^2 h of load; one instance is to carry 100\n/);
  assert.match(text, /WAS +WOULD +IDEAL\ninstance hours +6 +7\.9 +8\n/);
  assert.match(text, /minutes with too few +60 +3 +0\n/);
  assert.match(text, /worst load of one +167 % +167 % +100 %\n/);
  assert.match(text, /instances +3 +3–5 +3–5\n/);
  assert.match(text, /2026-01-05 01:02 +3 → 5 +policy track-ALBRequestCountPerTarget: .* needs 5$/);
  assert.match(text, /^would +[▁-█]+ {2}≤ 5$/m);
  assert.match(text, /^too few +!+ *$/m);
  assert.ok(lines.slice(0, 12).every((line) => line.length <= 80));
});

test("a plan as JSON has the same figures and every change", async () => {
  using directory = temporaryDirectory("autoscale");
  const { context, lines, answers } = captured(true);
  await plan(context, { load: loadFile(directory.path), policy: ["ALBRequestCountPerTarget=100"], startup: "60s" });
  assert.deepEqual(lines, []);
  const [answer] = answers as [{ was: { shortMinutes: number }; would: { shortMinutes: number }; changes: unknown[] }];
  assert.deepEqual([answer.was.shortMinutes, answer.would.shortMinutes, answer.changes.length], [60, 3, 1]);
});

const refused: readonly [string, Partial<PlanFlags>, string][] = [
  ["nothing to try", {}, "USAGE"],
  ["a file that is not there", { load: "/nowhere/load.csv", policy: ["a=1"] }, "OPTION_INVALID"],
  ["bounds the wrong way round", { policy: ["a=1"], min: "5", max: "4" }, "OPTION_INVALID"],
  ["a start that is no time", { policy: ["a=1"], startup: "soon" }, "OPTION_INVALID"],
  ["a load that is no number", { policy: ["a=1"], perInstance: "-1" }, "OPTION_INVALID"],
  ["two policies of one name", { policy: ["a=1", "a=2"] }, "SCALING_PLAN_INVALID"],
];

for (const [name, flags, code] of refused) {
  test(`a plan with ${name} is refused`, async () => {
    using directory = temporaryDirectory("autoscale");
    const asked = { load: loadFile(directory.path), ...flags };
    await assert.rejects(plan(captured().context, asked), (error) => hasCode(error, code));
  });
}

test("policies are read from their short form, from JSON and from files, all together", () => {
  using directory = temporaryDirectory("autoscale");
  const file = join(directory.path, "plan.json");
  const scheduled = [{ name: "up", recurrence: "0 8 * * *", min: 3 }];
  writeFileSync(file, JSON.stringify({ scheduled }));
  const json = '[{"name":"x","policyType":"TargetTrackingScaling","metric":"LatencyP99","targetValue":9}]';
  const read = readPolicies(["ASGAverageCPUUtilization=60.5", "predict:RequestsPerSecond=5", json, file]);
  assert.deepEqual(
    read.policies?.map(({ name, policyType }) => [name, policyType]),
    [
      ["track-ASGAverageCPUUtilization", "TargetTrackingScaling"],
      ["predict-RequestsPerSecond", "PredictiveScaling"],
      ["x", "TargetTrackingScaling"],
    ],
  );
  assert.equal(read.scheduled?.[0]?.name, "up");
  assert.deepEqual(readPolicies([file]).policies, undefined, "what a file does not name stays as it is");
});

const unreadable: readonly [string, string, string][] = [
  ["JSON that is none", "{", "POLICY_INVALID"],
  ["a policy of no type", '{"name":"x"}', "POLICY_INVALID"],
  ["a target of nothing", "RequestsPerSecond=0", "POLICY_INVALID"],
  ["neither form nor file", "cpu", "OPTION_INVALID"],
];

for (const [name, text, code] of unreadable) {
  test(`a policy that is ${name} is refused`, () => {
    assert.throws(
      () => readPolicies([text]),
      (error: unknown) => hasCode(error, code),
    );
  });
}

test("a chart keeps the peaks, shows whatever is above nothing, and is as wide and high as asked", () => {
  assert.deepEqual(columnsOf([1, 9, 1, 1, 2, 3], 3), [9, 1, 3]);
  assert.deepEqual(columnsOf([1, 2], 5), [1, 2]);
  assert.equal(sparkline([0, 0.001, 4, 8], 4, 8), " ▁▄█");
  assert.equal(sparkline([0, 0], 2, 0), "  ");
  assert.deepEqual(barChart([0, 1, 2, 3, 4], 5, 2, 4), ["   ▄█", " ▄███"]);
});

test("figures have three digits that count, and spaces for thousands", () => {
  assert.deepEqual([0, 7.904, 99.99, 1_234.4, 1_234_567].map(formatFigure), ["0", "7.9", "100", "1 234", "1 234 567"]);
});
