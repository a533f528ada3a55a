import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { type BreakerOptions, breakerDefaults, CircuitBreaker, ordinary, refused } from "../src/circuit-breaker.ts";
import { At, commandEvents } from "../src/events.ts";
import { RollingCounts } from "../src/rolling-counts.ts";

type Step = { readonly waitMs: number; readonly do: "start" | "ok" | "fail" | "abandon"; readonly which: number };

const step: fc.Arbitrary<Step> = fc.record({
  waitMs: fc.oneof(fc.constant(0), fc.nat({ max: 400 }), fc.nat({ max: 6_000 })),
  do: fc.constantFrom("start", "start", "start", "ok", "fail", "fail", "abandon"),
  which: fc.nat(),
});
const options = fc.record({
  requestVolumeThreshold: fc.integer({ min: 1, max: 8 }),
  errorThresholdPercentage: fc.integer({ min: 1, max: 100 }),
  sleepWindowMs: fc.integer({ min: 1, max: 6_000 }),
  trialCalls: fc.integer({ min: 1, max: 5 }),
  trialSuccessPercentage: fc.integer({ min: 1, max: 100 }),
  healthIntervalMs: fc.constantFrom(0, 500),
});

/** A circuit with calls under way, judged from outside after each step. */
class Judge {
  readonly #options: BreakerOptions;
  readonly #counts = new RollingCounts(10_000, 10, commandEvents.length);
  readonly #breaker: CircuitBreaker;
  readonly #underWay: number[] = [];
  #nowMs = 0;
  #lastRoundAtMs = 0;

  constructor(given: Partial<BreakerOptions>) {
    this.#options = { ...breakerDefaults, ...given };
    this.#breaker = new CircuitBreaker(() => this.#counts, this.#options);
  }

  take(one: Step): void {
    this.#nowMs += one.waitMs;
    const before = this.#breaker.state.kind;
    const historyBefore = this.#breaker.history.at(-1);
    if (one.do === "start") this.#start();
    else this.#finish(one);
    this.#judgeTurn(before, historyBefore);
  }

  #start(): void {
    const pass = this.#breaker.allow(this.#nowMs);
    const { kind } = this.#breaker.state;
    assert.equal(pass === ordinary, kind === "closed", "ordinary calls are for closed circuits, and only they");
    if (pass > 0) {
      assert.equal(kind, "half-open");
      const left = this.#breaker.state.kind === "half-open" ? this.#breaker.state.left : -1;
      assert.ok(left >= 0 && left < this.#options.trialCalls);
    }
    if (pass !== refused) this.#underWay.push(pass);
  }

  #finish(one: Step): void {
    const [pass] = this.#underWay.splice(one.which % Math.max(1, this.#underWay.length), 1);
    if (pass === undefined) return;
    const before = this.#breaker.state;
    if (one.do === "abandon") this.#breaker.abandoned(pass);
    else if (one.do === "ok") {
      this.#counts.add(At.SUCCESS, this.#nowMs);
      this.#breaker.succeeded(pass, this.#nowMs);
    } else {
      this.#counts.add(At.FAILURE, this.#nowMs);
      this.#breaker.failed(pass, this.#nowMs);
    }
    if (pass === ordinary && before.kind !== "closed") {
      assert.deepEqual(this.#breaker.state, before, "a call from before the opening decides nothing");
    }
  }

  #judgeTurn(before: string, historyBefore: unknown): void {
    const last = this.#breaker.history.at(-1);
    if (last === historyBefore || last === undefined) {
      assert.equal(this.#breaker.state.kind, before, "each turn is in the history");
      return;
    }
    assert.equal(last.to, this.#breaker.state.kind);
    assert.equal(last.atMs, this.#nowMs);
    switch (`${before} ${last.to}`) {
      case "closed open":
        assert.ok(last.requests >= this.#options.requestVolumeThreshold);
        assert.ok(last.errorPercentage >= this.#options.errorThresholdPercentage);
        this.#lastRoundAtMs = this.#nowMs;
        break;
      case "half-open open":
        this.#lastRoundAtMs = this.#nowMs;
        break;
      case "open half-open":
        assert.ok(this.#nowMs - this.#lastRoundAtMs >= this.#options.sleepWindowMs, "not before its sleep is over");
        break;
      case "half-open closed":
        assert.equal(this.#breaker.health(this.#nowMs).requests, 0, "what was before says nothing");
        break;
      default:
        assert.fail(`${before} never turns ${last.to}`);
    }
  }

  /** From wherever it is, time and good calls close it. */
  heal(): void {
    for (let i = 0; i < 20 && this.#breaker.state.kind !== "closed"; i++) {
      this.#nowMs += this.#options.sleepWindowMs;
      for (let call = 0; call < this.#options.trialCalls; call++) {
        const pass = this.#breaker.allow(this.#nowMs);
        if (pass !== refused) this.#breaker.succeeded(pass, this.#nowMs);
      }
    }
    assert.equal(this.#breaker.state.kind, "closed");
  }
}

test("whatever happens, the circuit turns only as it may, and time and good calls close it again", () => {
  fc.assert(
    fc.property(options, fc.array(step, { maxLength: 120 }), (given, steps) => {
      const judge = new Judge(given);
      for (const one of steps) judge.take(one);
      judge.heal();
    }),
    { numRuns: 500 },
  );
});
