import assert from "node:assert/strict";
import { test } from "node:test";
import { type Random, SeededRandom } from "@holdfast/kernel";
import {
  AimdLimit,
  FixedLimit,
  Gradient2Limit,
  GradientLimit,
  type Limit,
  ProbingLimit,
  SettableLimit,
  VegasLimit,
  WindowedLimit,
} from "@holdfast/resilience";
import fc from "fast-check";

/** Samples and the limit after each. */
interface Case {
  readonly name: string;
  readonly limit: Limit;
  readonly samples: readonly { rttMs: number; inFlight: number; drop?: boolean; limit: number }[];
}

const random = (): SeededRandom => new SeededRandom(1);
const unlucky: Random = { next: () => 0, below: () => 0, hex: () => "", child: () => unlucky };
const same = (count: number, sample: Case["samples"][number]): Case["samples"] =>
  Array.from({ length: count }, () => sample);

const cases: readonly Case[] = [
  {
    name: "aimd grows by one for a call near the limit that ends well",
    limit: new AimdLimit(),
    samples: [{ rttMs: 1, inFlight: 10, limit: 21 }],
  },
  {
    name: "aimd stays for a call far from the limit",
    limit: new AimdLimit(),
    samples: [{ rttMs: 1, inFlight: 9, limit: 20 }],
  },
  {
    name: "aimd shrinks by a tenth on a drop",
    limit: new AimdLimit({ initialLimit: 30 }),
    samples: [{ rttMs: 0, inFlight: 0, drop: true, limit: 27 }],
  },
  {
    name: "aimd takes a call longer than its timeout for a drop",
    limit: new AimdLimit({ initialLimit: 30 }),
    samples: [
      { rttMs: 5_000, inFlight: 1, limit: 30 },
      { rttMs: 5_001, inFlight: 1, limit: 27 },
    ],
  },
  {
    name: "aimd never grows above its maximum nor shrinks below its minimum",
    limit: new AimdLimit({ initialLimit: 20, minLimit: 19, maxLimit: 21 }),
    samples: [
      { rttMs: 1, inFlight: 20, limit: 21 },
      { rttMs: 1, inFlight: 20, limit: 21 },
      { rttMs: 1, inFlight: 20, drop: true, limit: 19 },
      { rttMs: 1, inFlight: 20, drop: true, limit: 19 },
    ],
  },
  {
    name: "gradient2 grows by a fifth of the queue while times are as usual",
    limit: new Gradient2Limit({ smoothing: 0.25 }),
    samples: [
      { rttMs: 10, inFlight: 10, limit: 21 },
      { rttMs: 10, inFlight: 20, limit: 22 },
    ],
  },
  {
    name: "gradient2 stays far from the limit",
    limit: new Gradient2Limit(),
    samples: same(10, { rttMs: 10, inFlight: 9, limit: 20 }),
  },
  {
    name: "gradient2 does not add the queue when times have grown",
    limit: new Gradient2Limit({ initialLimit: 100, smoothing: 1 }),
    // 10 ten times makes 10 the usual time; a single 20 makes it 10.03: 1.5 · 10.03 / 20 = 0.75.
    samples: [...same(10, { rttMs: 10, inFlight: 1, limit: 100 }), { rttMs: 20, inFlight: 100, limit: 75 }],
  },
  {
    name: "gradient2, compatible, adds the queue all the same",
    limit: new Gradient2Limit({ initialLimit: 100, smoothing: 1, compat: true }),
    samples: [...same(10, { rttMs: 10, inFlight: 1, limit: 100 }), { rttMs: 20, inFlight: 100, limit: 79 }],
  },
  {
    name: "gradient2 shrinks at most by half",
    limit: new Gradient2Limit({ initialLimit: 100, smoothing: 1 }),
    samples: [...same(10, { rttMs: 10, inFlight: 1, limit: 100 }), { rttMs: 9_000, inFlight: 100, limit: 50 }],
  },
  {
    name: "gradient2 heeds a drop, however few calls are under way",
    limit: new Gradient2Limit({ initialLimit: 100, smoothing: 1 }),
    samples: [{ rttMs: 10, inFlight: 1, drop: true, limit: 90 }],
  },
  {
    name: "gradient2, compatible, grows on drops",
    limit: new Gradient2Limit({ initialLimit: 100, smoothing: 1, compat: true }),
    samples: [{ rttMs: 10, inFlight: 100, drop: true, limit: 104 }],
  },
  {
    name: "gradient grows by the root of the limit while times are twice the best at most",
    limit: new GradientLimit(random()),
    samples: [
      { rttMs: 10, inFlight: 50, limit: 57 },
      { rttMs: 20, inFlight: 57, limit: 64 },
    ],
  },
  {
    name: "gradient shrinks on a drop and when times grow, by a fifth of what they say",
    limit: new GradientLimit(random(), { initialLimit: 100 }),
    samples: [
      { rttMs: 10, inFlight: 1, limit: 100 },
      { rttMs: 10, inFlight: 1, drop: true, limit: 98 },
      // 98 · 0.5 + 9 = 58; 98 · 0.8 + 58 · 0.2 = 90.
      { rttMs: 900, inFlight: 98, limit: 90 },
    ],
  },
  {
    name: "gradient looks for the best time anew at a limit of its queue",
    limit: new GradientLimit(unlucky, { probeInterval: 2 }),
    samples: [
      { rttMs: 10, inFlight: 1, limit: 50 },
      { rttMs: 10, inFlight: 1, limit: 50 },
      { rttMs: 10, inFlight: 1, limit: 7 },
      { rttMs: 900, inFlight: 7, limit: 11 },
    ],
  },
  {
    name: "a fixed limit learns nothing",
    limit: new FixedLimit(7),
    samples: same(5, { rttMs: 9_000, inFlight: 9, drop: true, limit: 7 }),
  },
];

for (const { name, limit, samples } of cases) {
  test(name, () => {
    const seen = samples.map(({ rttMs, inFlight, drop }) => {
      limit.onSample(0, rttMs, inFlight, drop === true);
      return limit.limit;
    });
    assert.deepEqual(
      seen,
      samples.map((sample) => sample.limit),
    );
  });
}

test("gradient2: after a long overload the usual time comes down faster than by itself", () => {
  const limit = new Gradient2Limit();
  for (let i = 0; i < 100; i++) limit.onSample(0, 100, 20, false);
  assert.equal(Math.round(limit.usualMs), 100);
  for (let i = 0; i < 20; i++) limit.onSample(0, 10, 20, false);
  assert.ok(limit.usualMs < 40, String(limit.usualMs));
});

test("a settable limit is what it was last set to, and tells of it", () => {
  const limit = new SettableLimit(3);
  const heard: number[] = [];
  limit.onChange((to) => heard.push(to));
  limit.setLimit(5);
  limit.setLimit(5);
  limit.onSample(0, 1, 5, true);
  assert.deepEqual([limit.limit, heard], [5, [5]]);
  assert.throws(() => limit.setLimit(-1), /limit: must be a number from 0/);
});

/** Writes down what it is told. */
class HeardLimit extends FixedLimit {
  readonly heard: unknown[] = [];

  override onSample(...sample: [number, number, number, boolean]): void {
    this.heard.push(sample);
  }
}

test("windowed: tells the mean time, the most calls under way and whether any was dropped, each second", () => {
  const heard = new HeardLimit(1);
  const limit = new WindowedLimit(heard);
  limit.onSample(0, 10, 1, false); // Ends a window of one call: too few.
  for (let i = 1; i <= 10; i++) limit.onSample(i * 10, i, i, i === 3);
  assert.deepEqual(heard.heard, []);
  limit.onSample(1_005, 6.5, 4, false);
  assert.deepEqual(heard.heard, [[1_005, 5.590909090909091, 10, true]]);
  for (let i = 1; i <= 9; i++) limit.onSample(1_005 + i * 100, 10, 1, false);
  assert.equal(heard.heard.length, 1);
  limit.onSample(2_005, 10, 1, false);
  assert.deepEqual(heard.heard[1], [2_005, 10, 1, false]);
});

test("windowed: passes over calls that took next to no time", () => {
  const heard = new HeardLimit(1);
  const limit = new WindowedLimit(heard);
  for (let i = 0; i < 100; i++) limit.onSample(i * 1_000, 0.05, 1, false);
  assert.deepEqual(heard.heard, []);
});

test("windowed: tells a percentile in place of the mean", () => {
  const heard = new HeardLimit(1);
  const limit = new WindowedLimit(heard, { track: 0.9 });
  limit.onSample(0, 1, 1, false);
  for (let i = 19; i >= 1; i--) limit.onSample(500, i, 1, false);
  limit.onSample(2_000, 20, 1, false);
  assert.deepEqual(heard.heard, [[2_000, 18, 1, false]]);
});

test("windowed: stands for the limit inside it", () => {
  const inner = new SettableLimit(3);
  const limit = new WindowedLimit(inner);
  const heard: number[] = [];
  limit.onChange((to) => heard.push(to));
  inner.setLimit(4);
  assert.deepEqual([limit.limit, heard], [4, [4]]);
});

test("probing: a drop lowers the limit even where few calls are under way", () => {
  const limit = new ProbingLimit(random());
  for (let i = 0; i < 2_000; i++) limit.onSample(i * 10, 10, 1, false);
  assert.equal(limit.limit, 20);
  for (let i = 2_000; i < 2_300; i++) limit.onSample(i * 10, 10, 1, true);
  assert.ok(limit.limit < 18, String(limit.limit));
});

test("probing: without load it learns the unloaded time as it goes", () => {
  const limit = new ProbingLimit(random());
  for (let i = 0; i < 2_000; i++) limit.onSample(i * 10, 10, 1, false);
  assert.equal(Math.round(limit.unloadedMs), 10);
  for (let i = 2_000; i < 6_000; i++) limit.onSample(i * 10, 50, 1, false);
  assert.equal(Math.round(limit.unloadedMs), 50);
});

const bounded: readonly [name: string, make: () => Limit, min: number, max: number][] = [
  ["vegas", () => new VegasLimit(random(), { minLimit: 3, maxLimit: 60 }), 3, 60],
  ["aimd", () => new AimdLimit({ minLimit: 3, maxLimit: 60 }), 3, 60],
  ["gradient2", () => new Gradient2Limit({ minLimit: 3, maxLimit: 60 }), 3, 60],
  ["gradient", () => new GradientLimit(random(), { minLimit: 3, maxLimit: 60 }), 3, 60],
  ["probing", () => new ProbingLimit(random(), { minLimit: 3, maxLimit: 60 }), 3, 60],
  ["windowed vegas", () => new WindowedLimit(new VegasLimit(random(), { minLimit: 3, maxLimit: 60 })), 3, 60],
];

for (const [name, make, min, max] of bounded) {
  test(`${name}: whatever it is told, the limit is a whole number within its bounds`, () => {
    const sample = fc.record({
      gapMs: fc.double({ min: 0, max: 500, noNaN: true }),
      rttMs: fc.oneof(fc.double({ min: 0, max: 10_000, noNaN: true }), fc.constant(0), fc.constant(Number.NaN)),
      inFlight: fc.nat(100),
      drop: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(sample, { minLength: 1, maxLength: 200 }), (samples) => {
        const limit = make();
        let nowMs = 0;
        for (const { gapMs, rttMs, inFlight, drop } of samples) {
          nowMs += gapMs;
          limit.onSample(nowMs, rttMs, inFlight, drop);
          const now = limit.limit;
          assert.ok(Number.isInteger(now) && now >= min && now <= max, `limit ${now}`);
        }
      }),
    );
  });
}

test("senseless options are refused by name", () => {
  const refused: readonly (readonly [make: () => unknown, path: RegExp])[] = [
    [() => new AimdLimit({ backoffRatio: 1 }), /aimd\.backoffRatio/],
    [() => new AimdLimit({ timeoutMs: 0 }), /aimd\.timeoutMs/],
    [() => new AimdLimit({ initialLimit: 10 }), /aimd\.initialLimit: must be a number from 20 to 200, got 10/],
    [() => new Gradient2Limit({ rttTolerance: 0.9 }), /gradient2\.rttTolerance/],
    [() => new Gradient2Limit({ longWindow: 0 }), /gradient2\.longWindow/],
    [() => new GradientLimit(random(), { probeInterval: -1 }), /gradient\.probeInterval/],
    [() => new ProbingLimit(random(), { buffer: 0 }), /probing\.buffer/],
    [() => new ProbingLimit(random(), { probeEveryMs: 10 }), /probing\.probeEveryMs/],
    [() => new FixedLimit(1.5), /limit: must be a whole number/],
    [() => new WindowedLimit(new FixedLimit(1), { minSamples: 9 }), /window\.minSamples/],
    [() => new WindowedLimit(new FixedLimit(1), { minWindowMs: 50 }), /window\.minWindowMs/],
    [() => new WindowedLimit(new FixedLimit(1), { track: 0 }), /window\.track: must be "average" or a share/],
  ];
  for (const [make, path] of refused) assert.throws(make, path);
});
