import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { isStaged, shareOf, thresholdFor } from "../src/stage/cohort.ts";
import { judge } from "../src/stage/gate.ts";
import { type GateFigures, gateDefaults } from "../src/stage/stage.ts";

const figures = (more: Partial<GateFigures> = {}): GateFigures => ({
  instances: 3,
  unhealthy: 0,
  requests: 1_000,
  errors: 0,
  p99Ms: 40,
  ...more,
});
const none = figures({ instances: 0, requests: 0, p99Ms: null });
const kind = (staged: GateFigures, others = figures(), elapsedMs = 30_000, baseline = none): string =>
  judge(staged, others, baseline, gateDefaults, elapsedMs).kind;

describe("a trial's cohort", () => {
  const ids = Array.from({ length: 40 }, (_, i) => `i-${i}`);
  const staged = (fraction: number, before = 0, instances = ids): string[] => {
    const threshold = thresholdFor("s-1", { fraction }, instances, before);
    const stage = { id: "s-1", scope: {}, steps: [{ fraction }], step: 0, threshold };
    return instances.filter((serverId) => isStaged(stage, { serverId }));
  };

  it("holds exactly the wanted share, rounded up, so that a tenth of six is one", () => {
    assert.equal(staged(0.1).length, 4);
    assert.equal(staged(0.5).length, 20);
    assert.equal(staged(1).length, 40);
    assert.equal(staged(0.1, 0, ids.slice(0, 6)).length, 1);
  });

  it("grows from step to step and nobody leaves it, also while instances come and go", () => {
    const tenth = staged(0.1);
    const before = thresholdFor("s-1", { fraction: 0.1 }, ids, 0);
    const half = staged(0.5, before);
    assert.ok(tenth.every((id) => half.includes(id)));
    const stillHere = ids.slice(10);
    const after = thresholdFor("s-1", { fraction: 0.1 }, [...stillHere, "new-1", "new-2"], before);
    assert.ok(after >= before);
  });

  it("is another one in another trial, and spreads neighbours evenly", () => {
    const many = Array.from({ length: 10_000 }, (_, i) => `i-${i}`);
    for (const id of ["a", "b"]) {
      const low = many.filter((instance) => shareOf(id, instance) < 0.1).length;
      assert.ok(low > 900 && low < 1_100, `${low} of 10,000`);
    }
    const both = many.filter((instance) => shareOf("a", instance) < 0.1 && shareOf("b", instance) < 0.1).length;
    assert.ok(both < 200, `${both} in both`);
  });

  it("takes whole zones, of those that its scope covers, and keeps them at the next step", () => {
    const steps = [{ zones: ["a"] }, { fraction: 0.01 }];
    const stage = { id: "s", scope: { appId: "x" }, steps, step: 1, threshold: 0 };
    assert.equal(isStaged(stage, { appId: "x", zone: "a", serverId: "1" }), true);
    assert.equal(isStaged(stage, { appId: "x", zone: "b", serverId: "1" }), false);
    assert.equal(isStaged(stage, { appId: "y", zone: "a", serverId: "1" }), false);
    assert.equal(isStaged({ ...stage, threshold: 1 }, { appId: "x" }), true);
  });
});

describe("a trial's gate", () => {
  it("passes what does as the others do, once it was watched long enough", () => {
    assert.equal(kind(figures(), figures(), 29_999), "wait");
    assert.equal(kind(figures(), figures(), 30_000), "pass");
    assert.equal(kind(figures({ errors: 100 }), figures({ errors: 90 })), "pass");
  });

  it("needs no more than five requests to see that all fail: callers put such a server out", () => {
    assert.equal(kind(figures({ requests: 5, errors: 5 }), figures(), 1_000), "fail");
    assert.equal(kind(figures({ requests: 5, errors: 5 }), figures({ errors: 900 }), 1_000), "wait");
  });

  it("fails at once by errors, by the 99th percentile, by instances that fall ill", () => {
    assert.equal(kind(figures({ errors: 21 }), figures(), 1_000), "fail");
    assert.equal(kind(figures({ p99Ms: 81 }), figures(), 1_000), "fail");
    assert.equal(kind(figures({ p99Ms: 49 }), figures({ p99Ms: 2 }), 1_000), "wait");
    assert.equal(kind(figures({ unhealthy: 1 }), figures(), 1_000), "fail");
    assert.equal(kind(figures({ unhealthy: 1 }), figures({ unhealthy: 1 }), 1_000), "wait");
  });

  it("does not trust the luck of few requests, and gives up what nobody asks", () => {
    assert.equal(kind(figures({ requests: 4, errors: 4 }), figures(), 1_000), "wait");
    assert.equal(kind(figures({ requests: 19, errors: 9 }), figures(), 1_000), "wait");
    assert.equal(kind(figures({ requests: 99, p99Ms: 900 }), figures(), 1_000), "wait");
    assert.equal(kind(figures({ requests: 0, p99Ms: null }), figures(), 89_999), "wait");
    assert.equal(kind(figures({ requests: 0, p99Ms: null }), figures(), 90_000), "fail");
    const idle = { ...gateDefaults, requestsMin: 0 };
    assert.equal(judge(none, none, none, idle, 30_000).kind, "pass");
  });

  it("compares with the time before when there are no others", () => {
    const before = figures({ requests: 10_000, errors: 500, p99Ms: 100 });
    assert.equal(kind(figures({ errors: 60, p99Ms: 150 }), none, 30_000, before), "pass");
    const verdict = judge(figures({ errors: 90 }), none, before, gateDefaults, 1_000);
    assert.deepEqual(verdict, { kind: "fail", reason: "9 % errors in 1000 requests, they had before 5 %" });
  });
});
