import assert from "node:assert/strict";
import { test } from "node:test";
import { SeededRandom, silentLog } from "@holdfast/kernel";
import { Registry, type Replica, type ReplicateAnswer } from "@holdfast/registry-server";
import { FakeClock } from "@holdfast/testing";
import type { RegistryProfile } from "@holdfast/wire";
import { ReadGate } from "../../src/compat/read-gate.ts";
import { recordOf } from "../records.ts";

/** What a peer does when it is asked for all it knows. */
type Peer = "hangs" | "refuses" | ReplicateAnswer;

const empty: ReplicateAnswer = { replicas: [], unknown: [], synced: true };
const unsynced: ReplicateAnswer = { ...empty, synced: false };
const replica: Replica = { kind: "record", record: recordOf("i-1", { leaseMs: 3_600_000 }), ageMs: 0 };

/** The real registry with peers that are played. */
async function setUp(profile: RegistryProfile, ...peers: Peer[]) {
  const clock = new FakeClock();
  const urls = peers.map((_, i) => `http://peer-${i}:8761`);
  const reach = (url: string) => async (): Promise<ReplicateAnswer> => {
    const peer = peers[urls.indexOf(url)] ?? "hangs";
    if (peer === "refuses") throw new Error("connect ECONNREFUSED");
    return peer === "hangs" ? new Promise(() => {}) : peer;
  };
  const registry = new Registry(clock, new SeededRandom(1), silentLog, { name: "a", peers: urls, profile }, undefined, {
    reach,
  });
  const gate = new ReadGate(clock, registry, profile);
  void registry.start();
  await clock.advance(100);
  return {
    clock,
    registry,
    gate,
    [Symbol.asyncDispose]: async (): Promise<void> => {
      gate.close();
      const closing = registry.close();
      await clock.advance(10_000);
      await closing;
    },
  };
}

function kinds(gate: ReadGate): string[] {
  return [gate.read(), gate.write()].map((answer) => (answer.kind === "refuse" ? String(answer.status) : answer.kind));
}

test("a registry whose peers have told it all is open", async () => {
  for (const profile of ["fast", "compat"] as const) {
    await using world = await setUp(profile, { ...empty, replicas: [replica] });
    assert.deepEqual(kinds(world.gate), ["open", "open"], profile);
  }
});

test("one that still asks its peers takes what instances say, and sends readers to a peer that is up", async () => {
  await using world = await setUp("fast", "hangs", unsynced);
  assert.deepEqual(world.gate.read(), { kind: "redirect", base: "http://peer-1:8761" });
  assert.equal(world.gate.write().kind, "open");
  await using alone = await setUp("fast", "hangs");
  assert.deepEqual(kinds(alone.gate), ["503", "open"]);
});

test("in profile compat it answers readers 403, as Netflix does", async () => {
  await using world = await setUp("compat", "hangs", unsynced);
  assert.deepEqual(kinds(world.gate), ["403", "open"]);
});

test("one that drains sends everybody to a peer that is up, and says so when there is none", async () => {
  for (const profile of ["fast", "compat"] as const) {
    await using world = await setUp(profile, "refuses", { ...empty, replicas: [replica] });
    assert.deepEqual(kinds(world.gate), ["open", "open"]);
    world.registry.drain();
    assert.deepEqual(world.gate.write(), { kind: "redirect", base: "http://peer-1:8761" });
    assert.deepEqual(kinds(world.gate), ["redirect", "redirect"]);

    await using alone = await setUp(profile);
    assert.deepEqual(kinds(alone.gate), ["open", "open"]);
    alone.registry.drain();
    assert.deepEqual(kinds(alone.gate), ["503", "503"]);
  }
});

test("in profile compat a registry whose peers had nothing to tell answers no reader for five minutes", async () => {
  await using world = await setUp("compat", empty);
  const { clock, registry, gate } = world;
  assert.deepEqual(kinds(gate), ["403", "open"]);
  const { incarnation: _i, version: _v, ...record } = recordOf("i-2");
  registry.put(record, "eureka");
  assert.deepEqual(kinds(gate), ["403", "open"]);
  await clock.advance(300_000 - 200);
  assert.deepEqual(kinds(gate), ["403", "open"]);
  await clock.advance(200);
  assert.deepEqual(kinds(gate), ["open", "open"]);
});

test("that wait ends when a peer tells something; there is none without peers, or in profile fast", async () => {
  await using world = await setUp("compat", empty);
  assert.deepEqual(kinds(world.gate), ["403", "open"]);
  await world.registry.replicate({ from: "b", replicas: [replica], renewals: [], awaitSeenMs: 0 });
  assert.deepEqual(kinds(world.gate), ["open", "open"]);

  await using lonely = await setUp("compat");
  assert.deepEqual(kinds(lonely.gate), ["open", "open"]);
  await using fast = await setUp("fast", empty);
  assert.deepEqual(kinds(fast.gate), ["open", "open"]);
});
