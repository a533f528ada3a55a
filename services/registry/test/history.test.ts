import assert from "node:assert/strict";
import { test } from "node:test";
import { PlatformError, SeededRandom, silentLog } from "@holdfast/kernel";
import { FakeClock } from "@holdfast/testing";
import type { InstanceRecord } from "@holdfast/wire";
import fc from "fast-check";
import { leaseDefaults } from "../src/lease-options.ts";
import { Registry } from "../src/registry.ts";
import { idOf, recordOf } from "./records.ts";
import { newTable } from "./tables.ts";

function namesOf(records: readonly InstanceRecord[] | undefined): string[] | undefined {
  return records?.map((record) => `${record.id} ${record.version} ${record.status}`).sort();
}

test("looking back shows what callers saw after any change that is kept, also when the ring has wrapped", () => {
  const steps = fc.array(
    fc.record({ who: fc.integer({ min: 0, max: 4 }), what: fc.constantFrom("up", "down", "remove", "override") }),
    { minLength: 1, maxLength: 60 },
  );
  fc.assert(
    fc.property(steps, (given) => {
      const historyMax = 16;
      const { table, clock } = newTable("a", { ...leaseDefaults, historyMax });
      const seen = new Map([[0, [] as string[]]]);
      for (const [step, { who, what }] of given.entries()) {
        clock.ms = 1_000 + step * 10;
        const id = idOf(`i-${who}`);
        if (what === "remove") table.remove("catalog", id, "stopped", "instance", 0);
        else if (what === "override") table.setOverride("catalog", id, "OUT_OF_SERVICE", "ops", "r", 0);
        else table.register(recordOf(id, { version: step, status: what === "up" ? "UP" : "DOWN" }), 0);
        seen.set(table.cursor.sequence, namesOf(table.records()) ?? []);
      }
      const { sequence: newest } = table.cursor;
      for (let sequence = 0; sequence <= newest; sequence++) {
        const expected = sequence < newest - historyMax ? undefined : seen.get(sequence);
        assert.deepEqual(namesOf(table.recordsAt({ sequence })), expected, `${sequence} of ${newest}`);
      }
    }),
    { numRuns: 100 },
  );
});

test("looking back by time shows what callers saw at that moment, to the millisecond", () => {
  const { table, clock } = newTable();
  for (const [ms, version] of [
    [1_010, 1],
    [1_020, 2],
    [1_020, 3],
    [1_030, 4],
  ] as const) {
    clock.ms = ms;
    table.register(recordOf("i-1", { version }), 0);
  }
  const at = (atMs: number): string[] | undefined => namesOf(table.recordsAt({ atMs }));
  assert.deepEqual(at(1_000), []);
  assert.deepEqual(at(1_009), []);
  assert.deepEqual(at(1_010), ["i-1 1 UP"]);
  assert.deepEqual(at(1_019), ["i-1 1 UP"]);
  assert.deepEqual(at(1_020), ["i-1 3 UP"]);
  assert.deepEqual(at(9_999), ["i-1 4 UP"]);
  assert.equal(at(999), undefined, "before its start it knew nothing, and says so");
});

test("a wall clock that was set back passes a moment twice: the later pass is shown", () => {
  const { table, clock } = newTable();
  for (const [ms, version] of [
    [2_000, 1],
    [3_000, 2],
    [1_500, 3],
    [2_500, 4],
  ] as const) {
    clock.ms = ms;
    table.register(recordOf("i-1", { version }), 0);
  }
  assert.deepEqual(namesOf(table.recordsAt({ atMs: 2_000 })), ["i-1 3 UP"]);
  assert.deepEqual(namesOf(table.recordsAt({ atMs: 2_600 })), ["i-1 4 UP"]);
});

test("a moment that is not in the history is refused as such, by cursor, by time and for another peer's cursor", () => {
  const clock = new FakeClock();
  const registry = new Registry(
    clock,
    new SeededRandom(1),
    silentLog,
    { name: "a", peers: [] },
    {
      ...leaseDefaults,
      historyMax: 4,
    },
  );
  for (let version = 1; version <= 10; version++) registry.register(recordOf("i-1", { version }));
  const { cursor } = registry;
  assert.deepEqual(namesOf(registry.recordsAt(cursor)), ["i-1 10 UP"]);
  assert.deepEqual(namesOf(registry.recordsAt({ ...cursor, sequence: 6 }, "catalog")), ["i-1 6 UP"]);
  assert.deepEqual(registry.recordsAt(cursor, "films"), []);
  for (const moment of [
    { ...cursor, sequence: 5 },
    { ...cursor, sequence: 11 },
    { ...cursor, peer: "b" },
    { ...cursor, epoch: 1 },
    clock.wallMs() - 1,
  ]) {
    assert.throws(
      () => registry.recordsAt(moment),
      (error) => error instanceof PlatformError && error.code === "HISTORY_GONE" && error.status === 410,
      JSON.stringify(moment),
    );
  }
});
