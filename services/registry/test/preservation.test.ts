import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { ExpiredLease, PeerReach } from "../src/expiry-policy.ts";
import { Preservation } from "../src/preservation.ts";
import { recordOf } from "./records.ts";
import { newTable } from "./tables.ts";

const alone: PeerReach = { anyDown: false, allDown: false, anyPeers: false };
const allHeard: PeerReach = { anyDown: false, allDown: false, anyPeers: true };
const oneUnheard: PeerReach = { anyDown: true, allDown: false, anyPeers: true };
const noneHeard: PeerReach = { anyDown: true, allDown: true, anyPeers: true };

/** `count` instances of catalog that are over. */
function silent(count: number, more: Partial<ExpiredLease> = {}): ExpiredLease[] {
  return Array.from({ length: count }, (_, i) => {
    const lease: ExpiredLease = {
      key: `catalog/i-${i}`,
      app: "catalog",
      zone: "z",
      leaseMs: 9_000,
      direct: true,
      probed: undefined,
    };
    return { ...lease, ...more };
  });
}

/** How many of `expired` end, of an app of `total` in one zone. */
function ended(policy: Preservation, expired: ExpiredLease[], total: number, reach: PeerReach, nowMs = 0): number {
  const census = { total, byApp: new Map([["catalog", total]]), byGroup: new Map([["catalog@z", total]]) };
  const { end, held } = policy.choose(expired, census, reach, nowMs);
  assert.equal(end.length + held.length, expired.length);
  for (const { reason } of held) assert.match(reason, /\w+ \w+ \w+/);
  return end.length;
}

test("a registry that hears all its peers believes every silence, however many are silent", () => {
  assert.equal(ended(new Preservation(), silent(100), 100, allHeard), 100);
  assert.equal(ended(new Preservation(), silent(1), 1, allHeard), 1);
});

test("a registry that hears no peer keeps what renewed through them, and lets go of what renewed here", () => {
  assert.equal(ended(new Preservation(), silent(2, { direct: false }), 10, noneHeard), 0);
  assert.equal(ended(new Preservation(), silent(2, { direct: true }), 10, noneHeard), 2);
});

test("what was known through a peer that cannot be heard is kept, for ten minutes; what is probed dead is not", () => {
  const unheard = new Map([["c", 1_000]]);
  const reach: PeerReach = { ...oneUnheard, unheard };
  const count = (more: Partial<ExpiredLease>, nowMs: number): number =>
    ended(new Preservation(), silent(1, { direct: false, ...more }), 10, reach, nowMs);
  assert.equal(count({ via: "c" }, 60_000), 0);
  assert.equal(count({ via: "b" }, 60_000), 1, "whose last renewal came through one that is heard");
  assert.equal(count({ via: undefined, direct: true }, 60_000), 1, "who renewed here");
  assert.equal(count({ via: "c", probed: "dead" }, 60_000), 1);
  assert.deepEqual([count({ via: "c" }, 601_000), count({ via: "c" }, 601_001)], [0, 1]);
});

test("while a peer is unheard an app of three or more loses half of its instances at once, and no more", () => {
  const count = (expired: number, total: number): number =>
    ended(new Preservation(), silent(expired), total, oneUnheard);
  assert.deepEqual([count(1, 1), count(2, 2)], [1, 2], "one or two are too few to judge by");
  assert.deepEqual([count(1, 3), count(2, 3), count(3, 3)], [1, 0, 0]);
  assert.deepEqual([count(5, 10), count(6, 10)], [5, 0]);
});

test("while a peer is unheard an app keeps its majority, also when its leases run out one after the other", () => {
  const policy = new Preservation();
  let total = 12;
  for (let second = 0; second < 4; second++) total -= ended(policy, silent(3), total, oneUnheard, second * 1_000);
  assert.equal(total, 6);
  for (let second = 4; second < 120; second++) total -= ended(policy, silent(6), total, oneUnheard, second * 1_000);
  assert.equal(total, 6, "not after the moment of the cut either");
});

test("instances that die now and then while a peer is down all end, however many over the hours", () => {
  const policy = new Preservation();
  for (let minute = 0; minute < 50; minute++) assert.equal(ended(policy, silent(1), 4, oneUnheard, minute * 60_000), 1);
});

test("half of an app or more is left whenever its instances fall silent within one heartbeat while a peer is unheard", () => {
  const lives = fc.record({
    total: fc.integer({ min: 3, max: 60 }),
    // In which second after the cut each of the silent expires.
    seconds: fc.array(fc.integer({ min: 0, max: 3 }), { maxLength: 60 }),
  });
  fc.assert(
    fc.property(lives, ({ total, seconds }) => {
      const policy = new Preservation();
      let [left, held] = [total, 0];
      for (let second = 0; second < 30; second++) {
        const fresh = seconds.slice(0, total).filter((one) => one === second).length;
        const gone = ended(policy, silent(held + fresh), left, oneUnheard, second * 1_000);
        left -= gone;
        held += fresh - gone;
      }
      assert.ok(left * 2 >= total, `${left} of ${total} are left`);
    }),
    { numRuns: 500 },
  );
});

test("a registry without peers doubts itself when more than 15 % of ten or more fall silent together", () => {
  const count = (expired: number, total: number): number => ended(new Preservation(), silent(expired), total, alone);
  assert.deepEqual([count(3, 20), count(4, 20)], [3, 0]);
  assert.deepEqual([count(1, 10), count(2, 10)], [1, 0]);
  assert.deepEqual([count(9, 9), count(3, 3)], [9, 3], "fewer than ten are never judged by numbers");
});

test("a registry without peers doubts itself, too, when those with long leases fall silent over half a minute", () => {
  const policy = new Preservation();
  let left = 20;
  let held = 0;
  for (let second = 0; second < 20; second++) {
    const gone = ended(policy, silent(held + 1, { leaseMs: 90_000 }), left, alone, second * 1_500);
    left -= gone;
    held += 1 - gone;
  }
  assert.equal(left, 17);
});

test("a registry without peers doubts itself for ten minutes at most, and anew when its instances were back meanwhile", () => {
  const policy = new Preservation();
  assert.equal(ended(policy, silent(10), 10, alone, 0), 0);
  assert.equal(ended(policy, silent(10), 10, alone, 600_000), 0);
  assert.equal(ended(policy, silent(10), 10, alone, 600_001), 10);

  const other = new Preservation();
  assert.equal(ended(other, silent(10), 10, alone, 0), 0);
  assert.equal(ended(other, [], 10, alone, 300_000), 0);
  assert.equal(ended(other, silent(10), 10, alone, 700_000), 0, "another silence");
});

test("what is probed dead always ends, and what answers its own health check never does", () => {
  for (const reach of [alone, allHeard, oneUnheard, noneHeard]) {
    for (const direct of [true, false]) {
      assert.equal(ended(new Preservation(), silent(20, { probed: "dead", direct }), 20, reach), 20);
      assert.equal(ended(new Preservation(), silent(2, { probed: "alive", direct }), 20, reach), 0);
    }
  }
});

test("one zone's silence says nothing about the other zone of the same app", () => {
  const census = {
    total: 30,
    byApp: new Map([["catalog", 30]]),
    byGroup: new Map([
      ["catalog@z", 10],
      ["catalog@y", 20],
    ]),
  };
  const expired = [...silent(10), ...silent(1, { zone: "y", key: "catalog/other" })];
  const { end, held } = new Preservation().choose(expired, census, alone, 0);
  assert.deepEqual([end.map((lease) => lease.key), held.length], [["catalog/other"], 10]);
});

test("a laptop with three instances is never red: whichever die, with or without peers, nothing is held", () => {
  for (const reach of [alone, allHeard]) {
    for (let dying = 1; dying <= 3; dying++) {
      const { table, notes } = newTable();
      for (let i = 0; i < 3; i++) table.register(recordOf(`i-${i}`), 0);
      for (let nowMs = 1_000; nowMs <= 60_000; nowMs += 1_000) {
        if (nowMs % 3_000 === 0) for (let i = dying; i < 3; i++) table.renew("catalog", `i-${i}`, undefined, nowMs);
        table.expire(nowMs, reach);
        assert.equal(table.held, 0);
      }
      assert.equal(table.size, 3 - dying);
      assert.deepEqual(
        notes.filter((note) => note.startsWith("held")),
        [],
      );
    }
  }
});

test("what is held says so in the event log, and is released by its next renewal", () => {
  const { table, notes } = newTable();
  for (let i = 0; i < 3; i++) table.register(recordOf(`i-${i}`), 0);
  for (let nowMs = 1_000; nowMs <= 12_000; nowMs += 1_000) table.expire(nowMs, oneUnheard);

  assert.deepEqual([table.size, table.held], [3, 3]);
  assert.match(table.lease("catalog", "i-1")?.heldFor ?? "", /3 of 3 of catalog fell silent together/);
  assert.equal(notes.filter((note) => note.startsWith("held catalog/i-1")).length, 1, "said once");

  table.renew("catalog", "i-1", undefined, 12_500);
  assert.equal(table.lease("catalog", "i-1")?.heldFor, undefined);
  assert.ok(notes.some((note) => note.startsWith("released catalog/i-1 by instance: it renews again")));
  table.expire(13_000, oneUnheard);
  assert.equal(table.held, 2);
});
