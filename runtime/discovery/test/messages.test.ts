import assert from "node:assert/strict";
import { test } from "node:test";
import { hasCode } from "@holdfast/kernel";
import { readDelta, readRecords, readSnapshot } from "../src/messages.ts";
import { recordOf } from "./fake-registry.ts";

const refused = (error: unknown): boolean => hasCode(error, "REGISTRY_ANSWER_INVALID");

test("more instances than any registry could have are refused", () => {
  assert.equal(readRecords(Array.from({ length: 200_000 }, () => recordOf("i-1"))).length, 200_000);
  assert.throws(() => readRecords(Array.from({ length: 200_001 }, () => recordOf("i-1"))), refused);
});

test("each field that a caller relies on is looked at", () => {
  const odd: readonly Record<string, unknown>[] = [
    { app: "" },
    { id: 7 },
    { address: null },
    { zone: "z".repeat(2_000) },
    { port: "80" },
    { port: -1 },
    { incarnation: "1" },
    { version: null },
    { status: "FINE" },
    { metadata: null },
  ];
  for (const fields of odd) {
    const records = [recordOf("i-1"), { ...recordOf("i-2"), ...fields }];
    assert.deepEqual(readRecords(records), [recordOf("i-1")], JSON.stringify(fields).slice(0, 80));
  }
});

test("a message comes out as it was sent, without what is not known of it", () => {
  const snapshot = { cursor: "a:1:1", listener: "l", instances: [recordOf("i-1")], ageMs: 5 };
  assert.deepEqual(readSnapshot(JSON.stringify({ ...snapshot, more: 1 })), snapshot);
  assert.deepEqual(readSnapshot(JSON.stringify({ ...snapshot, ageMs: "old" })).ageMs, undefined);
  const delta = { cursor: "a:1:2", upserts: [], removals: [{ app: "catalog", id: "i-1", cause: "killed" }] };
  assert.deepEqual(readDelta(JSON.stringify({ ...delta, ack: true })), { ...delta, ack: true });
});

test("whatever text arrives, it is read or refused", () => {
  for (const text of ["", "null", "[]", "{}", "7", '"x"', '{"cursor":1}', '{"cursor":"a","listener":"l"}', "\u0000"]) {
    assert.throws(() => readSnapshot(text), refused, text);
    assert.throws(() => readDelta(text), refused, text);
  }
});
