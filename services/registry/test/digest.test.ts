import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { PeerReach } from "../src/expiry-policy.ts";
import type { LeaseTable } from "../src/lease-table.ts";
import { idOf, recordOf } from "./records.ts";
import { newTable } from "./tables.ts";

const allHeard: PeerReach = { anyDown: false, allDown: false, anyPeers: true };

const step = fc.record({
  what: fc.constantFrom("register", "status", "remove", "remove for good", "expire", "override", "clear", "rebase"),
  who: fc.integer({ min: 0, max: 5 }),
  number: fc.integer({ min: 0, max: 9 }),
});

type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

function take(table: LeaseTable, { what, who, number }: Step, nowMs: number): void {
  const id = idOf(`i-${who}`);
  switch (what) {
    case "register":
      table.register(recordOf(id, { incarnation: number < 3 ? 0 : 1_000 + number, version: number + nowMs }), nowMs);
      return;
    case "status":
      table.register(recordOf(id, { incarnation: 2_000, version: nowMs, status: "DOWN" }), nowMs);
      return;
    case "remove":
      table.remove("catalog", id, "stopped", "instance", nowMs);
      return;
    case "remove for good":
      table.remove("catalog", id, "stopped", "agent", nowMs, {
        incarnation: 1_000 + number,
        version: 9_007_199_254_740_991,
      });
      return;
    case "expire":
      for (let ms = nowMs; ms <= nowMs + 10_000; ms += 1_000) table.expire(ms, allHeard);
      return;
    case "override":
      table.setOverride("catalog", id, number % 2 === 0 ? "OUT_OF_SERVICE" : "DOWN", "ops", "r", nowMs);
      return;
    case "clear":
      table.setOverride("catalog", id, null, "ops", "r", nowMs);
      return;
    default:
      table.rebase(1_000_000, number * 1_000);
  }
}

test("the digest and the size are exact through whatever happened, as a table shows that learned only how it ended", () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 50 }), (steps) => {
      const { table } = newTable("a");
      let nowMs = 1_000;
      for (const one of steps) {
        take(table, one, nowMs);
        nowMs += one.what === "expire" ? 11_000 : 700;
      }
      const twin = newTable("b").table;
      for (const replica of table.replicas(nowMs)) twin.merge(replica, nowMs, "a");
      assert.equal(twin.digest, table.digest);
      assert.equal(twin.size, table.size);
      const bytesOf = ({ weight }: LeaseTable): number => weight.bytes - (weight.replicas - table.size) * 200;
      assert.equal(bytesOf(twin), bytesOf(table));
      assert.equal(table.appCount, table.size === 0 ? 0 : 1);
    }),
    { numRuns: 500 },
  );
});

test("two peers that hear the same news in another order, some of it twice, agree", () => {
  const order = fc.array(fc.nat({ max: 1_000 }), { minLength: 60, maxLength: 60 });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 30 }), order, (steps, dice) => {
      const source = newTable("a").table;
      const news: ReturnType<LeaseTable["replicas"]> = [];
      let nowMs = 1_000;
      for (const one of steps) {
        if (one.what === "rebase") continue;
        take(source, one, nowMs);
        nowMs += one.what === "expire" ? 11_000 : 700;
        news.push(...source.replicas(nowMs).filter((_, i) => (dice[i] ?? 0) % 3 > 0));
      }
      news.push(...source.replicas(nowMs));
      const shuffled = news.map((one, i) => ({ one, at: dice[i % 60] ?? 0 })).sort((x, y) => x.at - y.at);
      const [b, c] = [newTable("b").table, newTable("c").table];
      for (const one of news) b.merge(one, nowMs, "a");
      for (const { one } of shuffled) c.merge(one, nowMs, "a");
      assert.equal(c.digest, b.digest);
      assert.deepEqual(namesOf(c), namesOf(b));
    }),
    { numRuns: 300 },
  );
});

function namesOf(table: LeaseTable): string[] {
  return table
    .records()
    .map((record) => `${record.id} ${record.incarnation} ${record.version} ${record.status}`)
    .sort();
}
