import assert from "node:assert/strict";
import { test } from "node:test";
import type { PeerReach } from "../src/expiry-policy.ts";
import { FlapDamper } from "../src/flap-damper.ts";
import type { LeaseTable } from "../src/lease-table.ts";
import { idOf, recordOf } from "./records.ts";
import { newTable } from "./tables.ts";

const allHeard: PeerReach = { anyDown: false, allDown: false, anyPeers: true };

/** Each second one coming or going of i-1, from `fromMs` on. */
function flap(table: LeaseTable, times: number, fromMs = 0): void {
  for (let i = 1; i <= times; i++) {
    const nowMs = fromMs + i * 1_000;
    const status = i % 2 === 0 ? "UP" : "DOWN";
    table.register(recordOf("i-1", { version: 1 + nowMs, status }), nowMs);
    table.expire(nowMs, allHeard);
  }
}

test("one that comes and goes each second is damped at the seventh time, and shown again after some 25 s of peace", () => {
  const damper = new FlapDamper();
  let times = 0;
  let nowMs = 0;
  for (; !damper.isDamped("k"); nowMs += 1_000) {
    damper.flapped("k", nowMs);
    times += 1;
    assert.ok(times < 20);
  }
  assert.equal(times, 7);
  const lastMs = nowMs - 1_000;
  const until = damper.explain("k", lastMs)?.untilMs ?? 0;
  assert.ok(until > 20_000 && until < 30_000, `${until} ms`);
  assert.deepEqual(damper.release(lastMs + until - 1_000), []);
  assert.deepEqual(damper.release(lastMs + until + 1_000), ["k"]);
  assert.equal(damper.explain("k", lastMs + until + 1_000), null);
});

test("one that goes on flapping stays damped, is damped once, and is explained truthfully", () => {
  const damper = new FlapDamper();
  let damped = 0;
  for (let second = 0; second < 300; second++) {
    if (damper.flapped("k", second * 1_000)) damped += 1;
    assert.deepEqual(damper.release(second * 1_000 + 500), []);
  }
  assert.equal(damped, 1);
  assert.ok((damper.explain("k", 299_000)?.flaps ?? 0) < 25, "an exponential memory is bounded");
});

test("deployments and restarts are not flapping: each goes and comes once, or a few times a minute", () => {
  const damper = new FlapDamper();
  for (let i = 0; i < 40; i++) assert.equal(damper.flapped("restarted each 15 s", i * 7_500), false);
  for (let i = 0; i < 1_000; i++) assert.equal(damper.flapped(`rolling-${i}`, i), false);
  assert.equal(damper.damped, 0);
});

test("it remembers 10,000 that flap, forgets the one that was quiet longest, and those at peace altogether", () => {
  const damper = new FlapDamper();
  for (let i = 0; i < 7; i++) damper.flapped("first", 0);
  assert.equal(damper.isDamped("first"), true);
  for (let i = 0; i < 10_000; i++) damper.flapped(`made-up-${i}`, 1);
  assert.equal(damper.isDamped("first"), false, "what is forgotten is not damped for ever");
  assert.equal(damper.damped, 0);
  assert.deepEqual(damper.release(2), ["first"]);
  assert.deepEqual(damper.release(3), []);
});

test("a damped instance is shown again when so many others come that its comings and goings are forgotten", () => {
  const { table } = newTable();
  table.register(recordOf("other"), 0);
  table.register(recordOf("i-1"), 0);
  flap(table, 8);
  assert.equal(table.get("catalog", "i-1")?.status, "OUT_OF_SERVICE");
  for (let i = 0; i < 10_001; i++) table.register(recordOf(`new-${i}`, { app: "films" }), 8_500);
  table.expire(8_600, allHeard);
  assert.equal(table.get("catalog", "i-1")?.status, "UP");
});

test("a damped instance is OUT_OF_SERVICE for callers, its own word stays, and the log tells both ends", () => {
  const { table, notes } = newTable();
  table.register(recordOf("other"), 0);
  table.register(recordOf("i-1"), 0);
  for (let ms = 1_000; ms <= 8_000; ms += 1_000) table.renew("catalog", "other", undefined, ms);
  flap(table, 8);
  assert.equal(table.get("catalog", "i-1")?.status, "OUT_OF_SERVICE");
  assert.equal(table.lease("catalog", "i-1")?.record.status, "UP");
  assert.equal(table.damped, 1);
  for (let nowMs = 9_000; nowMs <= 50_000; nowMs += 1_000) {
    for (const id of ["other", "i-1"]) table.renew("catalog", id, undefined, nowMs);
    table.expire(nowMs, allHeard);
  }
  assert.equal(table.get("catalog", "i-1")?.status, "UP");
  assert.deepEqual(
    notes.filter((note) => note.includes("damped")),
    [
      "damped catalog/i-1 by damping: it comes and goes too often: out of service until it is steady",
      "undamped catalog/i-1 by damping: shown again: it has been steady",
    ],
  );
});

test("the last instance of an app is never damped, and a damped one is shown when the others are gone", () => {
  const { table, notes } = newTable();
  table.register(recordOf("i-1"), 0);
  flap(table, 20);
  assert.equal(table.get("catalog", "i-1")?.status, "UP");
  assert.equal(table.damped, 0);

  table.register(recordOf("other"), 21_000);
  flap(table, 10, 21_000);
  assert.equal(table.get("catalog", "i-1")?.status, "OUT_OF_SERVICE");
  table.remove("catalog", idOf("other"), "stopped", "instance", 32_000);
  table.expire(32_000, allHeard);
  assert.equal(table.get("catalog", "i-1")?.status, "UP");
  assert.ok(notes.includes("undamped catalog/i-1 by damping: shown again: no other is up"));
});

test("an instance that registers and is removed each second is damped, too", () => {
  const { table } = newTable();
  table.register(recordOf("other"), 0);
  for (let i = 1; i <= 8; i++) {
    table.register(recordOf("i-1", { incarnation: 1_000 + i }), i * 1_000);
    if (i < 8) table.remove("catalog", idOf("i-1"), "crashed", "agent", i * 1_000 + 500);
  }
  assert.equal(table.get("catalog", "i-1")?.status, "OUT_OF_SERVICE");
});

test("damping takes nothing from one that is down, and an operator's word counts more", () => {
  const { table } = newTable();
  table.register(recordOf("other"), 0);
  table.register(recordOf("i-1"), 0);
  flap(table, 9);
  assert.equal(table.get("catalog", "i-1")?.status, "DOWN");
  table.setOverride("catalog", idOf("i-1"), "UNKNOWN", "ops", "r", 9_500);
  table.register(recordOf("i-1", { version: 100_000 }), 9_600);
  assert.equal(table.get("catalog", "i-1")?.status, "UNKNOWN");
});
