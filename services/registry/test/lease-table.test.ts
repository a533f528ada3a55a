import assert from "node:assert/strict";
import { test } from "node:test";
import type { PeerReach } from "../src/expiry-policy.ts";
import { deltaOf } from "../src/history.ts";
import type { Removal } from "../src/lease.ts";
import { leaseDefaults } from "../src/lease-options.ts";
import type { LeaseTable } from "../src/lease-table.ts";
import { idOf, recordOf } from "./records.ts";
import { newTable, toldBy } from "./tables.ts";

const allHeard: PeerReach = { anyDown: false, allDown: false, anyPeers: true };
const someDown: PeerReach = { anyDown: true, allDown: false, anyPeers: true };
const noneHeard: PeerReach = { anyDown: true, allDown: true, anyPeers: true };

/** Ticks each second up to `endMs`, as the shell does, so that no gap looks like a pause of our own. */
function tick(table: LeaseTable, startMs: number, endMs: number, reach = allHeard): Removal[] {
  const told = toldBy(table);
  const from = told.length;
  for (let nowMs = startMs; nowMs <= endMs; nowMs += 1_000) table.expire(nowMs, reach);
  return told.slice(from).flatMap((replica) => (replica.kind === "removal" ? [replica] : []));
}

test("a lease that is renewed stays, and one that is not ends after nine seconds with its cause", () => {
  const { table } = newTable();
  table.register(recordOf("i-1"), 0);
  table.register(recordOf("i-2"), 0);
  assert.equal(table.renew("catalog", "i-2", { incarnation: 1_000, version: 1 }, 5_000), true);

  assert.deepEqual(tick(table, 0, 9_000), []);
  const [removal] = tick(table, 10_000, 10_000);

  assert.equal(removal?.id, "i-1");
  assert.equal(removal?.cause, "lease expired: no heartbeat for 10.0 s");
  assert.deepEqual(
    table.records().map((record) => record.id),
    ["i-2"],
  );
});

test("an older account of an instance changes nothing, a later start or a later change replaces it", () => {
  const { table, changes } = newTable();
  table.register(recordOf("i-1", { version: 5 }), 0);

  assert.equal(table.register(recordOf("i-1", { version: 4, status: "DOWN" }), 1), "older");
  assert.equal(table.get("catalog", "i-1")?.status, "UP");
  assert.equal(table.register(recordOf("i-1", { incarnation: 2_000, version: 1, status: "STARTING" }), 2), "accepted");
  assert.equal(table.get("catalog", "i-1")?.status, "STARTING");
  assert.equal(changes.length, 2);
});

test("an instance that knows more of itself than we do is told to register again", () => {
  const { table } = newTable();
  table.register(recordOf("i-1", { version: 1 }), 0);

  assert.equal(table.renew("catalog", "i-1", { incarnation: 1_000, version: 2 }, 100), false);
  assert.equal(table.renew("catalog", "i-2", { incarnation: 1_000, version: 1 }, 100), false);
});

test("a removed instance is not resurrected by a record that was on its way", () => {
  const { table } = newTable();
  table.register(recordOf("i-1", { version: 3 }), 0);
  table.remove("catalog", idOf("i-1"), "exited with code 1", "agent", 10, { incarnation: 1_000, version: 9_999 });

  table.merge({ kind: "record", record: recordOf("i-1", { version: 4 }), ageMs: 0 }, 20, "b");

  assert.equal(table.get("catalog", "i-1"), undefined);
  assert.equal(table.register(recordOf("i-1", { incarnation: 2_000 }), 30), "accepted");
});

test("a removal of one we have not heard of yet keeps its late record out", () => {
  const { table, changes } = newTable();
  table.remove("catalog", idOf("i-1"), "killed", "agent", 0, { incarnation: 5_000, version: 9_999 });

  assert.equal(table.register(recordOf("i-1", { incarnation: 4_000 }), 10), "older");
  assert.deepEqual(changes, []);
});

test("a removal is forgotten after ten minutes", () => {
  const { table } = newTable();
  table.remove("catalog", idOf("i-1"), "killed", "agent", 0, { incarnation: 5_000, version: 1 });
  assert.equal(table.replicas(1).length, 1);

  tick(table, 0, leaseDefaults.tombstoneMs + 31_000);

  assert.deepEqual(table.replicas(700_000), []);
});

test("an expired lease comes back with the next heartbeat, by the very same account", () => {
  const { table } = newTable();
  table.register(recordOf("i-1"), 0);
  assert.equal(tick(table, 0, 10_000).length, 1);

  assert.equal(table.register(recordOf("i-1"), 12_000), "accepted");
});

test("a peer that missed the heartbeats does not take the instance from one that heard them", () => {
  const { table: near } = newTable("near");
  const { table: far } = newTable("far");
  near.register(recordOf("i-1"), 0);
  far.merge({ kind: "record", record: recordOf("i-1"), ageMs: 0 }, 0, "near");
  for (let nowMs = 3_000; nowMs <= 12_000; nowMs += 3_000) {
    near.renew("catalog", "i-1", { incarnation: 1_000, version: 1 }, nowMs);
  }
  const [eviction] = tick(far, 0, 10_000);
  assert.ok(eviction !== undefined);

  const better = near.merge(eviction, 10_000, "far");

  assert.equal(near.get("catalog", "i-1")?.id, "i-1");
  assert.equal(better?.kind, "record");
  if (better !== undefined) far.merge(better, 10_010, "near");
  assert.equal(far.get("catalog", "i-1")?.id, "i-1");
});

test("a peer that heard nothing later agrees that a lease has expired", () => {
  const { table: near } = newTable("near");
  const { table: far } = newTable("far");
  near.register(recordOf("i-1"), 0);
  far.merge({ kind: "record", record: recordOf("i-1"), ageMs: 0 }, 150, "near");
  const [eviction] = tick(near, 0, 10_000);
  assert.ok(eviction !== undefined);

  assert.equal(far.merge(eviction, 10_100, "near"), undefined);
  assert.equal(far.size, 0);
});

test("after a pause of our own every lease starts afresh", () => {
  const { table } = newTable();
  table.register(recordOf("i-1"), 0);
  table.expire(1_000, allHeard);

  assert.deepEqual(tick(table, 61_000, 61_000), []);
  assert.deepEqual(tick(table, 62_000, 70_000), []);
  assert.equal(tick(table, 71_000, 71_000).length, 1);
});

test("while a peer cannot be heard, an app does not lose most of its instances at once", () => {
  const { table } = newTable();
  for (const id of ["i-1", "i-2", "i-3"]) table.register(recordOf(id), 0);
  table.register(recordOf("i-9", { app: "users" }), 0);
  table.renew("catalog", "i-3", { incarnation: 1_000, version: 1 }, 8_000);

  const removed = tick(table, 0, 10_000, someDown);

  assert.deepEqual(
    removed.map((removal) => removal.id),
    ["i-9"],
  );
  assert.equal(table.held, 2);
  assert.equal(tick(table, 11_000, 11_000, allHeard).length, 2);
  assert.equal(table.held, 0);
});

test("one that hears no peer keeps what it knew through them, and lets go of those that stopped calling it", () => {
  const { table } = newTable();
  table.merge({ kind: "record", record: recordOf("i-1"), ageMs: 0 }, 0, "b");
  table.register(recordOf("i-2"), 0);

  const removed = tick(table, 0, 30_000, noneHeard);

  assert.deepEqual(
    removed.map((removal) => removal.id),
    ["i-2"],
  );
  assert.equal(table.get("catalog", "i-1")?.id, "i-1");
});

test("a listener that was away gets what it missed while that is known, and nothing from another life of the peer", () => {
  const { table } = newTable();
  table.register(recordOf("i-1"), 0);
  const cursor = table.cursor;
  table.register(recordOf("i-2"), 0);
  table.remove("catalog", idOf("i-1"), "killed", "agent", 1);

  const delta = deltaOf(table.since(cursor) ?? [], "a:7:3", false);

  assert.deepEqual(
    delta.upserts.map((record) => record.id),
    ["i-2"],
  );
  assert.deepEqual(delta.removals, [{ app: "catalog", id: "i-1", cause: "killed" }]);
  assert.equal(table.since({ ...cursor, epoch: 8 }), undefined);
  assert.equal(table.since({ ...cursor, peer: "b" }), undefined);
  assert.equal(table.since({ ...cursor, sequence: 99 }), undefined);
});

test("history is bounded: a listener that was away too long gets a snapshot", () => {
  const { table } = newTable("a", { ...leaseDefaults, historyMax: 2 });
  for (let version = 1; version <= 4; version++) table.register(recordOf("i-1", { version }), 0);

  assert.equal(table.since({ peer: "a", epoch: 7, sequence: 1 }), undefined);
  assert.equal(table.since({ peer: "a", epoch: 7, sequence: 2 })?.length, 2);
});
