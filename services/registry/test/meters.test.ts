import assert from "node:assert/strict";
import { test } from "node:test";
import { SeededRandom, silentLog } from "@holdfast/kernel";
import { MeterRegistry, prometheusText } from "@holdfast/metrics";
import { FakeClock } from "@holdfast/testing";
import { Registry } from "../src/registry.ts";
import type { ReplicateCall } from "../src/replicate-call.ts";
import { FakeListener } from "./fake-listener.ts";
import { idOf, recordOf } from "./records.ts";

/** `name{tags}` with the count or value of each series. */
function seriesOf(meters: MeterRegistry): Map<string, number> {
  return new Map(
    meters.snapshot().map((series) => {
      const tags = Object.entries(series.tags).map(([key, value]) => `${key}=${value}`);
      const name = tags.length === 0 ? series.name : `${series.name}{${tags.join(",")}}`;
      return [name, series.kind === "gauge" ? series.value : series.count];
    }),
  );
}

test("an operator can read what a registry did: heartbeats, events by kind, listeners, peers, probes", async () => {
  const clock = new FakeClock();
  const meters = new MeterRegistry();
  let isPeerUp = true;
  const reach = (): ReplicateCall => async () => {
    await clock.sleep(5);
    if (!isPeerUp) throw new Error("gone");
    return { replicas: [], unknown: [], name: "b", zone: "b", synced: true };
  };
  const ports = { meters, reach, probe: async () => ({ verdict: "alive", detail: "it listens" }) as const };
  const settings = { name: "a", zone: "local-1a", peers: ["b"], probe: "tcp" } as const;
  const registry = new Registry(clock, new SeededRandom(1), silentLog, settings, undefined, ports);
  void registry.start();
  await clock.advance(500);

  for (const id of ["i-1", "i-2", "i-3"]) registry.register(recordOf(id));
  const listener = new FakeListener();
  registry.open(listener.response, {}, undefined);
  const snapshotBytes = listener.text.length;
  const record = recordOf("i-1");
  for (let second = 1; second <= 12; second++) {
    registry.renewOwn("catalog", "i-1", record);
    await clock.advance(1_000);
  }
  registry.put(recordOf("e-1"), "eureka");
  registry.renew("catalog", "e-1");
  registry.remove(idOf("i-1"), "catalog", "stopped", undefined);
  isPeerUp = false;
  await clock.advance(3_000);

  const series = seriesOf(meters);
  const of = (name: string): number => series.get(name) ?? Number.NaN;
  assert.equal(of("registry.renewals"), 13);
  assert.equal(of("registry.events{kind=registered}"), 4);
  assert.equal(of("registry.events{kind=evicted}"), 2);
  assert.equal(of("registry.events{kind=removed}"), 1);
  assert.deepEqual([of("registry.events{kind=peer-up}"), of("registry.events{kind=peer-down}")], [1, 1]);
  assert.deepEqual([of("registry.snapshots"), of("registry.snapshot.bytes")], [1, snapshotBytes]);
  assert.equal(of("registry.deltas"), listener.frames.length - 1);
  assert.equal(of("registry.listeners.cut"), 0);
  assert.deepEqual([of("registry.instances"), of("registry.listeners"), of("registry.instances.held")], [1, 1, 0]);
  assert.ok(of("registry.peer.call") > 5 && of("registry.peer.failed") >= 1);
  assert.ok(of("registry.probes{verdict=alive}") > 20);
  assert.match(prometheusText(meters.snapshot()), /^registry_renewals\S* 13$/m);

  const closing = registry.close();
  await clock.advance(1_000);
  await closing;
});

test("a listener that is cut off is counted", async () => {
  const clock = new FakeClock();
  const meters = new MeterRegistry();
  const registry = new Registry(clock, new SeededRandom(1), silentLog, { name: "a", peers: [] }, undefined, { meters });
  const deaf = new FakeListener(false);
  registry.open(deaf.response, {}, undefined);
  const metadata = { note: "x".repeat(4_000) };
  for (let version = 1; version < 600 && !deaf.destroyed; version++) {
    registry.register(recordOf("i-1", { version, metadata }));
    await clock.advance(5);
  }
  assert.equal(seriesOf(meters).get("registry.listeners.cut"), 1);
  const closing = registry.close();
  await clock.advance(1_000);
  await closing;
});
