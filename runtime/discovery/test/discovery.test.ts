import assert from "node:assert/strict";
import { existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { hasCode } from "@holdfast/kernel";
import { FakeClock, temporaryDirectory, waitFor } from "@holdfast/testing";
import { FakeRegistry, recordOf } from "./fake-registry.ts";
import { Listening } from "./listening.ts";

function listen(registries: readonly string[], clock = new FakeClock(), lastViewFile?: string): Listening {
  return new Listening(clock, { registries, lastViewFile });
}

test("an acknowledgement is sent after the delta was applied", async () => {
  await using registry = await FakeRegistry.start();
  registry.shows([recordOf("i-1")]);
  await using discovery = listen([registry.url]);
  await waitFor("the view", () => discovery.ids.length === 1);
  let statusWhenTold = "";
  discovery.subscribe(() => {
    statusWhenTold = discovery.instances("catalog")[0]?.status ?? "";
    assert.equal(
      registry.asked.some((asked) => asked.line.includes("acks")),
      false,
    );
  });

  registry.tell({ upserts: [recordOf("i-1", { version: 2, status: "OUT_OF_SERVICE" })], ack: true });

  const ack = await waitFor("the ack", () => registry.asked.find((asked) => asked.line === "POST /v1/registry/acks"));
  assert.equal(statusWhenTold, "OUT_OF_SERVICE");
  assert.deepEqual(JSON.parse(ack.body), { listener: "fake-listener", cursor: "fake:1000:2" });
});

test("a registry that falls silent is left for the next one", async () => {
  await using silent = await FakeRegistry.start();
  await using next = await FakeRegistry.start();
  silent.shows([recordOf("i-1")]);
  next.shows([recordOf("i-1"), recordOf("i-2")]);
  const clock = new FakeClock();
  await using discovery = listen([silent.url, next.url], clock);
  await waitFor("the view", () => discovery.ids.length === 1);

  await clock.advance(9_000);
  assert.equal(silent.streams, 1);
  await clock.advance(1_000);

  await waitFor("the next one's view", () => discovery.ids.length === 2);
  await waitFor("the end of the silent stream", () => silent.streams === 0);
});

test("a registry that is not ready, and one that talks nonsense, are left for the next one", async () => {
  await using unready = await FakeRegistry.start();
  await using mad = await FakeRegistry.start();
  await using good = await FakeRegistry.start();
  mad.shows([]);
  good.shows([recordOf("i-1")]);
  await using discovery = listen([unready.url, mad.url, good.url]);
  await waitFor("the mad one", () => mad.streams === 1);

  mad.say("event: delta\ndata: {not json\n\n");

  await waitFor("the good one", () => discovery.ids.length === 1);
});

test("with all registries gone the view stays and is stale; it tries again, waiting longer each round", async () => {
  const clock = new FakeClock();
  const first = await FakeRegistry.start();
  const { port } = first;
  first.shows([recordOf("i-1")]);
  await using discovery = listen([first.url], clock);
  await waitFor("the view", () => discovery.ids.length === 1);

  await first[Symbol.asyncDispose]();
  await waitFor("staleness", () => discovery.state.kind === "stale");
  await clock.advance(600_000);
  assert.deepEqual(discovery.ids, ["i-1"]);

  await using again = await FakeRegistry.start(port);
  again.shows([recordOf("i-1"), recordOf("i-2")]);
  await waitFor("the registry's return", async () => {
    await clock.advance(500);
    return discovery.state.kind === "live";
  });
  assert.deepEqual(discovery.ids, ["i-1", "i-2"]);
});

test("a cut stream is resumed where it stood", async () => {
  const clock = new FakeClock();
  await using registry = await FakeRegistry.start();
  registry.shows([recordOf("i-1")]);
  await using discovery = listen([registry.url], clock);
  await waitFor("the view", () => discovery.ids.length === 1);
  registry.tell({ cursor: "fake:1000:5" });
  await waitFor("the delta", () => discovery.state.kind === "live" && discovery.state.cursor === "fake:1000:5");

  registry.dropStreams();

  await waitFor("the second stream", async () => {
    await clock.advance(100);
    return registry.asked.length === 2;
  });
  assert.deepEqual(
    registry.asked.map((asked) => asked.lastEventId),
    [undefined, "fake:1000:5"],
  );
});

test("a registry that has just started does not take away what it does not know yet, for ten seconds", async () => {
  const clock = new FakeClock();
  await using old = await FakeRegistry.start();
  await using young = await FakeRegistry.start();
  old.shows([recordOf("i-1"), recordOf("i-2")]);
  await using discovery = listen([old.url, young.url], clock);
  await waitFor("the view", () => discovery.ids.length === 2);
  discovery.changes.length = 0;
  young.shows([recordOf("i-2")], 2_000, "young");

  old.dropStreams();
  await waitFor("the young one", () => young.streams === 1 && discovery.state.kind === "live");
  await waitFor("its snapshot", () => discovery.state.kind === "live" && discovery.state.cursor.startsWith("young"));
  assert.deepEqual(discovery.ids, ["i-1", "i-2"]);
  assert.deepEqual(discovery.changes, []);

  for (let second = 0; second < 10; second++) {
    young.shows([recordOf("i-2")], 3_000 + second * 1_000, "young");
    await clock.advance(1_000);
    young.beat();
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  await waitFor("the young one's word", () => discovery.ids.length === 1);
});

test("a listener that had to leave its own zone's registry returns when that is back", async () => {
  const clock = new FakeClock();
  const home = await FakeRegistry.start();
  const { port } = home;
  await using away = await FakeRegistry.start();
  home.shows([recordOf("i-1")]);
  away.shows([recordOf("i-1")], undefined, "away");
  await using discovery = listen([home.url, away.url], clock);
  await waitFor("home", () => home.streams === 1);
  await home[Symbol.asyncDispose]();
  await waitFor("away", () => away.streams === 1);

  await using back = await FakeRegistry.start(port);
  back.shows([recordOf("i-1")]);
  back.answers.set("GET /v1/registry/health", { status: 200, body: {} });
  await waitFor("home again", async () => {
    away.beat();
    await clock.advance(1_000);
    return back.streams === 1;
  });
  assert.equal(discovery.state.kind, "live");
});

test("the last view is written once things are quiet, for its owner alone, and not again unless it changed", async () => {
  using directory = temporaryDirectory("view");
  const file = join(directory.path, "view.json");
  const clock = new FakeClock();
  await using registry = await FakeRegistry.start();
  registry.shows([recordOf("i-1")]);
  await using discovery = listen([registry.url], clock, file);
  await waitFor("the view", () => discovery.ids.length === 1);
  assert.equal(existsSync(file), false);

  await clock.advance(5_000);
  assert.deepEqual(JSON.parse(readFileSync(file, "utf8")), [recordOf("i-1")]);
  assert.equal(statSync(file).mode & 0o777, 0o600);
  const inode = statSync(file).ino;

  registry.tell({ upserts: [recordOf("i-1")] });
  await waitFor("the delta", () => discovery.state.kind === "live" && discovery.state.cursor === "fake:1000:2");
  await clock.advance(4_000);
  registry.beat();
  await clock.advance(1_500);
  assert.equal(statSync(file).ino, inode);
});

test("a start while every registry is down begins with the last view, and says until when it was known to be true", async () => {
  using directory = temporaryDirectory("view");
  const file = join(directory.path, "view.json");
  const clock = new FakeClock();
  const registry = await FakeRegistry.start();
  const { url } = registry;
  registry.shows([recordOf("i-1")]);
  {
    await using discovery = listen([url], clock, file);
    await waitFor("the view", () => discovery.ids.length === 1);
    for (let second = 0; second < 95; second += 5) {
      await clock.advance(5_000);
      registry.beat();
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
    assert.equal(discovery.state.kind, "live");
  }
  const leftMs = clock.wallMs();
  await registry[Symbol.asyncDispose]();
  await clock.advance(3_600_000);

  await using discovery = listen([url], clock, file);
  await discovery.ready(2_000);

  assert.deepEqual(discovery.ids, ["i-1"]);
  assert.ok(discovery.state.kind === "stale" && discovery.state.from === "file");
  const { sinceMs } = discovery.state;
  assert.ok(sinceMs <= leftMs && sinceMs > leftMs - 60_000, `${leftMs - sinceMs} ms before it stopped`);
});

test("a last view that cannot be read is as good as none", async () => {
  using directory = temporaryDirectory("view");
  const file = join(directory.path, "view.json");
  for (const content of ["", "{", '{"a":1}', '[1,2,{"app":"catalog"}]']) {
    writeFileSync(file, content);
    await using discovery = listen(["http://127.0.0.1:9"], new FakeClock(), file);
    await new Promise((resolve) => setTimeout(resolve, 20));
    assert.deepEqual(discovery.apps(), []);
    assert.equal(discovery.state.kind, "connecting");
  }
});

test("without a registry and without a last view, waiting ends with a coded error", async () => {
  const gone = await FakeRegistry.start();
  await gone[Symbol.asyncDispose]();
  const clock = new FakeClock();
  await using discovery = listen([`http://127.0.0.1:9`], clock);
  const ready = discovery.ready(1_000);
  ready.catch(() => {});

  await clock.advance(1_000);

  await assert.rejects(ready, (error) => hasCode(error, "REGISTRY_UNREACHABLE"));
  assert.equal(discovery.state.kind, "connecting");
});
