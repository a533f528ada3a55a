import assert from "node:assert/strict";
import { test } from "node:test";
import { type InstanceStatus, instanceStatuses } from "@holdfast/wire";
import fc from "fast-check";
import type { PeerReach } from "../src/expiry-policy.ts";
import type { OverrideReplica, Replica } from "../src/lease.ts";
import type { LeaseTable } from "../src/lease-table.ts";
import { Overrides } from "../src/overrides.ts";
import { idOf, recordOf } from "./records.ts";
import { newTable, toldBy } from "./tables.ts";

const allHeard: PeerReach = { anyDown: false, allDown: false, anyPeers: true };
const id = idOf("i-1");

function override(table: LeaseTable, status: InstanceStatus | null, nowMs = 0): boolean {
  return table.setOverride("catalog", id, status, "ops", "a reason", nowMs);
}

function statusIn(table: LeaseTable): InstanceStatus | undefined {
  return table.get("catalog", id)?.status;
}

function said(status: InstanceStatus | null, stamp: number, idleMs?: number): OverrideReplica {
  const idle = idleMs === undefined ? {} : { idleMs };
  return { kind: "override", app: "catalog", id, status, stamp, by: "ops", reason: "a reason", ...idle };
}

function expireUpTo(table: LeaseTable, fromMs: number, endMs: number): void {
  for (let nowMs = fromMs; nowMs <= endMs; nowMs += 1_000) table.expire(nowMs, allHeard);
}

test("an operator's word is what callers see at once, and its end shows the instance's own word again", () => {
  const { table, changes, notes } = newTable();
  table.register(recordOf("i-1"), 0);

  assert.equal(override(table, "OUT_OF_SERVICE"), true);
  assert.equal(statusIn(table), "OUT_OF_SERVICE");
  assert.equal(table.lease("catalog", id)?.record.status, "UP", "its own account stays");

  assert.equal(override(table, null), true);
  assert.equal(statusIn(table), "UP");
  assert.deepEqual(
    changes.map((change) => change.upsert?.status),
    ["UP", "OUT_OF_SERVICE", "UP"],
  );
  assert.deepEqual(notes, [
    "override-set catalog/i-1 by ops: override set to OUT_OF_SERVICE: a reason",
    "override-cleared catalog/i-1 by ops: override taken back: a reason",
  ]);
});

test("an override of an instance nobody knows is refused, and so is taking back what is not in force", () => {
  const { table } = newTable();
  assert.equal(override(table, "DOWN"), false);
  table.register(recordOf("i-1"), 0);
  assert.equal(override(table, null), false);
  assert.equal(toldBy(table).filter((replica) => replica.kind === "override").length, 0);
});

test("an override reaches the peers, and one that comes late, twice or out of order changes nothing", () => {
  const a = newTable("a").table;
  const b = newTable("b");
  a.register(recordOf("i-1"), 0);
  b.table.merge({ kind: "record", record: recordOf("i-1"), ageMs: 0 }, 0, "a");

  b.table.merge(said("OUT_OF_SERVICE", 2), 0, "a");
  assert.equal(statusIn(b.table), "OUT_OF_SERVICE");
  const changes = b.changes.length;
  assert.equal(b.table.merge(said("OUT_OF_SERVICE", 2), 0, "a"), undefined);
  const better = b.table.merge(said("UP", 1), 0, "a");

  assert.deepEqual(better, said("OUT_OF_SERVICE", 2), "who says less than we know is told");
  assert.equal(statusIn(b.table), "OUT_OF_SERVICE");
  assert.equal(b.changes.length, changes);
});

test("whatever the order of an operator's words at several peers, all end with the latest, and agree that they do", () => {
  const words = fc.array(fc.tuple(fc.constantFrom(null, ...instanceStatuses), fc.integer({ min: 1, max: 6 })), {
    minLength: 1,
    maxLength: 12,
  });
  fc.assert(
    fc.property(words, fc.infiniteStream(fc.nat()), (given, dice) => {
      const shuffled = given
        .map((word) => ({ word, at: dice.next().value ?? 0 }))
        .sort((a, b) => a.at - b.at)
        .map(({ word }) => word);
      const ends = [given, shuffled, [...shuffled, ...given]].map((order) => {
        const { table } = newTable();
        table.register(recordOf("i-1"), 0);
        for (const [status, stamp] of order) table.merge(said(status, stamp), 0, "b");
        return [statusIn(table), table.overrides.get("catalog/i-1")?.stamp, table.digest];
      });
      assert.deepEqual(ends[1], ends[0]);
      assert.deepEqual(ends[2], ends[0]);
    }),
    { numRuns: 300 },
  );
});

test("an override outlives an expired lease: the instance that comes back is still out of service", () => {
  const { table } = newTable();
  table.register(recordOf("i-1"), 0);
  override(table, "OUT_OF_SERVICE");
  expireUpTo(table, 1_000, 12_000);
  assert.equal(table.size, 0);

  table.register(recordOf("i-1"), 15_000);
  assert.equal(statusIn(table), "OUT_OF_SERVICE");
});

test("an override of an instance that stays away is forgotten after an hour, and not taught back by a peer", () => {
  const { table } = newTable();
  table.register(recordOf("i-1"), 0);
  override(table, "OUT_OF_SERVICE");
  const digest = newTable().table.digest;
  expireUpTo(table, 1_000, 3_580_000);
  assert.equal(table.overrides.get("catalog/i-1")?.status, "OUT_OF_SERVICE");
  expireUpTo(table, 3_581_000, 3_680_000);
  assert.equal(table.overrides.latest("catalog/i-1"), undefined);
  assert.equal(table.digest, digest);

  table.merge(said("OUT_OF_SERVICE", 1, 3_650_000), 3_681_000, "b");
  expireUpTo(table, 3_681_000, 3_720_000);
  assert.equal(table.overrides.latest("catalog/i-1"), undefined);
});

test("an override of an instance that lives on is never forgotten", () => {
  const { table } = newTable();
  table.register(recordOf("i-1"), 0);
  override(table, "OUT_OF_SERVICE");
  for (let nowMs = 1_000; nowMs <= 7_500_000; nowMs += 1_000) {
    if (nowMs % 5_000 === 0) table.renew("catalog", id, undefined, nowMs);
    table.expire(nowMs, allHeard);
  }
  assert.equal(statusIn(table), "OUT_OF_SERVICE");
});

test("a removal takes the override with it, at the peers, too: the next instance of that id is what it says", () => {
  const { table } = newTable();
  table.register(recordOf("i-1"), 0);
  override(table, "OUT_OF_SERVICE");
  table.remove("catalog", id, "stopped", "instance", 1_000);

  assert.equal(table.overrides.get("catalog/i-1"), undefined);
  const last = toldBy(table).at(-1);
  assert.deepEqual([last?.kind, last?.kind === "override" ? last.status : ""], ["override", null]);
  table.register(recordOf("i-1", { incarnation: 2_000 }), 2_000);
  assert.equal(statusIn(table), "UP");
});

test("an override can only take traffic away from an instance of ours: one that drains stays out", () => {
  const { table } = newTable();
  table.register(recordOf("i-1", { status: "OUT_OF_SERVICE" }), 0);
  override(table, "UP");
  assert.equal(statusIn(table), "OUT_OF_SERVICE");
});

test("a change of the instance's own status under an override is kept for when the override ends", () => {
  const { table } = newTable();
  table.register(recordOf("i-1"), 0);
  override(table, "OUT_OF_SERVICE");
  table.register(recordOf("i-1", { version: 2, status: "DOWN" }), 100);
  assert.equal(statusIn(table), "DOWN", "its word that it cannot serve is believed");
  table.register(recordOf("i-1", { version: 3, status: "UP" }), 200);
  assert.equal(statusIn(table), "OUT_OF_SERVICE");
  override(table, null, 300);
  assert.equal(statusIn(table), "UP");
});

test("what was said before another time basis became known moves with it, so that it is not outbid by older words", () => {
  const { table, clock } = newTable();
  clock.stamp = 1_000;
  table.register(recordOf("i-1"), 0);
  override(table, "OUT_OF_SERVICE");
  table.rebase(3_600_000, 0);

  assert.equal(table.merge(said("UP", 2_000_000), 0, "b")?.kind, "override");
  assert.equal(statusIn(table), "OUT_OF_SERVICE");
  const twin = newTable().table;
  for (const replica of table.replicas(0)) twin.merge(replica, 0, "a");
  assert.equal(twin.digest, table.digest);
});

test("a peer that is told everything agrees about overrides, also about those that were taken back", () => {
  const { table } = newTable();
  const twin = newTable().table;
  table.register(recordOf("i-1"), 0);
  override(table, "OUT_OF_SERVICE");
  const early = table.replicas(0);
  override(table, null);
  for (const replica of table.replicas(100)) twin.merge(replica, 100, "a");
  for (const replica of early) twin.merge(replica, 100, "a");

  assert.equal(twin.get("catalog", "i-1")?.status, "UP");
  assert.equal(twin.digest, table.digest);
});

test("made-up overrides do not fill the memory: at most 50,000 are kept, those in force the longest", () => {
  const overrides = new Overrides();
  const put = (name: string, status: InstanceStatus | null, stamp: number): boolean =>
    overrides.put({ app: "a", id: idOf(name), status, stamp, by: "ops", reason: "r" }, 0);
  put("real", "OUT_OF_SERVICE", 1);
  put("taken-back", null, 1);
  for (let i = 0; i < 50_000; i++) put(`made-up-${i}`, null, 2);

  assert.equal(overrides.size, 50_000);
  assert.equal(overrides.get("a/real")?.status, "OUT_OF_SERVICE");
  assert.equal(overrides.latest("a/taken-back"), undefined);
});

test("the latest word in force is told in the parts of a full exchange, each exactly once", () => {
  const { table } = newTable();
  for (let i = 0; i < 100; i++) {
    table.register(recordOf(`i-${i}`), 0);
    table.setOverride("catalog", idOf(`i-${i}`), "OUT_OF_SERVICE", "ops", "r", 0);
  }
  const parts: Replica[] = [];
  for (let index = 0; index < 7; index++) parts.push(...table.replicas(0, index, 7));
  const names = parts.flatMap((replica) => (replica.kind === "override" ? [replica.id] : []));
  assert.equal(names.length, 100);
  assert.equal(new Set(names).size, 100);
});
