import assert from "node:assert/strict";
import { test } from "node:test";
import { SeededRandom, silentLog } from "@holdfast/kernel";
import { FakeClock } from "@holdfast/testing";
import { Preservation } from "../src/preservation.ts";
import { Registry } from "../src/registry.ts";
import { recordOf } from "./records.ts";

test("a registry that stands still in the first second of its life forgives its instances the time it could not hear", async () => {
  const clock = new FakeClock();
  const registry = new Registry(clock, new SeededRandom(1), silentLog, { name: "a", peers: [] });
  void registry.start();
  await clock.advance(100);
  const record = recordOf("i-1");
  registry.register(record);

  clock.freeze(20_000);
  await clock.advance(5_000);

  assert.notEqual(registry.get(record.app, record.id), undefined);
  await clock.advance(6_000);
  assert.equal(registry.get(record.app, record.id), undefined);
  await registry.close();
});

test("two registries that each let go of less than half of an app, and tell each other, do not let go of all of it", () => {
  const policy = new Preservation();
  const reach = { anyDown: true, allDown: false, anyPeers: true };
  const leaseOf = (id: string) => ({
    app: "catalog",
    zone: "z1",
    leaseMs: 9_000,
    key: `catalog/${id}`,
    direct: false,
    probed: undefined,
  });
  const censusOf = (count: number) => ({
    total: count,
    byApp: new Map([["catalog", count]]),
    byGroup: new Map([["catalog@z1", count]]),
  });

  const first = policy.choose([leaseOf("i-1")], censusOf(3), reach, 10_000);
  policy.endedElsewhere(leaseOf("i-2"), 10_020);
  const last = policy.choose([leaseOf("i-3")], censusOf(1), reach, 11_000);

  assert.equal(first.end.length, 1);
  assert.deepEqual(last.end, []);
  assert.match(last.held[0]?.reason ?? "", /3 of 3 of catalog fell silent together/);
});
