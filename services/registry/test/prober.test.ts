import assert from "node:assert/strict";
import { test } from "node:test";
import { silentLog } from "@holdfast/kernel";
import { FakeClock } from "@holdfast/testing";
import type { InstanceRecord, ProbeVerdict } from "@holdfast/wire";
import type { PeerReach } from "../src/expiry-policy.ts";
import type { LeaseTable } from "../src/lease-table.ts";
import type { Probed } from "../src/probe.ts";
import { Prober, proberDefaults, type Vantage } from "../src/prober.ts";
import { recordOf } from "./records.ts";
import { newTable } from "./tables.ts";

const alone: PeerReach = { anyDown: false, allDown: false, anyPeers: false };
const zone = "local-1a";
const at = new Date(0).toISOString();

/** One prober in zone local-1a over a table, with ports that do what a test says. */
class Scene {
  readonly clock = new FakeClock();
  readonly table: LeaseTable;
  readonly prober: Prober;
  readonly probed: { id: string; atMs: number }[] = [];
  readonly vantages: Vantage[] = [];
  /** What a connection to an instance meets, and after how many ms. */
  meets = (_record: InstanceRecord): ProbeVerdict => "alive";
  tookMs = 1;

  constructor(kind: "tcp" | "http" = "tcp") {
    this.table = newTable().table;
    const look = async (record: InstanceRecord): Promise<Probed> => {
      this.probed.push({ id: record.id, atMs: this.clock.monotonicMs() });
      const verdict = this.meets(record);
      await this.clock.sleep(verdict === "silent" ? 400 : this.tookMs);
      return { verdict, detail: `it was ${verdict}` };
    };
    const options = { ...proberDefaults, kind, zone };
    this.prober = new Prober(this.clock, silentLog, this.table, options, look, () => this.vantages);
  }

  register(id: string, more: Partial<InstanceRecord> = {}): void {
    this.table.register(recordOf(id, { zone, ...more }), this.clock.monotonicMs());
  }

  /** A peer in `where` that meets the same as we do, unless told otherwise; `answers` counts how often it was asked. */
  peer(where: string | undefined, sees?: ProbeVerdict | "nothing", isUp = true, tookMs = 2): { asked: number } {
    const count = { asked: 0 };
    const probe: Vantage["probe"] = async (app, id) => {
      count.asked += 1;
      await this.clock.sleep(tookMs);
      const record = this.table.get(app, id);
      if (record === undefined || sees === "nothing") return undefined;
      return { zone: where ?? "", verdict: sees ?? this.meets(record), detail: "it looked", at };
    };
    this.vantages.push({ zone: where, isUp, probe });
    return count;
  }

  has(id: string): boolean {
    return this.table.get("catalog", id) !== undefined;
  }
}

test("an instance whose port refuses connections, seen from two zones, is gone within 1.5 s, and others stay", async () => {
  const scene = new Scene();
  const peer = scene.peer("local-1b");
  for (const id of ["dies", "lives"]) scene.register(id);
  scene.prober.start();
  await scene.clock.advance(2_000);
  assert.deepEqual([scene.table.size, peer.asked], [2, 0], "nobody is asked about the living");

  scene.meets = (record) => (record.id === "dies" ? "dead" : "alive");
  let goneAfterMs = 0;
  for (; scene.has("dies") && goneAfterMs < 3_000; goneAfterMs += 10) await scene.clock.advance(10);

  assert.ok(goneAfterMs <= 1_500, `it took ${goneAfterMs} ms`);
  assert.equal(scene.has("lives"), true);
  const tombstone = scene.table.tombstone("catalog", "dies");
  assert.match(tombstone?.cause ?? "", /^probed dead: it looked, seen from local-1a and local-1b$/);
  scene.prober.stop();
});

test("one zone's word is not enough: without a peer in another zone nobody ends before the lease", async () => {
  const others: [string, (scene: Scene) => unknown][] = [
    ["no peer", () => undefined],
    ["a peer in the same zone", (scene) => scene.peer(zone)],
    ["a peer that does not answer the link", (scene) => scene.peer("local-1b", "dead", false)],
    ["a peer that has no opinion", (scene) => scene.peer("local-1b", "nothing")],
    ["a peer that sees it alive", (scene) => scene.peer("local-1b", "alive")],
    ["a peer that hears nothing", (scene) => scene.peer("local-1b", "silent")],
  ];
  for (const [name, add] of others) {
    const scene = new Scene();
    add(scene);
    scene.register("i-1");
    scene.meets = () => "dead";
    scene.prober.start();
    await scene.clock.advance(5_000);
    assert.equal(scene.has("i-1"), true, name);
    assert.ok(scene.probed.length > 5, name);
    scene.prober.stop();
  }
});

test("a prober that is cut off sees silence everywhere and ends nobody", async () => {
  const scene = new Scene();
  const peer = scene.peer("local-1b");
  for (let i = 0; i < 20; i++) scene.register(`i-${i}`);
  scene.meets = () => "silent";
  scene.prober.start();
  await scene.clock.advance(10_000);
  assert.deepEqual([scene.table.size, peer.asked], [20, 0]);
  scene.prober.stop();
});

test("each peer looks after its own zone, and after zones where no peer answers", async () => {
  const scene = new Scene();
  scene.peer("local-1b");
  scene.peer("local-1c", undefined, false);
  for (const where of ["a", "b", "c", "d"]) scene.register(where, { zone: `local-1${where}` });
  scene.prober.start();
  await scene.clock.advance(600);
  assert.deepEqual([...new Set(scene.probed.map(({ id }) => id))].sort(), ["a", "c", "d"]);
  scene.prober.stop();
});

test("an instance that does not say it is UP need not listen, and one without a port cannot be looked at", async () => {
  const scene = new Scene();
  scene.peer("local-1b");
  scene.register("starting", { status: "STARTING" });
  scene.register("out", { status: "OUT_OF_SERVICE" });
  scene.register("no-port", { port: 0 });
  scene.meets = () => "dead";
  scene.prober.start();
  await scene.clock.advance(3_000);
  assert.deepEqual([scene.table.size, scene.probed.length], [3, 0]);
  scene.prober.stop();
});

test("no more than 400 connections a second are made, however many instances there are, and all have their turn", async () => {
  const scene = new Scene();
  for (let i = 0; i < 1_000; i++) scene.register(`i-${i}`);
  scene.prober.start();
  await scene.clock.advance(6_000);
  for (let second = 0; second < 5; second++) {
    const count = scene.probed.filter(({ atMs }) => Math.floor(atMs / 1_000) === second).length;
    assert.ok(count <= 400, `${count} in second ${second}`);
  }
  assert.equal(new Set(scene.probed.map(({ id }) => id)).size, 1_000);
  scene.prober.stop();
});

test("an instance that was replaced at another address while its port was looked at stays", async () => {
  const scene = new Scene();
  scene.peer("local-1b", "dead", true, 300);
  scene.register("i-1");
  scene.meets = (record) => (record.port === 12_000 ? "dead" : "alive");
  scene.prober.start();
  await scene.clock.advance(600);
  scene.register("i-1", { incarnation: 2_000, port: 12_001 });
  await scene.clock.advance(3_000);
  assert.equal(scene.has("i-1"), true);
  scene.prober.stop();
});

test("an instance that started anew at the same port while a peer's word was on its way stays", async () => {
  for (const more of [{ incarnation: 2_000 }, { version: 2 }]) {
    const scene = new Scene();
    scene.peer("local-1b", "dead", true, 300);
    scene.register("i-1");
    scene.meets = () => "dead";
    scene.prober.start();
    await scene.clock.advance(600);
    scene.meets = () => "alive";
    scene.register("i-1", more);
    await scene.clock.advance(3_000);
    assert.equal(scene.has("i-1"), true, JSON.stringify(more));
    scene.prober.stop();
  }
});

test("a peer whose answer is slow is asked once at a time, and its late word of one that is gone does nothing", async () => {
  const scene = new Scene();
  const peer = scene.peer("local-1b", "dead", true, 1_400);
  scene.register("i-1");
  scene.meets = () => "dead";
  scene.prober.start();
  await scene.clock.advance(1_000);
  scene.table.remove("catalog", recordOf("i-1").id, "stopped", "instance", scene.clock.monotonicMs());
  await scene.clock.advance(2_000);
  assert.equal(peer.asked, 1);
  assert.equal(scene.table.tombstone("catalog", "i-1")?.cause, "stopped");
  assert.deepEqual(scene.prober.views("catalog/i-1"), [], "what is gone is not remembered");
  scene.prober.stop();
});

test("a frozen process still accepts connections: for a tcp probe that is no sign of life, for a health check it is", async () => {
  for (const [kind, expected] of [["tcp", undefined] as const, ["http", "alive"] as const]) {
    const scene = new Scene(kind);
    scene.register("i-1");
    scene.prober.start();
    await scene.clock.advance(1_000);
    assert.equal(scene.prober.views("catalog/i-1")[0]?.verdict, "alive");
    assert.equal(scene.prober.probedAs("catalog/i-1"), expected, kind);
    scene.prober.stop();
    await scene.clock.advance(3_500);
    assert.equal(scene.prober.probedAs("catalog/i-1"), undefined, "a verdict of long ago says nothing");
  }
});

test("standing alone, a registry ends what refuses connections when its lease is over, though its group is held", async () => {
  const scene = new Scene();
  for (let i = 0; i < 12; i++) scene.register(`i-${i}`);
  scene.meets = (record) => (record.id === "i-7" ? "dead" : "silent");
  scene.prober.start();
  for (let second = 1; second <= 12; second++) {
    await scene.clock.advance(1_000);
    scene.table.expire(second * 1_000, alone, (key) => scene.prober.probedAs(key));
    if (second === 8) assert.equal(scene.has("i-7"), true, "not before its lease is over");
  }
  assert.deepEqual([scene.has("i-7"), scene.table.size, scene.table.held], [false, 11, 11]);
  assert.match(scene.table.tombstone("catalog", "i-7")?.cause ?? "", /its port refuses connections/);
  scene.prober.stop();
});

test("an instance ended by probes is back with its next renewal, because it was alive after all", async () => {
  const scene = new Scene();
  scene.peer("local-1b");
  scene.register("i-1");
  scene.meets = () => "dead";
  scene.prober.start();
  await scene.clock.advance(1_000);
  assert.equal(scene.has("i-1"), false);
  scene.meets = () => "alive";
  scene.register("i-1");
  await scene.clock.advance(1_000);
  assert.equal(scene.has("i-1"), true);
  scene.prober.stop();
  await scene.clock.advance(500);
  assert.equal(scene.clock.pendingTimers, 0, "stopped, it leaves nothing behind");
});
