import assert from "node:assert/strict";
import { test } from "node:test";
import { SeededRandom } from "@holdfast/kernel";
import { FakeClock } from "@holdfast/testing";
import { HostHealth } from "../../src/outlier/host-health.ts";
import { OutlierDetector } from "../../src/outlier/outlier-detector.ts";
import { type OutlierOptions, outlierOptions } from "../../src/outlier/outlier-options.ts";
import { slowStartShare } from "../../src/outlier/slow-start.ts";

class Pool {
  readonly clock = new FakeClock();
  readonly detector: OutlierDetector;
  readonly hosts: HostHealth[];
  changes = 0;

  constructor(count: number, given: Partial<OutlierOptions> = {}) {
    const options = outlierOptions({ maxEjectionTimeJitter: 0, ...given });
    const times = { ejectionMs: 1_000, ejectionMaxMs: 30_000 };
    this.detector = new OutlierDetector(this.clock, new SeededRandom(3), options, times, () => (this.changes += 1));
    this.hosts = Array.from({ length: count }, (_, i) => new HostHealth(`h${i}`, this.detector));
    this.detector.watch(this.hosts);
  }

  host(i: number): HostHealth {
    return this.hosts[i] ?? assert.fail();
  }

  /** `good` calls of each host succeed and `bad` of those named are answered 500, one after the other. */
  interval(good: number, bad: ReadonlyMap<number, number>, startMs: number): void {
    for (const [i, host] of this.hosts.entries()) {
      const failing = bad.get(i) ?? 0;
      for (let n = 0; n < good + failing; n++) {
        // Spread evenly, so that few are in a row.
        const isBad = Math.floor(((n + 1) * failing) / (good + failing)) > Math.floor((n * failing) / (good + failing));
        if (isBad) host.answeredBadly(500, startMs + 1);
        else host.succeeded(startMs + 1);
      }
    }
  }
}

test("five 5xx in a row put a server out for 5 s, the next time for 10 s; a success in between starts anew", () => {
  const pool = new Pool(3);
  const host = pool.host(0);
  for (let i = 0; i < 4; i++) host.answeredBadly(500, i);
  host.succeeded(4);
  for (let i = 0; i < 4; i++) host.answeredBadly(500, 5 + i);
  assert.equal(host.standing(9), "usable");
  host.answeredBadly(500, 10);
  assert.equal(host.ejectedUntilMs, 5_010);
  assert.equal(host.standing(5_009), "ejected");
  assert.equal(host.standing(5_010), "returning");
  host.started();
  assert.equal(host.isOnTrial, true);
  host.answeredBadly(500, 5_020);
  assert.equal(host.ejectedUntilMs, 15_020);
  assert.match(host.why, /its trial call was answered 500/);
  host.started();
  host.succeeded(15_030);
  assert.equal(host.standing(15_030), "usable");
  assert.deepEqual(
    pool.detector.history.map(({ what, why }) => `${what}: ${why}`),
    [
      "ejected: 5 answers 5xx in a row: out for 5000 ms",
      "ejected: its trial call was answered 500: out for 10000 ms",
      "returned: its trial call was answered",
    ],
  );
});

test("of 502, 503 and 504 so many in a row count by a number of their own", () => {
  const host = new Pool(3, { consecutiveGatewayFailure: 2 }).host(0);
  host.answeredBadly(503, 0);
  host.answeredBadly(500, 0);
  host.answeredBadly(504, 0);
  assert.equal(host.standing(0), "usable");
  host.answeredBadly(502, 0);
  assert.match(host.why, /2 answers 502–504 in a row/);
});

test("a rule that is not enforced puts nobody out", () => {
  const host = new Pool(3, { enforcingConsecutive5xx: 0, enforcingConsecutiveGatewayFailure: 0 }).host(0);
  for (let i = 0; i < 100; i++) host.answeredBadly(503, 0);
  assert.equal(host.standing(0), "usable");
});

test("a refused connection puts a server out at once, for a second, then two, at most thirty, and long good service forgives", () => {
  const host = new Pool(3).host(0);
  let nowMs = 0;
  for (const ms of [1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000]) {
    host.broke("could not be connected to", nowMs);
    assert.equal(host.ejectedUntilMs - nowMs, ms);
    nowMs += ms;
  }
  host.succeeded(nowMs + 1);
  host.succeeded(nowMs + 40_000);
  host.broke("could not be connected to", nowMs + 40_001);
  assert.equal(host.ejectedUntilMs, nowMs + 41_001);
  assert.match(host.why, /could not be connected to/);
});

test("at most so many are out for their answers, at least one; those out of reach are out however many they are", () => {
  for (const [count, percent, most] of [
    [3, 50, 1],
    [10, 50, 5],
    [4, 10, 1],
    [1, 50, 1],
  ] as const) {
    const pool = new Pool(count, { maxEjectionPercent: percent });
    for (const host of pool.hosts) for (let i = 0; i < 5; i++) host.answeredBadly(500, 0);
    assert.equal(
      pool.hosts.filter((host) => host.standing(0) === "ejected").length,
      most,
      `${count} hosts, ${percent} %`,
    );
    for (const host of pool.hosts) host.broke("reset", 1);
    assert.equal(pool.hosts.filter((host) => host.standing(1) === "ejected").length, count);
  }
});

test("a server whose success rate lies far below the others' is out, with the numbers", () => {
  const pool = new Pool(6);
  pool.interval(1, new Map(), 0);
  pool.interval(100, new Map([[2, 40]]), 1_000);
  assert.equal(pool.host(2).standing(2_000), "usable");
  pool.host(0).succeeded(10_001);
  assert.equal(pool.host(2).standing(10_001), "ejected");
  assert.match(
    pool.host(2).why,
    /^71\.6 % of its 141 calls succeeded, of the others' 95\.\d % \(less than 75\.\d % is out\)$/,
  );
  assert.equal(pool.hosts.filter((host) => host.standing(10_001) === "ejected").length, 1);
});

test("with few servers or few calls success rates are not compared", () => {
  for (const [count, calls] of [
    [4, 200],
    [6, 90],
  ] as const) {
    const pool = new Pool(count);
    pool.interval(1, new Map(), 0);
    pool.interval(calls - 60, new Map([[1, 60]]), 1_000);
    pool.host(0).succeeded(10_001);
    assert.ok(
      pool.hosts.every((host) => host.standing(10_001) === "usable"),
      `${count} hosts, ${calls} calls`,
    );
  }
});

test("of whose calls most have failed is out, where that is enforced", () => {
  for (const enforcingFailurePercentage of [0, 100]) {
    const given = { enforcingFailurePercentage, enforcingSuccessRate: 0, consecutive5xx: 1_000 };
    const pool = new Pool(5, given);
    pool.interval(1, new Map(), 0);
    pool.interval(7, new Map([[3, 60]]), 1_000);
    for (const host of pool.hosts) for (let i = 0; i < 60; i++) if (host !== pool.host(3)) host.succeeded(2_000);
    pool.host(0).succeeded(10_001);
    const standing = pool.host(3).standing(10_001);
    assert.equal(standing, enforcingFailurePercentage === 0 ? "usable" : "ejected");
  }
});

test("a server that asks to be left alone is, and the next interval in use forgives an ejection", () => {
  const pool = new Pool(3);
  const host = pool.host(0);
  host.rest(3_000, 0);
  assert.equal(host.standing(2_999), "ejected");
  assert.equal(host.standing(3_000), "returning");
  assert.match(host.why, /Retry-After/);
  host.succeeded(3_001);
  for (let i = 0; i < 5; i++) host.answeredBadly(500, 3_002);
  assert.equal(host.ejectedUntilMs, 8_002);
  host.succeeded(8_003);
  host.succeeded(13_002);
  host.succeeded(23_003);
  for (let i = 0; i < 5; i++) host.answeredBadly(500, 23_004);
  assert.equal(host.ejectedUntilMs, 28_004);
});

test("one silence is forgiven, two in a row are not; while it returns, one is too many", () => {
  const host = new Pool(3).host(0);
  host.keptSilent(250, 0);
  assert.equal(host.standing(0), "usable");
  host.keptSilent(250, 1);
  assert.equal(host.ejectedUntilMs, 1_001);
  host.started();
  host.keptSilent(250, 1_002);
  assert.equal(host.ejectedUntilMs, 3_002);
});

test("whatever happens: ejections end, who only succeeds is never out, no more are out than allowed", () => {
  for (let seed = 1; seed <= 200; seed++) {
    const random = new SeededRandom(seed);
    const pool = new Pool(2 + random.below(8), { maxEjectionPercent: 10 * random.below(11) });
    const good = pool.host(0);
    const most = Math.max(1, Math.floor((pool.hosts.length * pool.detector.options.maxEjectionPercent) / 100));
    let nowMs = 0;
    for (let step = 0; step < 400; step++) {
      nowMs += random.below(400);
      const host = pool.host(random.below(pool.hosts.length));
      if (host === good) host.succeeded(nowMs);
      else {
        host.started();
        const what = random.below(10);
        if (what < 3) host.answeredBadly(500 + random.below(5), nowMs);
        else if (what < 5) host.succeeded(nowMs);
        else if (what < 6) host.released();
        else host.answeredBadly(500, nowMs);
      }
      const out = pool.hosts.filter((one) => one.standing(nowMs) === "ejected");
      assert.ok(out.length <= most, `seed ${seed}: ${out.length} out, ${most} allowed`);
      assert.ok(
        out.every((one) => one.ejectedUntilMs - nowMs <= 300_000 && one.why !== ""),
        `seed ${seed}`,
      );
      assert.equal(good.standing(nowMs), "usable", `seed ${seed}`);
    }
  }
});

test("absurd options are refused by their path", () => {
  for (const [given, path] of [
    [{ maxEjectionPercent: 101 }, "outlier.maxEjectionPercent"],
    [{ consecutive5xx: 0 }, "outlier.consecutive5xx"],
    [{ interval: Number.NaN }, "outlier.interval"],
    [{ baseEjectionTime: -1 }, "outlier.baseEjectionTime"],
    [{ successRateMinimumHosts: 2.5 }, "outlier.successRateMinimumHosts"],
  ] as const) {
    assert.throws(
      () => outlierOptions(given),
      (error: Error) => error.message.includes(path),
      path,
    );
  }
});

test("a new server's share grows from a tenth to all of it", () => {
  const shares = [0, 500, 2_500, 4_999, 5_000, 9_000].map((ms) => slowStartShare(ms, 5_000));
  assert.deepEqual(shares, [0.1, 0.1, 0.5, 0.9998, 1, 1]);
  assert.ok(slowStartShare(1_250, 5_000, 2) === 0.5);
  assert.equal(slowStartShare(0, 0), 1);
  assert.equal(slowStartShare(Number.POSITIVE_INFINITY, 5_000), 1);
});
