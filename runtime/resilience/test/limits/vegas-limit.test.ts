import assert from "node:assert/strict";
import { test } from "node:test";
import { type Random, SeededRandom } from "@holdfast/kernel";
import { VegasLimit, type VegasOptions } from "@holdfast/resilience";

/** Behaviour of Netflix's VegasLimitTest: samples and the limit after each. */
interface Case {
  readonly name: string;
  readonly options: Partial<VegasOptions>;
  readonly samples: readonly { rttMs: number; inFlight: number; drop?: boolean; limit: number }[];
}

const small = { alpha: () => 3, beta: () => 6, initialLimit: 10, maxLimit: 20 };
const halving = { decrease: (limit: number) => limit / 2, initialLimit: 100, maxLimit: 200 };

const cases: readonly Case[] = [
  {
    name: "grows by beta, a large limit by more",
    options: { initialLimit: 10_000, maxLimit: 20_000 },
    samples: [
      { rttMs: 10_000, inFlight: 5_000, limit: 10_000 },
      { rttMs: 10_000, inFlight: 6_000, limit: 10_024 },
    ],
  },
  {
    name: "grows while there is no queue",
    options: small,
    samples: [
      { rttMs: 10, inFlight: 10, limit: 10 },
      { rttMs: 10, inFlight: 11, limit: 16 },
    ],
  },
  {
    name: "shrinks when the queue is longer than beta",
    options: small,
    samples: [
      { rttMs: 10, inFlight: 10, limit: 10 },
      { rttMs: 50, inFlight: 11, limit: 9 },
    ],
  },
  {
    name: "stays while the queue is as long as it should be",
    options: small,
    samples: [
      { rttMs: 10, inFlight: 10, limit: 10 },
      { rttMs: 14, inFlight: 14, limit: 10 },
    ],
  },
  {
    name: "grows by little when the queue is short",
    options: small,
    samples: [
      { rttMs: 10, inFlight: 10, limit: 10 },
      { rttMs: 12, inFlight: 10, limit: 11 },
    ],
  },
  {
    name: "shrinks by its function",
    options: halving,
    samples: [
      { rttMs: 10, inFlight: 100, limit: 100 },
      { rttMs: 20, inFlight: 100, limit: 50 },
      { rttMs: 20, inFlight: 100, limit: 25 },
    ],
  },
  {
    name: "moves by the share that smoothing says",
    options: { ...halving, smoothing: 0.5 },
    samples: [
      { rttMs: 10, inFlight: 100, limit: 100 },
      { rttMs: 20, inFlight: 100, limit: 75 },
      { rttMs: 20, inFlight: 100, limit: 56 },
    ],
  },
  {
    name: "shrinks on a drop, however few calls are under way",
    options: small,
    samples: [
      { rttMs: 10, inFlight: 1, limit: 10 },
      { rttMs: 11, inFlight: 1, drop: true, limit: 9 },
    ],
  },
  {
    name: "learns nothing from calls far from the limit",
    options: small,
    samples: [
      { rttMs: 10, inFlight: 1, limit: 10 },
      { rttMs: 99, inFlight: 4, limit: 10 },
    ],
  },
  {
    name: "stays within its bounds",
    options: { ...small, minLimit: 9 },
    samples: [
      { rttMs: 10, inFlight: 9, limit: 10 },
      { rttMs: 90, inFlight: 9, drop: true, limit: 9 },
      { rttMs: 90, inFlight: 9, drop: true, limit: 9 },
      { rttMs: 10, inFlight: 9, limit: 15 },
      { rttMs: 10, inFlight: 15, limit: 20 },
      { rttMs: 10, inFlight: 20, limit: 20 },
    ],
  },
];

for (const { name, options, samples } of cases) {
  test(`vegas: ${name}`, () => {
    const limit = new VegasLimit(new SeededRandom(1), options);
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

test("vegas: the best time is learnt anew after half to all of 30 · limit calls", () => {
  const halfway: Random = { next: () => 0, below: () => 0, hex: () => "", child: () => halfway };
  const limit = new VegasLimit(halfway, { initialLimit: 10 });
  for (let i = 0; i < 149; i++) limit.onSample(0, 10 + i, 1, false);
  assert.equal(limit.bestMs, 10);
  limit.onSample(0, 70, 1, false);
  assert.equal(limit.bestMs, 70);
});

test("vegas: listeners hear each new limit once, when it holds", () => {
  const limit = new VegasLimit(new SeededRandom(1), small);
  const heard: number[] = [];
  limit.onChange((to) => heard.push(to, limit.limit));
  for (let i = 0; i < 4; i++) limit.onSample(0, 10, 20, false);
  assert.deepEqual(heard, [16, 16, 20, 20]);
});

test("vegas: senseless options are refused by name", () => {
  for (const [options, path] of [
    [{ initialLimit: 0 }, /vegas\.initialLimit/],
    [{ maxLimit: 10 }, /vegas\.initialLimit: must be a number from 1 to 10, got 20/],
    [{ minLimit: 1.5 }, /vegas\.minLimit/],
    [{ smoothing: 0 }, /vegas\.smoothing/],
    [{ probeMultiplier: Number.NaN }, /vegas\.probeMultiplier/],
  ] as const) {
    assert.throws(() => new VegasLimit(new SeededRandom(1), options), path);
  }
});
