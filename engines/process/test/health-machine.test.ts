import assert from "node:assert/strict";
import { test } from "node:test";
import { FakeClock } from "@holdfast/testing";
import { healthCheckDefaults } from "@holdfast/wire";
import { HealthMachine, type ProbeResult } from "../src/agent/health-machine.ts";
import { diagnosePort } from "../src/agent/port-diagnosis.ts";

const healthy: ProbeResult = { kind: "healthy", detail: "fine" };
const failed: ProbeResult = { kind: "failed", code: "UNHEALTHY", detail: "nothing listens" };
const check = { ...healthCheckDefaults, intervalMs: 2_000, startTimeoutMs: 5_000, unhealthyAfter: 2 };
const fresh = { startedAtMs: 0, healthyBefore: false };

test("looks begin at 50 ms, grow to 250 ms, and calm down to the interval once healthy", () => {
  const machine = new HealthMachine(check, fresh);
  const delays: number[] = [];
  for (let i = 0; i < 6; i++) {
    delays.push(Math.round(machine.nextDelayMs));
    machine.observe(failed, 100);
  }
  machine.observe(healthy, 200);
  assert.deepEqual(delays, [50, 75, 113, 169, 250, 250]);
  assert.equal(machine.nextDelayMs, 2_000);
});

test("an instance that never gets healthy is given up after its start timeout, with the last reason", async () => {
  const clock = new FakeClock();
  const machine = new HealthMachine(check, fresh);
  const states: string[] = [];
  while (clock.monotonicMs() < 6_000) {
    await clock.advance(machine.nextDelayMs);
    states.push(machine.observe(failed, clock.monotonicMs()).state);
  }
  assert.equal(states[0], "starting");
  assert.deepEqual(machine.verdict, {
    state: "unhealthy",
    reasonCode: "START_TIMEOUT",
    reason: "not healthy within 5 s of its start: nothing listens",
  });
});

test("one failed look is not enough to be unhealthy, the next comes soon, and a good one makes it up again", () => {
  const machine = new HealthMachine(check, fresh);
  machine.observe(healthy, 100);
  assert.equal(machine.observe(failed, 200).state, "up");
  assert.equal(machine.nextDelayMs, 500);
  assert.equal(machine.observe(failed, 300).state, "unhealthy");
  assert.equal(machine.verdict.reason, "2 checks in a row failed: nothing listens");
  assert.equal(machine.observe(healthy, 400).state, "up");
  assert.equal(machine.observe(failed, 500).state, "up");
});

test("a look during which the agent was held up changes nothing", () => {
  const machine = new HealthMachine(check, fresh);
  machine.observe(healthy, 100);
  machine.observe(failed, 200);
  assert.equal(machine.observe({ kind: "unknown" }, 9_000).state, "up");
});

test("an adopted healthy instance stays up until looks fail", () => {
  const machine = new HealthMachine(check, { startedAtMs: -60_000, healthyBefore: true });
  assert.equal(machine.verdict.state, "up");
  assert.equal(machine.observe(failed, 10).state, "up");
  assert.equal(machine.observe(failed, 20).state, "unhealthy");
});

test("a diagnosis replaces the plain reason until it is healthy, and outlives the start timeout", () => {
  const machine = new HealthMachine(check, fresh);
  machine.observe(failed, 100);
  machine.diagnose("PORT_IGNORED", "x listens on 0.0.0.0:3000");
  assert.deepEqual(machine.observe(failed, 200), {
    state: "starting",
    reasonCode: "PORT_IGNORED",
    reason: "x listens on 0.0.0.0:3000",
  });
  assert.equal(machine.observe(failed, 6_000).reasonCode, "PORT_IGNORED");
  assert.equal(machine.verdict.state, "unhealthy");
  assert.equal(machine.observe(healthy, 6_100).reasonCode, "HEALTHY");
});

const spec = { service: "catalog", address: "127.1.1.10", port: 12_001, adminPort: 12_002 };
const listener = (localAddress: string, localPort: number) =>
  ({ localAddress, localPort, remotePort: 0, state: "listen", inode: "1" }) as const;

test("a program on another port is told to read PORT and HOST", () => {
  assert.equal(
    diagnosePort(spec, [listener("0.0.0.0", 3_000)])?.reason,
    "catalog listens on 0.0.0.0:3000 instead of PORT=12001: read process.env.PORT and HOST",
  );
});

test("a program on another address is told to read HOST", () => {
  assert.match(diagnosePort(spec, [listener("127.0.0.1", 12_001)])?.reason ?? "", /instead of HOST=127\.1\.1\.10/);
});

test("the wildcard on the right port is fine, as is listening nowhere yet", () => {
  assert.equal(diagnosePort(spec, [listener("::", 12_001), listener("127.0.0.1", 9_229)]), undefined);
  assert.equal(diagnosePort(spec, []), undefined);
});
