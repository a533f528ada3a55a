import assert from "node:assert/strict";
import { test } from "node:test";
import { Registration, type RegistrationOptions } from "@holdfast/discovery";
import { type Log, OptionError, SeededRandom, silentLog } from "@holdfast/kernel";
import { FakeClock } from "@holdfast/testing";
import type { InstanceRecord } from "@holdfast/wire";
import { View } from "../src/view.ts";
import { type Answerer, FakeNetwork } from "./fake-network.ts";
import { recordOf } from "./fake-registry.ts";

const base = "http://registry";
const ok = { status: 204 };

function registering(
  clock: FakeClock,
  network: FakeNetwork,
  more: Partial<RegistrationOptions> = {},
  seed = 1,
): Registration {
  const { version: _version, ...record } = recordOf("i-1");
  const options = { registries: [base], transport: network, ...more };
  return new Registration(clock, new SeededRandom(seed), silentLog, options, record);
}

/** A registry at which a later start, if any, holds the id. */
function heldBy(incarnation: () => number | undefined): Answerer {
  return ({ method }) => {
    const holder = incarnation();
    if (method === "GET") {
      return holder === undefined ? { status: 404 } : { status: 200, text: JSON.stringify({ incarnation: holder }) };
    }
    return holder === undefined ? ok : { status: 409, text: '{"code":"INSTANCE_OLDER"}' };
  };
}

test("a process frozen past its lease comes back with its first beat as the same identity; callers see one", async () => {
  const clock = new FakeClock();
  const network = new FakeNetwork(clock);
  network.hosts.set(base, () => ok);
  const registration = registering(clock, network);
  await registration.start();
  const view = new View();
  view.replace([registration.record]);

  clock.freeze(60_000);
  network.hosts.set(base, ({ method }) => (method === "POST" ? { status: 404 } : ok));
  await clock.advance(0);

  assert.deepEqual(
    network.lines().map((line) => line.split(" ")[0]),
    ["PUT", "POST", "PUT"],
  );
  const [first, , last] = network.calls.map(({ body }): Partial<InstanceRecord> => JSON.parse(body));
  assert.equal(last?.incarnation, first?.incarnation);
  assert.ok(Number(last?.version) > Number(first?.version));
  view.apply({ cursor: "", upserts: [registration.record], removals: [] });
  assert.deepEqual(view.instances("catalog"), [registration.record]);
  assert.equal(registration.registered, true);
  registration.abandon();
});

test("of two processes that claim one id the earlier start is told, stops, and takes nothing out", async () => {
  const clock = new FakeClock();
  const network = new FakeNetwork(clock);
  network.hosts.set(base, () => ok);
  const told: number[] = [];
  const registration = registering(clock, network, { onSuperseded: (by) => told.push(by) });
  await registration.start();
  network.hosts.set(
    base,
    heldBy(() => 2_000),
  );

  await clock.advance(600_000);

  const { kind } = registration.state;
  assert.equal(kind, "superseded");
  assert.deepEqual(told, [2_000]);
  const claims = network.lines().filter((line) => !line.startsWith("GET"));
  assert.equal(claims.length, 3, claims.join("\n"));
  assert.deepEqual(await registration.setStatus("DOWN", 1_000), { listeners: 0, seen: 0, complete: false });
  await registration.stop("stopped");
  assert.equal(network.lines().filter((line) => !line.startsWith("GET")).length, 3);
  assert.equal(clock.pendingTimers, 0);
});

test("once nobody has held its id for two looks, a superseded process claims it again, as the latest start of all", async () => {
  const clock = new FakeClock();
  const network = new FakeNetwork(clock);
  let holder: number | undefined = 2_000;
  network.hosts.set(
    base,
    heldBy(() => holder),
  );
  const registration = registering(clock, network);
  await registration.start();
  assert.equal(registration.state.kind, "superseded");

  // A registry that comes back empty does not name the other one at once: one look is not enough.
  holder = undefined;
  await clock.advance(33_000);
  holder = 2_000;
  await clock.advance(33_000);
  holder = undefined;
  await clock.advance(33_000);
  assert.equal(registration.state.kind, "superseded");
  await clock.advance(33_000);

  assert.equal(registration.registered, true);
  // Later also than whoever came and went between two looks.
  const lateMs = clock.wallMs() - registration.record.incarnation;
  assert.ok(lateMs >= 0 && lateMs < 33_000, `${lateMs} ms`);
  registration.abandon();
});

test("a removal of this very start is contradicted, and is no other process", async () => {
  const clock = new FakeClock();
  const network = new FakeNetwork(clock);
  network.hosts.set(base, ({ method, body }) => {
    if (method === "GET") return { status: 404 };
    const { version }: InstanceRecord = JSON.parse(body ?? "");
    return version > 1 ? ok : { status: 409, text: '{"code":"INSTANCE_OLDER"}' };
  });
  const registration = registering(clock, network);
  await registration.start();

  await clock.advance(300);

  assert.deepEqual(registration.state, { kind: "registered", via: "native" });
  assert.equal(registration.record.version, 2);
  registration.abandon();
});

/** The most calls of `calls` that fell into one slice of 100 ms. */
function mostAtOnce(calls: readonly { readonly atMs: number }[]): number {
  const slices = Object.values(Object.groupBy(calls, ({ atMs }) => Math.floor(atMs / 100)));
  return Math.max(...slices.map((slice) => slice?.length ?? 0));
}

/** Two thousand that start in the same moment: nothing but their own jitter sets them apart. */
async function startTogether(clock: FakeClock, network: FakeNetwork): Promise<readonly Registration[]> {
  const all = Array.from({ length: 2_000 }, (_, seed) => registering(clock, network, {}, seed + 1));
  await Promise.all(all.map((one) => one.start()));
  network.calls.length = 0;
  return all;
}

test("two thousand that lost all registries together come back spread out", async (t) => {
  const clock = new FakeClock();
  const network = new FakeNetwork(clock);
  network.hosts.set(base, () => ok);
  const all = await startTogether(clock, network);
  await clock.advance(6_000);
  network.hosts.delete(base);
  await clock.advance(8_000);
  assert.equal(all.filter((one) => one.registered).length, 0);
  network.calls.length = 0;
  network.hosts.set(base, () => ok);

  await clock.advance(5_000);

  const first = network.calls.filter(({ line }) => line.startsWith("PUT"));
  assert.equal(first.length, 2_000);
  assert.equal(all.filter((one) => one.registered).length, 2_000);
  // Heartbeats alone are 2 000 / 3 s = 67 in each 100 ms.
  const most = mostAtOnce(first);
  t.diagnostic(`at most ${most} of 2 000 first registrations within 100 ms`);
  assert.ok(most <= 120, `${most} within 100 ms`);
  for (const one of all) one.abandon();
});

test("two thousand that started in one moment do not beat in one moment", async (t) => {
  const clock = new FakeClock();
  const network = new FakeNetwork(clock);
  network.hosts.set(base, () => ok);
  const all = await startTogether(clock, network);

  await clock.advance(3_001);

  assert.ok(network.calls.length >= 2_000);
  const most = mostAtOnce(network.calls);
  t.diagnostic(`at most ${most} of 2 000 first heartbeats within 100 ms`);
  assert.ok(most <= 140, `${most} within 100 ms`);
  for (const one of all) one.abandon();
});

test("two thousand that started in one moment, before their registries, do not register in one moment", async (t) => {
  const clock = new FakeClock();
  const network = new FakeNetwork(clock);
  const all = await startTogether(clock, network);
  await clock.advance(5_000);
  network.calls.length = 0;
  network.hosts.set(base, () => ok);

  await clock.advance(2_000);

  const first = network.calls.filter(({ line }) => line.startsWith("PUT"));
  assert.equal(first.length, 2_000);
  const most = mostAtOnce(first);
  t.diagnostic(`at most ${most} of 2 000 first registrations within 100 ms`);
  // Each tries about once a second: 200 in each 100 ms.
  assert.ok(most <= 280, `${most} within 100 ms`);
  for (const one of all) one.abandon();
});

test("a registry that hangs costs a beat one and a half seconds once; later beats go to the one that answers", async () => {
  const clock = new FakeClock();
  const network = new FakeNetwork(clock);
  network.hosts.set(base, () => "hangs");
  network.hosts.set("http://next", () => ok);
  const registration = registering(clock, network, { registries: [base, "http://next"] });
  const started = registration.start();
  await clock.advance(1_500);
  await started;
  assert.equal(registration.registered, true);

  await clock.advance(12_000);

  assert.equal(network.lines(base).length, 1);
  assert.ok(network.lines("http://next").length >= 4);
  registration.abandon();
});

test("a wall clock that jumps changes neither beats nor identity", async () => {
  const clock = new FakeClock();
  const network = new FakeNetwork(clock);
  network.hosts.set(base, () => ok);
  const registration = registering(clock, network);
  await registration.start();
  const { record } = registration;

  for (const jumpMs of [3_600_000, -7_200_000]) {
    clock.jumpWall(jumpMs);
    const before = network.calls.length;
    await clock.advance(30_000);
    const beats = network.calls.length - before;
    assert.ok(beats >= 9 && beats <= 12, `${beats} beats`);
  }
  assert.equal(registration.record, record);
  registration.abandon();
});

test("a registry whose URL cannot be used is refused by name, and its password is not told", () => {
  for (const url of ["registry:8761", "ftp://u:secret@h", "http://u:secret@:0:0"]) {
    assert.throws(
      () => registering(new FakeClock(), new FakeNetwork(new FakeClock()), { registries: [base, url] }),
      (error) => error instanceof OptionError && /registries\[1\]/.test(error.message) && !/secret/.test(error.message),
    );
  }
});

test("the same refusal is logged once, however often it is met", async () => {
  const clock = new FakeClock();
  const network = new FakeNetwork(clock);
  network.hosts.set(base, () => ({ status: 400, text: '{"code":"BODY_INVALID","detail":"port: must be a port"}' }));
  const events: string[] = [];
  const note = (event: string): void => void events.push(event);
  const { version: _version, ...record } = recordOf("i-1");
  const log: Log = { ...silentLog, warn: note, error: note };
  const options = { registries: [base], transport: network };
  const registration = new Registration(clock, new SeededRandom(1), log, options, record);
  await registration.start();
  await clock.advance(20_000);

  assert.ok(network.calls.length > 10);
  assert.deepEqual(events, ["registration.refused"]);
  registration.abandon();
});
