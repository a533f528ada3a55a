import assert from "node:assert/strict";
import { test } from "node:test";
import { SeededRandom, silentLog } from "@holdfast/kernel";
import { FakeClock } from "@holdfast/testing";
import { formatCursor } from "@holdfast/wire";
import type { ListenerFilter } from "../src/listener-filter.ts";
import { Registry } from "../src/registry.ts";
import { FakeListener } from "./fake-listener.ts";
import { idOf, recordOf } from "./records.ts";

/** One registry that stands alone, and those who listen to it. */
class Scene {
  readonly clock = new FakeClock();
  readonly registry = new Registry(this.clock, new SeededRandom(1), silentLog, { name: "a", peers: [] });

  listen(filter: ListenerFilter = {}, resume?: string, reads = true): FakeListener {
    const listener = new FakeListener(reads);
    this.registry.open(listener.response, filter, resume);
    return listener;
  }

  set(id: string, version = 1, status: "UP" | "DOWN" = "UP"): void {
    this.registry.register(recordOf(id, { version, status }));
  }

  /** What a listener that has heard everything knows. */
  get view(): string[] {
    return this.registry
      .records()
      .map((record) => `${record.app}/${record.id} ${record.version} ${record.status}`)
      .sort();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closing = this.registry.close();
    await this.clock.advance(1_000);
    await closing;
  }
}

test("a thousand listeners hear every change in its order, each change within two milliseconds of its neighbours once", async () => {
  await using scene = new Scene();
  for (let i = 0; i < 20; i++) scene.set(`i-${i}`);
  const listeners = Array.from({ length: 1_000 }, () => scene.listen());
  for (let version = 2; version < 12; version++) {
    scene.set(`i-${version}`, version, version % 2 === 0 ? "DOWN" : "UP");
    scene.registry.remove(idOf(`i-${version + 5}`), "catalog", "stopped", undefined);
    await scene.clock.advance(1);
  }
  await scene.clock.advance(50);

  for (const listener of listeners) {
    assert.deepEqual(listener.view, scene.view);
    const cursors = listener.frames.map(({ id }) => Number(id.split(":").at(-1)));
    assert.deepEqual(
      cursors,
      [...new Set(cursors)].sort((a, b) => a - b),
    );
  }
  assert.ok((listeners[0]?.frames.length ?? 0) < 13, "changes that come together go out together");
});

test("a thousand listeners are written to in slices, so that others have their turn in between", async () => {
  await using scene = new Scene();
  const listeners = Array.from({ length: 1_000 }, () => scene.listen());
  await scene.clock.advance(10);
  const written = (): number => listeners.filter((listener) => listener.frames.length > 1).length;
  const seen = new Set<number>();
  // In the same moment, in turns with what writes.
  let looks = 0;
  const look = (): void => {
    seen.add(written());
    looks += 1;
    if (looks < 30) scene.clock.after(0, look);
  };
  scene.set("i-1");
  scene.clock.after(2, look);
  await scene.clock.advance(10);

  const steps = [...seen].sort((a, b) => a - b);
  assert.equal(steps.at(-1), 1_000);
  for (const [i, step] of steps.entries())
    assert.ok(step - (steps[i - 1] ?? 0) <= 150, `from ${steps[i - 1]} to ${step}`);
});

test("a listener that comes while changes are on their way to others misses nothing and hears nothing old after something new", async () => {
  await using scene = new Scene();
  for (let i = 0; i < 400; i++) scene.listen();
  const late: FakeListener[] = [];
  for (let version = 1; version < 60; version++) {
    scene.set("i-1", version, version % 2 === 0 ? "DOWN" : "UP");
    if (version % 7 === 0) scene.registry.remove(idOf("i-1"), "catalog", "stopped", undefined);
    late.push(scene.listen(), scene.listen({ apps: new Set(["catalog"]) }));
    await scene.clock.advance(version % 3);
  }
  await scene.clock.advance(100);
  for (const listener of late) {
    const versions = listener.frames.flatMap(({ event, data }) =>
      (event === "snapshot" ? data.instances : data.upserts).map((record) => record.version),
    );
    assert.deepEqual(
      versions,
      versions.toSorted((a, b) => a - b),
    );
    assert.deepEqual(listener.view, scene.view);
  }
});

test("one whose snapshot is long hears afterwards what happened meanwhile, as one delta", async () => {
  await using scene = new Scene();
  const metadata = { note: "x".repeat(4_000) };
  for (let i = 0; i < 500; i++) scene.registry.register(recordOf(`i-${i}`, { metadata }));
  await scene.clock.advance(10);
  const slow = scene.listen({}, undefined, false);
  scene.set("i-7", 2, "DOWN");
  scene.registry.remove(idOf("i-8"), "catalog", "stopped", undefined);
  await scene.clock.advance(100);
  assert.equal(slow.frames.length, 0, "its snapshot is in pieces, and the first is unread");
  slow.read();
  await scene.clock.advance(100);

  assert.deepEqual(
    slow.frames.map(({ event }) => event),
    ["snapshot", "delta"],
  );
  assert.deepEqual(slow.view, scene.view);
});

test("a listener that does not read is cut off at 1 MiB, and others go on hearing", async () => {
  await using scene = new Scene();
  const [deaf, other] = [scene.listen({}, undefined, false), scene.listen()];
  const metadata = { note: "x".repeat(4_000) };
  let most = 0;
  for (let version = 1; version < 600 && !deaf.destroyed; version++) {
    scene.registry.register(recordOf("i-1", { version, metadata }));
    await scene.clock.advance(5);
    most = Math.max(most, deaf.writableLength);
  }
  assert.equal(deaf.destroyed, true);
  assert.ok(most < 1_100_000, `${most} bytes lay unread`);
  assert.equal(scene.registry.listeners, 1);
  assert.deepEqual(other.view, scene.view);
});

test("a listener that does not read its snapshot is cut off after half a minute", async () => {
  await using scene = new Scene();
  const metadata = { note: "x".repeat(4_000) };
  for (let i = 0; i < 500; i++) scene.registry.register(recordOf(`i-${i}`, { metadata }));
  const deaf = scene.listen({}, undefined, false);
  await scene.clock.advance(29_000);
  assert.equal(deaf.destroyed, false);
  await scene.clock.advance(7_000);
  assert.equal(deaf.destroyed, true);
  assert.equal(scene.registry.listeners, 0);
});

test("one that comes back with its cursor hears what it missed, and not what it knows", async () => {
  await using scene = new Scene();
  for (let i = 0; i < 5; i++) scene.set(`i-${i}`);
  const before = formatCursor(scene.registry.cursor);
  scene.set("i-1", 2, "DOWN");
  scene.registry.remove(idOf("i-2"), "catalog", "stopped", undefined);
  scene.set("i-1", 3, "UP");
  const back = scene.listen({}, before);
  await scene.clock.advance(10);

  const first = back.frames[0];
  assert.equal(first?.event, "delta");
  assert.deepEqual(
    first?.data.upserts.map((record) => `${record.id} ${record.version}`),
    ["i-1 3"],
  );
  assert.deepEqual(
    first?.data.removals.map(({ id }) => id),
    ["i-2"],
  );
  assert.match(back.id, /^[0-9a-f]{16}$/);
  assert.equal(first?.id, formatCursor(scene.registry.cursor));
});

test("a cursor of another registry, of another life, or of the future gets a snapshot", async () => {
  await using scene = new Scene();
  scene.set("i-1");
  const { epoch, sequence } = scene.registry.cursor;
  for (const cursor of [`b:${epoch}:${sequence}`, `a:${epoch - 1}:${sequence}`, `a:${epoch}:${sequence + 1}`, "x"]) {
    const listener = scene.listen({}, cursor);
    assert.deepEqual(
      listener.frames.map(({ event }) => event),
      ["snapshot"],
      cursor,
    );
  }
});

test("one that wants some apps hears of those alone", async () => {
  await using scene = new Scene();
  const listener = scene.listen({ apps: new Set(["films"]) });
  scene.set("i-1");
  scene.registry.register(recordOf("f-1", { app: "films" }));
  await scene.clock.advance(10);
  scene.set("i-1", 2, "DOWN");
  await scene.clock.advance(10);
  assert.deepEqual(listener.view, ["films/f-1 1 UP"]);
  assert.equal(listener.frames.length, 2);
});

test("one that wants a virtual address hears when an instance takes it on, and is rid of it when it gives it up", async () => {
  await using scene = new Scene();
  const eureka = (vipAddress: string): ReturnType<typeof recordOf>["eureka"] =>
    ({
      hostName: "h",
      app: "CATALOG",
      ipAddr: "127.0.0.1",
      status: "UP",
      port: { port: 1, enabled: true },
      securePort: { port: 2, enabled: false },
      metadata: {},
      vipAddress,
    }) as unknown as ReturnType<typeof recordOf>["eureka"];
  const serve = (version: number, vips: string): void => {
    const given = eureka(vips);
    scene.registry.register(recordOf("i-1", { version, ...(given === undefined ? {} : { eureka: given }) }));
  };
  serve(1, "other");
  const listener = scene.listen({ vips: new Set(["movies"]) });
  assert.deepEqual(listener.view, []);
  serve(2, "other,Movies");
  await scene.clock.advance(10);
  assert.deepEqual(listener.view, ["catalog/i-1 2 UP"]);

  // Two changes that go out together: of the second alone it would not need to hear.
  serve(3, "other");
  serve(4, "third");
  await scene.clock.advance(10);
  assert.deepEqual(listener.view, []);
  scene.registry.remove(idOf("i-1"), "catalog", "stopped", undefined);
  await scene.clock.advance(10);
  assert.equal(listener.frames.length, 3, "what it does not want any more it does not hear of");
});

test("who waits for the listeners of an app waits for those alone, and for those that go away no longer", async () => {
  await using scene = new Scene();
  scene.set("i-1");
  const [one, gone, foreign] = [scene.listen(), scene.listen(), scene.listen({ apps: new Set(["films"]) })];
  const change = { incarnation: 1_000, version: 2, status: "OUT_OF_SERVICE", awaitSeenMs: 5_000 } as const;
  const seen = scene.registry.setStatus("catalog", idOf("i-1"), change);
  const asked = one.frames.at(-1);
  assert.equal(asked?.data.ack, true);
  assert.ok(!foreign.frames.some(({ data }) => data.ack === true));
  assert.equal(one.view[0], "catalog/i-1 2 OUT_OF_SERVICE", "the change comes before the question");

  assert.equal(scene.registry.acknowledge(one.id, asked?.id ?? ""), true);
  gone.destroy();
  await scene.clock.advance(1);
  assert.deepEqual(await seen, { listeners: 2, seen: 2, complete: true });
});

test("who waits for a listener whose snapshot is under way is answered after that", async () => {
  await using scene = new Scene();
  const metadata = { note: "x".repeat(4_000) };
  for (let i = 0; i < 500; i++) scene.registry.register(recordOf(`i-${i}`, { metadata }));
  const slow = scene.listen({}, undefined, false);
  const change = { incarnation: 1_000, version: 2, status: "DOWN", awaitSeenMs: 5_000 } as const;
  const seen = scene.registry.setStatus("catalog", idOf("i-1"), change);
  await scene.clock.advance(10);
  slow.read();
  await scene.clock.advance(10);
  const asked = slow.frames.at(-1);
  assert.equal(asked?.data.ack, true);
  scene.registry.acknowledge(slow.id, asked?.id ?? "");
  assert.deepEqual(await seen, { listeners: 1, seen: 1, complete: true });
});

test("an acknowledgement of less than what is asked, or of nobody, does not count", async () => {
  await using scene = new Scene();
  scene.set("i-1");
  const listener = scene.listen();
  const early = listener.frames[0]?.id ?? "";
  const change = { incarnation: 1_000, version: 2, status: "DOWN", awaitSeenMs: 300 } as const;
  const seen = scene.registry.setStatus("catalog", idOf("i-1"), change);
  assert.equal(scene.registry.acknowledge(listener.id, early), true);
  assert.equal(scene.registry.acknowledge("nobody", early), false);
  assert.equal(scene.registry.acknowledge(listener.id, "no cursor"), false);
  await scene.clock.advance(300);
  assert.deepEqual(await seen, { listeners: 1, seen: 0, complete: false });
});

test("a registry that drains ends every stream, and one that is closed leaves none", async () => {
  await using scene = new Scene();
  const listeners = [scene.listen(), scene.listen()];
  scene.registry.drain();
  assert.deepEqual(
    listeners.map((listener) => listener.writableEnded),
    [true, true],
  );
  assert.equal(scene.registry.listeners, 0);
});
