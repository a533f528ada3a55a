import assert from "node:assert/strict";
import { test } from "node:test";
import { SeededRandom, silentLog } from "@holdfast/kernel";
import { FakeClock } from "@holdfast/testing";
import { EurekaExpiry, eurekaExpiryDefaults } from "../src/compat/eureka-expiry.ts";
import type { ExpiredLease, PeerReach } from "../src/expiry-policy.ts";
import { Registry } from "../src/registry.ts";
import { recordOf } from "./records.ts";

const reach: PeerReach = { anyDown: false, allDown: false, anyPeers: false };
const minuteMs = 60_000;

function policyOf(registered: number, more: Partial<typeof eurekaExpiryDefaults> = {}, seed = 1): EurekaExpiry {
  const policy = new EurekaExpiry(new SeededRandom(seed), { ...eurekaExpiryDefaults, ...more });
  for (let i = 0; i < registered; i++) policy.registered();
  return policy;
}

function expired(count: number, probed?: "dead" | "alive"): ExpiredLease[] {
  return Array.from({ length: count }, (_, i) => {
    return { key: `catalog/i-${i}`, app: "catalog", zone: "z", leaseMs: 180_000, direct: true, probed };
  });
}

/** `count` heartbeats in the first minute, as seen in the second. */
function renew(policy: EurekaExpiry, count: number): void {
  policy.renewed(0);
  for (let i = 1; i < count; i++) policy.renewed(1);
}

function choose(policy: EurekaExpiry, leases: ExpiredLease[], total: number, nowMs = minuteMs): [number, number] {
  const { end, held } = policy.choose(leases, { total, byApp: new Map(), byGroup: new Map() }, reach, nowMs);
  return [end.length, held.length];
}

test("the threshold is 85 % of two heartbeats a minute for each that has registered and not left, rounded down", () => {
  const threshold = (registered: number): number => policyOf(registered).renewals(0).threshold;
  assert.deepEqual([0, 1, 3, 10, 100].map(threshold), [0, 1, 5, 17, 170]);
  const policy = policyOf(10);
  for (let i = 0; i < 4; i++) policy.removed();
  assert.equal(policy.renewals(0).threshold, 10);
  for (let i = 0; i < 20; i++) policy.removed();
  assert.equal(policy.renewals(0).threshold, 0, "never below nothing");
});

test("the threshold follows the interval that clients are expected to keep", () => {
  assert.equal(policyOf(10, { expectedClientRenewalIntervalSeconds: 10 }).renewals(0).threshold, 51);
  assert.equal(policyOf(10, { renewalPercentThreshold: 0.5 }).renewals(0).threshold, 10);
});

test("nothing ends while the heartbeats of the last minute are not above the threshold", () => {
  const policy = policyOf(10);
  renew(policy, 17);
  assert.deepEqual(policy.renewals(minuteMs), { lastMinute: 17, threshold: 17 });
  assert.deepEqual(choose(policy, expired(1), 10), [0, 1]);

  const enough = policyOf(10);
  renew(enough, 18);
  assert.deepEqual(choose(enough, expired(1), 10), [1, 0]);
});

test("without self-preservation leases end however few heartbeats there are", () => {
  assert.deepEqual(choose(policyOf(10, { enableSelfPreservation: false }), expired(1), 10), [1, 0]);
});

test("what is probed dead ends though everything else is kept, and does not count towards a run's share", () => {
  assert.deepEqual(choose(policyOf(10), expired(3, "dead"), 10), [3, 0]);
  const policy = policyOf(20);
  renew(policy, 100);
  const both = [...expired(5, "dead"), ...expired(5).map((lease) => ({ ...lease, key: `other/${lease.key}` }))];
  assert.deepEqual(choose(policy, both, 20), [8, 2]);
});

test("one run ends 15 % of the registry at most", () => {
  for (const [total, limit] of [
    [100, 15],
    [20, 3],
    [7, 2],
    [1, 1],
  ] as const) {
    const policy = policyOf(total);
    renew(policy, total * 2);
    assert.deepEqual(choose(policy, expired(total), total), [limit, total - limit], `of ${total}`);
  }
});

test("who ends in a run is a fair choice, the same for the same seed", () => {
  const chosen = (seed: number): string[] => {
    const policy = policyOf(20, {}, seed);
    renew(policy, 100);
    const { end } = policy.choose(expired(20), { total: 20, byApp: new Map(), byGroup: new Map() }, reach, minuteMs);
    return end.map((lease) => lease.key);
  };
  assert.deepEqual(chosen(7), chosen(7));
  const counts = new Map<string, number>();
  for (let seed = 0; seed < 400; seed++) {
    const keys = chosen(seed);
    assert.equal(new Set(keys).size, 3);
    for (const key of keys) counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  // 60 each are to be expected; six standard deviations are 43.
  for (const lease of expired(20)) {
    const count = counts.get(lease.key) ?? 0;
    assert.ok(count > 17 && count < 103, `${lease.key} ${count} times`);
  }
});

test("a run is due each minute, and one that comes late adds its lateness to every lease", () => {
  const policy = policyOf(1);
  assert.equal(policy.due(500), undefined);
  assert.equal(policy.due(60_499), undefined);
  assert.equal(policy.due(60_500), 0);
  assert.equal(policy.due(120_499), undefined);
  assert.equal(policy.due(150_500), 30_000);
  assert.equal(policy.due(200_000), undefined);
});

test("every fifteen minutes the expectation follows the registry, unless that has shrunk below 85 % of it", () => {
  const after = (total: number, nowMs: number, more: Partial<typeof eurekaExpiryDefaults> = {}): number => {
    const policy = policyOf(100, more);
    choose(policy, [], total, nowMs);
    return policy.renewals(nowMs).threshold;
  };
  assert.equal(after(120, 899_999), 170, "not before");
  assert.equal(after(120, 900_000), 204);
  assert.equal(after(86, 900_000), 146);
  assert.equal(after(85, 900_000), 170, "it may be that the registry is the one cut off");
  assert.equal(after(20, 900_000, { enableSelfPreservation: false }), 34);
});

test("heartbeats are counted by whole minutes: the answer is the last full one", () => {
  const policy = policyOf(1);
  for (let second = 0; second < 60; second += 10) policy.renewed(second * 1_000);
  assert.equal(policy.renewals(59_999).lastMinute, 0);
  assert.equal(policy.renewals(60_000).lastMinute, 6);
  assert.equal(policy.renewals(119_999).lastMinute, 6);
  assert.equal(policy.renewals(120_000).lastMinute, 0);
  assert.equal(policy.renewals(600_000).lastMinute, 0);
});

test("in compat a lease of 90 s ends after twice that, at the next run of each minute, as with Netflix", async () => {
  const clock = new FakeClock();
  const settings = { name: "a", peers: [], profile: "compat" } as const;
  const registry = new Registry(clock, new SeededRandom(1), silentLog, settings);
  void registry.start();
  await clock.advance(100);
  for (let i = 0; i < 20; i++) registry.register(recordOf(`i-${i}`));
  let goneMs = 0;
  for (let second = 1; second <= 400; second++) {
    if (second % 30 === 0) {
      for (let i = 1; i < 20; i++) registry.renewOwn("catalog", `i-${i}`, { incarnation: 1_000, version: 1 });
    }
    await clock.advance(1_000);
    if (goneMs === 0 && registry.size < 20) goneMs = second * 1_000;
  }
  assert.equal(registry.size, 19);
  assert.ok(goneMs > 180_000 && goneMs <= 241_000, `gone after ${goneMs} ms`);
  const { threshold, renewsLastMinute, engaged } = registry.preservation();
  assert.deepEqual([threshold, renewsLastMinute, engaged], [32, 38, false]);
  const closing = registry.close();
  await clock.advance(1_000);
  await closing;
});
