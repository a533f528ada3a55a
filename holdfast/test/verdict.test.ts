import assert from "node:assert/strict";
import { test } from "node:test";
import type { ServiceView, ZoneView } from "@holdfast/wire/control";
import { verdictOf } from "../src/control/verdict.ts";

const zones: ZoneView[] = ["a", "b", "c"].map((letter, i) => ({
  name: `local-1${letter}`,
  region: "local-1",
  key: `1.${i + 1}`,
  agent: "up",
  up: 3,
  total: 3,
}));

function service(name: string, more: Partial<ServiceView> = {}): ServiceView {
  return {
    name,
    kind: "app",
    application: "movies",
    cluster: `movies-${name}`,
    serverGroup: `movies-${name}-v000`,
    state: "healthy",
    reason: "",
    min: 3,
    desired: 3,
    max: 9,
    up: 3,
    zones: {},
    run: "node main.js",
    requestsPerSecond: null,
    errorPercent: null,
    p99Ms: null,
    ...more,
  };
}

test("a healthy stack is one plain sentence without reasons", () => {
  const services = ["api", "catalog", "ratings"].map((name) => service(name));
  const verdict = verdictOf([...services, service("gateway", { kind: "gateway" })], zones);
  assert.deepEqual(verdict, { verdict: "healthy", sentence: "All 3 services healthy in 3 zones", reasons: [] });
  assert.equal(verdictOf([service("api")], zones.slice(0, 1)).sentence, "The 1 service is healthy in 1 zone");
});

test("what is degraded is named with its figures and its reason", () => {
  const reason = "local-1b starting: no answer on 127.1.2.10:12000 yet";
  const verdict = verdictOf([service("api"), service("catalog", { state: "degraded", up: 2, reason })], zones);
  assert.equal(verdict.verdict, "degraded");
  assert.equal(verdict.sentence, `catalog degraded: 2 of 3 up (${reason})`);
  assert.deepEqual(verdict.reasons, [`catalog: 2 of 3 up (${reason})`]);
});

test("the worst comes first, and the others are counted", () => {
  const services = [
    service("api", { state: "starting", up: 0 }),
    service("catalog", { state: "degraded", up: 2 }),
    service("ratings", { state: "down", up: 0, reason: "exited with code 1" }),
  ];
  const verdict = verdictOf(services, zones);
  assert.equal(verdict.verdict, "degraded");
  assert.equal(verdict.sentence, "ratings down: 0 of 3 up (exited with code 1), and 2 more");
});

test("the stack is down when every service is, or when nothing passes requests on", () => {
  assert.equal(verdictOf([service("api", { state: "down", up: 0 })], zones).verdict, "down");
  const gateway = service("gateway", { kind: "gateway", state: "down", up: 0 });
  assert.equal(verdictOf([service("api"), gateway], zones).verdict, "down");
});

test("a stack that is coming up is starting, not degraded", () => {
  const verdict = verdictOf([service("api", { state: "starting", up: 1 })], zones);
  assert.equal(verdict.verdict, "starting");
  assert.equal(verdictOf([], zones).sentence, "No application is deployed yet");
});

test("a silent agent is told although everything serves", () => {
  const silent = zones.map((zone, i) => (i === 1 ? { ...zone, agent: "unreachable" as const } : zone));
  const verdict = verdictOf([service("api"), service("catalog")], silent);
  assert.equal(verdict.verdict, "degraded");
  assert.equal(verdict.sentence, "2 services healthy, but the agent of local-1b does not answer");
});
