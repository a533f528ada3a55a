import assert from "node:assert/strict";
import { test } from "node:test";
import { hasCode } from "@holdfast/kernel";
import { scheduledActionSchema } from "@holdfast/wire/autoscale";
import { type LoadPoint, loadAt, parseLoadFile } from "../../src/autoscale/load-file.ts";
import { type ReplayOptions, type ReplayReport, replay } from "../../src/autoscale/replay.ts";
import { policy } from "./policies.ts";

const midnightMs = Date.parse("2026-01-05T00:00:00Z");
const minuteMs = 60_000;
const tracking = policy("TargetTrackingScaling", { metric: "ALBRequestCountPerTarget", targetValue: 100 });

function points(minutes: number, load: (minute: number) => number, instances?: number): LoadPoint[] {
  return Array.from({ length: minutes }, (_, minute) => {
    return { atMs: midnightMs + minute * minuteMs, load: load(minute), instances };
  });
}
function replayed(more: Partial<ReplayOptions> & Pick<ReplayOptions, "points">): ReplayReport {
  return replay({ policies: [tracking], scheduled: [], bounds: { min: 1, max: 20 }, startupMs: 60_000, ...more });
}

const files: readonly [string, string, LoadPoint[]][] = [
  [
    "CSV with times in ISO 8601",
    "time,load,instances\n2026-01-05T00:00:00Z,120,3\n2026-01-05T00:01:00Z,90.5,3\n",
    [
      { atMs: midnightMs, load: 120, instances: 3 },
      { atMs: midnightMs + minuteMs, load: 90.5, instances: 3 },
    ],
  ],
  [
    "CSV with a byte-order mark, semicolons, other columns, epoch seconds and CRLF",
    "\uFEFFHost;Load;Time\r\na;1;1767571200\r\nb;2;1767571260\r\n\r\n",
    [
      { atMs: midnightMs, load: 1, instances: undefined },
      { atMs: midnightMs + minuteMs, load: 2, instances: undefined },
    ],
  ],
  [
    "JSON with epoch ms",
    `{"points":[{"time":${midnightMs},"load":5},{"time":${midnightMs + minuteMs},"load":6,"instances":0}]}`,
    [
      { atMs: midnightMs, load: 5, instances: undefined },
      { atMs: midnightMs + minuteMs, load: 6, instances: 0 },
    ],
  ],
];

for (const [name, text, expected] of files) {
  test(`a load file: ${name}`, () => assert.deepEqual(parseLoadFile(text), expected));
}

const broken: readonly [string, string, RegExp][] = [
  ["nothing", "", /header line/],
  ["no header", "2026-01-05T00:00:00Z,120", /header line that names `time` and `load`/],
  ["one point", "time,load\n2026-01-05T00:00:00Z,1", /two points or more/],
  ["a bad time", "time,load\nyesterday,1\n2026-01-05T00:00:00Z,1", /line 2: `yesterday` is not a time/],
  ["a bad load", "time,load\n2026-01-05T00:00:00Z,1\n2026-01-05T00:01:00Z,-1", /line 3: `-1` is not a load/],
  ["bad instances", '[{"time":1,"load":1,"instances":"x"},{"time":2,"load":1}]', /point 1: `x` is not a number/],
  [
    "time that goes back",
    "time,load\n2026-01-05T00:01:00Z,1\n2026-01-05T00:00:00Z,1",
    /point 2: its time is not after/,
  ],
  ["broken JSON", "[{", /is not JSON/],
  ["JSON of something else", '{"a":1}', /an array of points/],
];

for (const [name, text, message] of broken) {
  test(`a load file with ${name} is refused, and says where`, () => {
    assert.throws(
      () => parseLoadFile(text),
      (error: unknown) => hasCode(error, "LOAD_FILE_INVALID") && message.test(error.message),
    );
  });
}

test("a point holds until the next, not through a gap, and can be asked for in any order", () => {
  const at = loadAt([...points(3, (minute) => minute), { atMs: midnightMs + 60 * minuteMs, load: 60, instances: 1 }]);
  assert.equal(at(midnightMs - 1), undefined);
  assert.equal(at(midnightMs + 90_000)?.load, 1);
  assert.equal(at(midnightMs + 4 * minuteMs)?.load, 2);
  assert.equal(at(midnightMs + 30 * minuteMs), undefined);
  assert.equal(at(midnightMs + 60 * minuteMs)?.load, 60);
  assert.equal(at(midnightMs)?.load, 0);
});

test("a replay counts what was, what would have been, and what could have been, by the same rule", () => {
  // Two hours with 3 instances; in the second the load doubles.
  const report = replayed({ points: points(120, (minute) => (minute < 60 ? 250 : 500), 3) });
  assert.deepEqual(report.was, {
    instanceHours: 6,
    shortMinutes: 60,
    worstPercent: (500 / 300) * 100,
    least: 3,
    most: 3,
    changes: 0,
  });
  assert.equal(report.ideal.instanceHours, 3 + 5);
  assert.equal(report.ideal.shortMinutes, 0);
  // Two periods to see it, one minute to start.
  assert.equal(report.would.shortMinutes, 3);
  assert.deepEqual([report.would.least, report.would.most, report.would.changes], [3, 5, 1]);
  assert.ok(report.would.instanceHours < report.ideal.instanceHours);
  assert.deepEqual(
    report.changes.map(({ atMs, from, to }) => [(atMs - midnightMs) / minuteMs, from, to]),
    [[62, 3, 5]],
  );
  assert.match(report.changes[0]?.cause ?? "", /policy p: ALBRequestCountPerTarget was over the target of 100/);
});

test("a replay without recorded instances compares with the ideal alone", () => {
  const report = replayed({ points: points(60, () => 250) });
  assert.equal(report.was, undefined);
  assert.equal(report.would.instanceHours, 3);
});

test("a replay does scheduled actions at their times", () => {
  const scheduled = [scheduledActionSchema.parse({ name: "early", recurrence: "30 0 * * *", min: 8 })];
  const report = replayed({ points: points(60, () => 250, 3), scheduled });
  assert.deepEqual(
    report.changes.map(({ atMs, to }) => [(atMs - midnightMs) / minuteMs, to]),
    [[30, 8]],
  );
});

test("a replay stays within the group's bounds, and holds through a gap in the file", () => {
  const gap = points(180, (minute) => (minute < 60 ? 10_000 : 10)).filter(
    (point) => point.atMs < midnightMs + 70 * minuteMs || point.atMs > midnightMs + 100 * minuteMs,
  );
  const report = replayed({ points: gap });
  assert.equal(report.would.most, 20);
  assert.ok(report.changes.every((change) => change.to >= 1 && change.to <= 20));
  const inward = report.changes.find((change) => change.to < change.from);
  assert.ok(inward !== undefined && inward.atMs >= midnightMs + 115 * minuteMs);
});

test("two weeks at a minute each are replayed in a second or two, the same each time", () => {
  const twoWeeks = points(14 * 24 * 60, (minute) => 600 - 500 * Math.cos((2 * Math.PI * minute) / 1_440));
  const predictive = policy("PredictiveScaling", {
    name: "ahead",
    metric: "ALBRequestCountPerTarget",
    targetValue: 100,
    mode: "ForecastAndScale",
  });
  const alone = replayed({ points: twoWeeks });
  const ahead = replayed({ points: twoWeeks, policies: [tracking, predictive] });
  assert.ok(ahead.would.shortMinutes < alone.would.shortMinutes / 4);
  assert.ok(ahead.would.instanceHours < alone.would.instanceHours * 1.1);
  assert.deepEqual(replayed({ points: twoWeeks }), alone);
});
