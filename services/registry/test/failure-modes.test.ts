import assert from "node:assert/strict";
import { test } from "node:test";
import { PlatformError } from "@holdfast/kernel";
import type { InstanceRecord } from "@holdfast/wire";
import { FakeListener } from "./fake-listener.ts";
import { type Name, names, Peers } from "./peers.ts";
import { idOf, recordOf } from "./records.ts";

const hourMs = 3_600_000;

/** As an instance does each three seconds: renews, and registers when it is not known. */
function heartbeat(peers: Peers, name: Name, record: InstanceRecord): "renewed" | "registered" | "told off" {
  const registry = peers.get(name);
  try {
    registry.renewOwn(record.app, record.id, record);
    return "renewed";
  } catch (error) {
    if (!(error instanceof PlatformError) || error.code !== "INSTANCE_UNKNOWN") return "told off";
  }
  try {
    registry.register(record);
    return "registered";
  } catch {
    return "told off";
  }
}

function listen(peers: Peers, name: Name): FakeListener {
  const listener = new FakeListener();
  peers.get(name).open(listener.response, {}, undefined);
  return listener;
}

function removalsSeen(listener: FakeListener): number {
  return listener.frames.reduce((sum, { event, data }) => sum + (event === "delta" ? data.removals.length : 0), 0);
}

test("a clock that jumps: wall time set back or forward by hours ends no lease and keeps none alive", async () => {
  const peers = new Peers(1);
  await peers.start();
  const record = recordOf("i-1");
  const dead = recordOf("i-2");
  for (const one of [record, dead]) heartbeat(peers, "a", one);
  for (let second = 1; second <= 30; second++) {
    if (second === 5) peers.clock.jumpWall(-3 * hourMs);
    if (second === 9) peers.clock.jumpWall(48 * hourMs);
    if (second % 3 === 0) assert.equal(heartbeat(peers, "a", record), "renewed", `second ${second}`);
    await peers.clock.advance(1_000);
    if (second === 8) assert.equal(peers.view("a").length, 2);
  }
  for (const name of names) assert.deepEqual(peers.view(name), ["i-1 1 UP"], name);
  await peers.close();
});

test("an instance frozen for longer than its lease comes back with its next heartbeat, one and the same for callers", async () => {
  const peers = new Peers(2);
  await peers.start();
  const record = recordOf("i-1");
  heartbeat(peers, "a", record);
  await peers.clock.advance(500);
  const listener = listen(peers, "b");
  await peers.clock.advance(20_000);
  assert.deepEqual(listener.view, [], "it was silent for too long");

  assert.equal(heartbeat(peers, "a", record), "registered");
  await peers.clock.advance(500);
  assert.deepEqual(listener.view, ["catalog/i-1 1 UP"]);
  for (const name of names) assert.deepEqual(peers.view(name), ["i-1 1 UP"], name);
  const kinds = peers
    .get("a")
    .events({ app: "catalog", id: "i-1" })
    .events.map(({ kind }) => kind);
  assert.deepEqual(kinds, ["registered", "evicted", "registered"]);
  await peers.close();
});

test("two processes that claim one id: the later start wins everywhere, the other is told and the log says who", async () => {
  const peers = new Peers(3);
  await peers.start();
  const [older, newer] = [recordOf("i-1"), recordOf("i-1", { incarnation: 2_000, port: 12_001 })];
  heartbeat(peers, "a", older);
  await peers.clock.advance(500);
  peers.get("b").register(newer);
  await peers.clock.advance(500);

  assert.equal(heartbeat(peers, "a", older), "told off");
  assert.throws(
    () => peers.get("a").register(older),
    (error) => error instanceof PlatformError && error.code === "INSTANCE_OLDER",
  );
  for (const name of names) assert.equal(peers.get(name).get("catalog", "i-1")?.port, 12_001, name);
  const { events } = peers.get("a").events({ app: "catalog", id: "i-1" });
  assert.ok(events.some(({ kind, detail }) => kind === "claimed" && /started at 1000 .* 2000: refused/.test(detail)));

  // The older one goes on asking; the younger falls silent, and nobody keeps its lease alive for it.
  for (let second = 0; second < 8; second++) {
    assert.equal(heartbeat(peers, "a", older), "told off");
    await peers.clock.advance(1_000);
  }
  await peers.clock.advance(4_000);
  for (const name of names) assert.equal(peers.get(name).get("catalog", "i-1"), undefined, name);

  // The younger is dead, and this one is not.
  assert.equal(heartbeat(peers, "a", older), "registered");
  await peers.clock.advance(500);
  for (const name of names) assert.equal(peers.get(name).get("catalog", "i-1")?.port, 12_000, name);
  await peers.close();
});

test("2,000 instances that register at once with restarted peers are all there, and none of them is ever shown as gone", async () => {
  const peers = new Peers(4);
  await peers.start();
  const records = Array.from({ length: 2_000 }, (_, i) => recordOf(`i-${i}`, { app: `app-${i % 50}` }));
  const homeOf = (i: number): Name => names[i % 3] ?? "a";
  for (const [i, record] of records.entries()) heartbeat(peers, homeOf(i), record);
  const listeners = names.map((name) => listen(peers, name));
  for (let second = 1; second <= 20; second++) {
    await peers.clock.advance(1_000);
    if (second % 3 === 0) {
      for (const [i, record] of records.entries()) assert.equal(heartbeat(peers, homeOf(i), record), "renewed");
    }
  }
  for (const [i, name] of names.entries()) {
    assert.equal(peers.get(name).size, 2_000);
    assert.equal(listeners[i]?.view.length, 2_000);
    assert.equal(removalsSeen(listeners[i] ?? new FakeListener()), 0);
  }
  assert.ok(peers.mostReplicasInACall <= 300, `${peers.mostReplicasInACall} in one call would be a stall`);
  await peers.close();
});

test("a client that flaps each second is out of service after six times, says why, and is back after some peace", async () => {
  const peers = new Peers(5);
  await peers.start();
  const steady = recordOf("steady");
  heartbeat(peers, "a", steady);
  const flapping = recordOf("flaps");
  peers.get("a").register(flapping);
  const listener = listen(peers, "b");
  let version = 1;
  for (let second = 0; second < 12; second++) {
    version += 1;
    peers.get("a").register({ ...flapping, version, status: second % 2 === 0 ? "DOWN" : "UP" });
    if (second % 3 === 0) heartbeat(peers, "a", steady);
    await peers.clock.advance(1_000);
  }
  for (const name of names) {
    assert.deepEqual(peers.view(name), [`flaps ${version} OUT_OF_SERVICE`, "steady 1 UP"], name);
    const why = peers.get(name).why("catalog", "flaps");
    assert.ok((why.damping?.untilMs ?? 0) > 0, name);
    assert.match(why.summary, /comes and goes too often/);
    assert.equal(peers.get(name).summary().damped, 1);
  }
  const changes = listener.frames.length;
  const kinds = peers
    .get("a")
    .events({ id: "flaps" })
    .events.map(({ kind }) => kind);
  assert.equal(kinds.filter((kind) => kind === "damped").length, 1);

  for (let second = 0; second < 40; second++) {
    for (const record of [steady, { ...flapping, version }]) heartbeat(peers, "a", record);
    await peers.clock.advance(1_000);
  }
  assert.deepEqual(listener.view, [`catalog/flaps ${version} UP`, "catalog/steady 1 UP"]);
  assert.equal(listener.frames.length, changes + 1, "in peace there is nothing to say but that");
  await peers.close();
});

test("a peer that answers slowly holds up nobody else, nor who waits for the listeners for more than a quarter second", async () => {
  const peers = new Peers(6);
  await peers.start();
  const record = recordOf("i-1");
  heartbeat(peers, "a", record);
  await peers.clock.advance(500);
  peers.slow.set("c", 10_000);

  peers.get("a").register({ ...record, version: 2, status: "DOWN" });
  await peers.clock.advance(300);
  assert.deepEqual(peers.view("b"), ["i-1 2 DOWN"]);

  const startMs = peers.clock.monotonicMs();
  let tookMs = 0;
  const change = { incarnation: 1_000, version: 3, status: "UP", awaitSeenMs: 1_000 } as const;
  const seen = peers.get("a").setStatus("catalog", idOf("i-1"), change);
  void seen.then(() => {
    tookMs = peers.clock.monotonicMs() - startMs;
  });
  await peers.clock.advance(3_000);
  assert.ok(tookMs > 0 && tookMs <= 1_250, `${tookMs} ms`);
  assert.equal((await seen).complete, false, "the slow one's listeners may not have seen it");
  assert.deepEqual(peers.view("b"), ["i-1 3 UP"]);

  peers.slow.clear();
  for (let second = 0; second < 15; second++) {
    heartbeat(peers, "a", { ...record, version: 3 });
    await peers.clock.advance(1_000);
  }
  assert.deepEqual(peers.view("c"), ["i-1 3 UP"]);
  await peers.close();
});

test("a registry that was restarted empty serves nobody before a peer has told it all, and then shows all", async () => {
  const peers = new Peers(7);
  await peers.start();
  for (let i = 0; i < 50; i++) heartbeat(peers, "a", recordOf(`i-${i}`));
  await peers.clock.advance(500);
  const old = peers.get("b");
  const fresh = peers.restart("b");
  void fresh.start();
  void old.close();
  assert.equal(fresh.serving, false);
  for (let i = 0; i < 100 && !fresh.serving; i++) await peers.clock.advance(20);
  assert.equal(fresh.size, 50, "when it serves it knows");
  assert.equal(listen(peers, "b").view.length, 50);
  await peers.close();
});

test("a registry that comes back empty and alone says how young it is, so that what it does not name is not taken for gone", async () => {
  const peers = new Peers(8);
  peers.cut("a", "b");
  peers.cut("a", "c");
  void peers.get("a").start();
  await peers.clock.advance(4_000);
  assert.equal(peers.get("a").serving, true);
  const snapshot = (): { readonly instances?: unknown; readonly ageMs?: number } | undefined =>
    listen(peers, "a").frames[0]?.data;
  assert.deepEqual(snapshot()?.instances, []);
  // Cut off as it is, it may be the only one who cannot be reached: it grows no older for ten minutes.
  assert.equal(snapshot()?.ageMs, 0);
  await peers.clock.advance(601_000);
  assert.equal(snapshot()?.ageMs, 5_000);
  await peers.close();
});

test("after a host was suspended every lease starts afresh, and what does not renew then ends in its time", async () => {
  const peers = new Peers(9);
  await peers.start();
  const [lives, dead] = [recordOf("lives"), recordOf("dead")];
  for (const record of [lives, dead]) heartbeat(peers, "a", record);
  const listener = listen(peers, "a");
  await peers.clock.advance(2_000);
  peers.clock.freeze(10 * 60_000);
  await peers.clock.advance(4_000);
  assert.equal(heartbeat(peers, "a", lives), "renewed");
  await peers.clock.advance(3_000);
  assert.equal(listener.view.length, 2);
  assert.equal(heartbeat(peers, "a", lives), "renewed");
  await peers.clock.advance(4_000);
  assert.deepEqual(listener.view, ["catalog/lives 1 UP"]);
  const paused = peers
    .get("a")
    .events({})
    .events.filter(({ kind }) => kind === "paused");
  assert.match(paused[0]?.detail ?? "", /stood still for 10 min|stood still for 60\d/);
  await peers.close();
});

for (const skewsMs of [
  { a: 0, b: hourMs, c: -hourMs },
  { a: hourMs, b: -hourMs, c: 0 },
]) {
  test(`with wall clocks wrong by an hour either way the later word wins, at whatever peer it is said (${JSON.stringify(skewsMs)})`, async () => {
    const peers = new Peers(10, skewsMs);
    await peers.start();
    const order: Name[] = ["a", "b", "c", "b", "a", "c", "a"];
    for (const [step, name] of order.entries()) {
      const { incarnation: _i, version: _v, ...unstamped } = recordOf("i-1", { port: 12_000 + step });
      peers.get(name).put(unstamped, "eureka");
      await peers.clock.advance(300);
      for (const other of names) {
        assert.equal(peers.get(other).get("catalog", "i-1")?.port, 12_000 + step, `step ${step} at ${other}`);
      }
    }
    await peers.close();
  });
}

test("what was said to a registry that had not met its peers yet takes its true place when it meets them", async () => {
  for (const lastSaidTo of ["c", "a"] as const) {
    const peers = new Peers(11, { c: -hourMs });
    peers.cut("c", "a");
    peers.cut("c", "b");
    await peers.start();
    const first = lastSaidTo === "c" ? "a" : "c";
    for (const [step, name] of [first, lastSaidTo].entries()) {
      const { incarnation: _i, version: _v, ...unstamped } = recordOf("i-1", { port: 12_000 + step });
      peers.get(name as Name).put(unstamped, "eureka");
      await peers.clock.advance(1_500);
    }
    peers.heal();
    await peers.clock.advance(4_000);
    for (const name of names) {
      assert.equal(peers.get(name).get("catalog", "i-1")?.port, 12_001, `said to ${lastSaidTo} last, seen at ${name}`);
    }
    await peers.close();
  }
});
