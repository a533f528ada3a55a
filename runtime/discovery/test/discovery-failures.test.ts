import assert from "node:assert/strict";
import { test } from "node:test";
import { FakeClock, waitFor } from "@holdfast/testing";
import { FakeRegistry, recordOf } from "./fake-registry.ts";
import { HungServer } from "./hung-server.ts";
import { Listening } from "./listening.ts";

const streamHead = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n";

/** Real sockets need real time to say what happened in fake time. */
function moment(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 5));
}

/** Moves the clock second by second, with the registry's heartbeats, as life goes. */
async function live(clock: FakeClock, seconds: number, ...registries: readonly FakeRegistry[]): Promise<void> {
  for (let second = 0; second < seconds; second++) {
    await clock.advance(1_000);
    for (const registry of registries) registry.beat();
    await moment();
  }
}

test("with all registries down for five minutes every lookup finds its instances", async () => {
  const clock = new FakeClock();
  const peers = await Promise.all([FakeRegistry.start(), FakeRegistry.start(), FakeRegistry.start()]);
  for (const peer of peers) peer.shows([recordOf("i-1"), recordOf("i-2")]);
  await using discovery = new Listening(clock, { registries: peers.map((peer) => peer.url) });
  await waitFor("the view", () => discovery.ids.length === 2);
  await Promise.all(peers.map((peer) => peer[Symbol.asyncDispose]()));
  await waitFor("staleness", () => discovery.state.kind === "stale");
  const sinceMs = clock.wallMs();

  let [asked, found] = [0, 0];
  for (let slice = 0; slice < 3_000; slice++) {
    await clock.advance(100);
    asked += 1;
    if (discovery.instances("catalog").length === 2) found += 1;
  }

  assert.equal(found, asked);
  assert.deepEqual(discovery.changes, ["catalog"]);
  assert.ok(discovery.state.kind === "stale" && discovery.state.sinceMs <= sinceMs);
});

test("a registry that accepts but never answers holds nobody up for more than a second", async () => {
  const clock = new FakeClock();
  await using hung = await new HungServer().start();
  await using next = await FakeRegistry.start();
  next.shows([recordOf("i-1")]);
  await using discovery = new Listening(clock, { registries: [hung.url, next.url] });
  await waitFor("the connection", () => hung.connections === 1);

  await clock.advance(1_000);

  await waitFor("the next one's view", () => discovery.ids.length === 1);
  assert.equal(clock.monotonicMs(), 1_000);
});

test("a registry that begins to answer and stops, or trickles, is left as well", async () => {
  for (const [trickles, atMostMs] of [
    [false, 2_000],
    [true, 15_000],
  ] as const) {
    const clock = new FakeClock();
    await using hung = await new HungServer(`${streamHead}event: snapshot\ndata: {"cur`).start();
    await using next = await FakeRegistry.start();
    next.shows([recordOf("i-1")]);
    await using discovery = new Listening(clock, { registries: [hung.url, next.url] });
    await waitFor("the connection", () => hung.connections === 1);
    await moment();
    await moment();

    for (let ms = 0; ms < atMostMs; ms += 1_000) {
      assert.equal(next.streams, 0);
      await clock.advance(1_000);
      if (trickles) hung.say(" ");
      await moment();
    }

    await waitFor("the next one's view", () => discovery.ids.length === 1);
  }
});

test("registries that let us in and throw us out again are not asked in a hot loop", async () => {
  const clock = new FakeClock();
  await using a = await FakeRegistry.start();
  await using b = await FakeRegistry.start();
  for (const registry of [a, b]) registry.shows([recordOf("i-1")]);
  await using discovery = new Listening(clock, { registries: [a.url, b.url] });
  await waitFor("the view", () => discovery.ids.length === 1);

  for (let slice = 0; slice < 300; slice++) {
    a.dropStreams();
    b.dropStreams();
    await moment();
    await clock.advance(100);
  }

  const tries = a.asked.length + b.asked.length;
  assert.ok(tries < 30, `${tries} streams within 30 s`);
  assert.deepEqual(discovery.ids, ["i-1"]);
  await waitFor("life", async () => {
    await clock.advance(1_000);
    return discovery.state.kind === "live";
  });
});

test("silence while this process was frozen is not the registry's", async () => {
  const clock = new FakeClock();
  await using registry = await FakeRegistry.start();
  await using other = await FakeRegistry.start();
  for (const one of [registry, other]) one.shows([recordOf("i-1")]);
  await using discovery = new Listening(clock, { registries: [registry.url, other.url] });
  await waitFor("the view", () => discovery.ids.length === 1);

  clock.freeze(60_000);
  await clock.advance(0);
  registry.beat();
  await moment();
  await live(clock, 20, registry);

  assert.equal(registry.asked.length, 1);
  assert.equal(other.asked.length, 0);
});

test("after the host was suspended the view is kept and a stream that died meanwhile is renewed", async () => {
  const clock = new FakeClock();
  await using registry = await FakeRegistry.start();
  registry.shows([recordOf("i-1")]);
  await using discovery = new Listening(clock, { registries: [registry.url] });
  await waitFor("the view", () => discovery.ids.length === 1);

  clock.freeze(8 * 3_600_000);
  clock.jumpWall(60_000);
  await clock.advance(3_500);

  await waitFor("the second stream", async () => {
    await clock.advance(100);
    return registry.asked.length === 2;
  });
  assert.deepEqual(discovery.ids, ["i-1"]);
  assert.deepEqual(discovery.changes, ["catalog"]);
  assert.ok(clock.monotonicMs() < 8 * 3_600_000 + 5_000);
});

test("wall clocks that jump, or are an hour apart, change nothing", async () => {
  const clock = new FakeClock();
  await using registry = await FakeRegistry.start();
  await using young = await FakeRegistry.start();
  registry.shows([recordOf("i-1"), recordOf("i-2")]);
  // It says that it started an hour from now, and a second ago.
  young.snapshot = {
    cursor: `young:${clock.wallMs() + 3_600_000}:1`,
    listener: "l",
    instances: [recordOf("i-2")],
    ageMs: 1_000,
  };
  await using discovery = new Listening(clock, { registries: [registry.url, young.url] });
  await waitFor("the view", () => discovery.ids.length === 2);

  for (const jumpMs of [3_600_000, -7_200_000]) {
    clock.jumpWall(jumpMs);
    await live(clock, 20, registry);
    assert.equal(registry.asked.length, 1);
  }
  registry.dropStreams();
  await waitFor("the young one", () => discovery.state.kind === "live" && discovery.state.cursor.startsWith("young"));

  assert.deepEqual(discovery.ids, ["i-1", "i-2"]);
  assert.deepEqual(discovery.changes, ["catalog"]);
});

test("a registry restarted empty empties nobody: what it does not name stays until its lease would be over", async () => {
  const clock = new FakeClock();
  const first = await FakeRegistry.start();
  const { port } = first;
  first.shows([recordOf("i-1"), recordOf("e-1", { leaseMs: 90_000 }), recordOf("i-2")]);
  await using discovery = new Listening(clock, { registries: [first.url] });
  await waitFor("the view", () => discovery.ids.length === 3);
  await first[Symbol.asyncDispose]();

  await using again = await FakeRegistry.start(port);
  const restartedMs = clock.monotonicMs();
  const says = (ids: readonly string[]): void =>
    again.shows(
      ids.map((id) => recordOf(id)),
      clock.monotonicMs() - restartedMs,
      "again",
    );
  says([]);
  await waitFor("the restarted one", async () => {
    await clock.advance(50);
    return again.streams === 1 && discovery.state.kind === "live";
  });
  assert.equal(discovery.ids.length, 3);

  says(["i-1"]);
  again.tell({ cursor: "again:1000:2", upserts: [recordOf("i-1")] });
  for (let second = 0; second < 95; second++) {
    if (second === 9) assert.equal(discovery.ids.length, 3);
    if (second === 80) assert.deepEqual(discovery.ids.toSorted(), ["e-1", "i-1"]);
    await live(clock, 1, again);
    says(["i-1"]);
  }

  assert.deepEqual(discovery.ids, ["i-1"]);
});

test("nonsense is refused whole: the view stays, and the next registry is asked", async () => {
  const nonsense = [
    "event: snapshot\ndata: {not json\n\n",
    "event: snapshot\ndata: null\n\n",
    'event: snapshot\ndata: {"cursor":"x:1:1","listener":"l","instances":{}}\n\n',
    'event: snapshot\ndata: {"cursor":"x:1:1","listener":"l","instances":[1,2,3]}\n\n',
    `event: snapshot\ndata: {"cursor":"x:1:1","listener":"l","instances":[${"0,".repeat(200_000)}0]}\n\n`,
    'event: delta\ndata: {"cursor":7,"upserts":[],"removals":[]}\n\n',
    'event: delta\ndata: {"cursor":"x:1:2","upserts":[{"app":"catalog","id":"i-9"}],"removals":[]}\n\n',
    'event: delta\ndata: {"cursor":"x:1:2","upserts":[],"removals":"all"}\n\n',
  ];
  for (const text of nonsense) {
    const clock = new FakeClock();
    await using mad = await FakeRegistry.start();
    await using sane = await FakeRegistry.start();
    mad.shows([recordOf("i-1"), recordOf("i-2")]);
    sane.shows([recordOf("i-1"), recordOf("i-2")]);
    await using discovery = new Listening(clock, { registries: [mad.url, sane.url] });
    await waitFor("the view", () => discovery.ids.length === 2);

    mad.say(text);

    await waitFor("the sane one", () => sane.streams === 1, { timeoutMs: 5_000 });
    assert.deepEqual(discovery.ids, ["i-1", "i-2"], text.slice(0, 80));
  }
});

test("one instance that cannot be read is left out: every registry has it, and all would be refused for it", async () => {
  const clock = new FakeClock();
  await using registry = await FakeRegistry.start();
  registry.shows([recordOf("i-1"), recordOf("i-2", { port: 70_000 }), recordOf("i-3")]);
  await using discovery = new Listening(clock, { registries: [registry.url] });

  await waitFor("the view", () => discovery.ids.length === 2);

  assert.deepEqual(discovery.ids, ["i-1", "i-3"]);
});
