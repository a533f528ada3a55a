import assert from "node:assert/strict";
import { test } from "node:test";
import { Registration, type RegistrationOptions } from "@holdfast/discovery";
import { SeededRandom, silentLog } from "@holdfast/kernel";
import { FakeClock } from "@holdfast/testing";
import { FakeNetwork } from "../fake-network.ts";
import { recordOf } from "../fake-registry.ts";
import { FakeEureka } from "./fake-eureka.ts";

const base = "http://eureka:8761";
const key = "CATALOG/i-1";

function registering(clock: FakeClock, network: FakeNetwork, more: Partial<RegistrationOptions> = {}): Registration {
  const { version: _version, ...record } = recordOf("i-1");
  const options = { registries: [base], transport: network, ...more };
  return new Registration(clock, new SeededRandom(1), silentLog, options, record);
}

function world(): { clock: FakeClock; eureka: FakeEureka; network: FakeNetwork } {
  const clock = new FakeClock();
  const eureka = new FakeEureka();
  const network = new FakeNetwork(clock);
  network.hosts.set(base, eureka.answerer);
  return { clock, eureka, network };
}

const dirtyOf = (body: string): number => Number(JSON.parse(body).instance.lastDirtyTimestamp);

test("where our own call is not known an instance registers in Eureka's words, and renews each thirty seconds", async () => {
  const { clock, eureka, network } = world();
  const registration = registering(clock, network);
  await registration.start();

  assert.deepEqual(registration.state, { kind: "registered", via: "eureka" });
  assert.equal(eureka.instances.get(key)?.status, "UP");
  assert.deepEqual(network.lines(), ["PUT /v1/registry/instances/catalog/i-1", "POST /eureka/apps/CATALOG"]);
  const { instance } = JSON.parse(network.calls[1]?.body ?? "");
  assert.deepEqual(
    [instance.hostName, instance.ipAddr, instance.port, instance.vipAddress, instance.leaseInfo.durationInSecs],
    ["127.1.1.10", "127.1.1.10", { $: 12_000, "@enabled": "true" }, "catalog", 90],
  );

  network.calls.length = 0;
  await clock.advance(90_000);
  assert.ok(network.calls.length >= 2 && network.calls.length <= 4, `${network.calls.length} in 90 s`);
  const beat = `PUT /eureka/apps/CATALOG/i-1?status=UP&lastDirtyTimestamp=${instance.lastDirtyTimestamp}`;
  assert.ok(network.lines().every((line) => line === beat));
  registration.abandon();
});

test("a server that does not know the instance any more is told of it at once", async () => {
  const { clock, eureka, network } = world();
  const registration = registering(clock, network, { kind: "eureka" });
  await registration.start();
  eureka.instances.clear();

  await clock.advance(33_000);

  assert.equal(eureka.instances.get(key)?.status, "UP");
  assert.equal(registration.registered, true);
  registration.abandon();
});

test("a change of status registers again with a later date, even after the wall clock was set back", async () => {
  const { clock, eureka, network } = world();
  const registration = registering(clock, network, { kind: "eureka" });
  await registration.start();
  clock.jumpWall(-3_600_000);

  assert.deepEqual(await registration.setStatus("DOWN", 5_000), { listeners: 0, seen: 0, complete: false });

  assert.equal(eureka.instances.get(key)?.status, "DOWN");
  const dates = network.calls.filter(({ line }) => line.startsWith("POST")).map(({ body }) => dirtyOf(body));
  assert.equal(dates.length, 2);
  assert.ok((dates[1] ?? 0) > (dates[0] ?? 0), dates.join(" "));
  registration.abandon();
});

test("out of service is said so that an Eureka server believes it, and taken back", async () => {
  const { clock, eureka, network } = world();
  const registration = registering(clock, network, { kind: "eureka" });
  await registration.start();

  await registration.setStatus("OUT_OF_SERVICE");
  assert.equal(eureka.instances.get(key)?.status, "OUT_OF_SERVICE");
  assert.equal(eureka.overrides.get(key), "OUT_OF_SERVICE");

  await registration.setStatus("UP");
  assert.equal(eureka.instances.get(key)?.status, "UP");
  assert.equal(eureka.overrides.size, 0);
  registration.abandon();
});

test("stopping takes the instance out, and a registration still under way does not bring it back", async () => {
  const { clock, eureka, network } = world();
  const registration = registering(clock, network, { kind: "eureka" });
  await registration.start();
  eureka.instances.clear();
  let release = (): void => {};
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  const call = network.call.bind(network);
  network.call = async (what) => {
    if (what.method === "POST") await held;
    return call(what);
  };
  await clock.advance(33_000);
  const stopped = registration.stop("stopped");
  release();
  await clock.advance(1_000);
  await stopped;

  assert.equal(network.lines().at(-1), "DELETE /eureka/apps/CATALOG/i-1");
  assert.equal(eureka.instances.size, 0);
  assert.equal(clock.pendingTimers, 0);
});

test("a dead server costs no heartbeat; all of them down, nothing throws and the instance is back soon after them", async () => {
  const { clock, eureka, network } = world();
  const registries = [base, "http://second"];
  const second = new FakeEureka();
  network.hosts.set("http://second", second.answerer);
  const registration = registering(clock, network, { kind: "eureka", registries });
  await registration.start();
  network.hosts.delete(base);
  await clock.advance(33_000);
  assert.equal(second.instances.get(key)?.status, "UP");

  network.hosts.clear();
  await clock.advance(300_000);
  assert.equal(registration.registered, false);
  eureka.instances.clear();
  network.hosts.set(base, eureka.answerer);
  await clock.advance(46_000);
  assert.equal(eureka.instances.get(key)?.status, "UP");
  registration.abandon();
});
