import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import type { Discovery } from "@holdfast/discovery";
import { temporaryDirectory, waitFor } from "@holdfast/testing";
import { Cluster } from "./cluster.ts";
import { recordOf } from "./records.ts";

function statusIn(discovery: Discovery, id: string): string | undefined {
  return discovery.instances("catalog").find((record) => record.id === id)?.status;
}

test("an instance that registers at one registry is pushed to the listeners of all", async () => {
  await using cluster = await Cluster.start(3);
  const listeners = [0, 1, 2].map((index) => cluster.listen(index));
  for (const listener of listeners) await listener.ready(5_000);

  await cluster.instance(recordOf("i-1"), 1);

  for (const listener of listeners) await waitFor("the instance", () => statusIn(listener, "i-1") === "UP");
  assert.deepEqual(
    listeners.map((listener) => listener.apps()),
    [["catalog"], ["catalog"], ["catalog"]],
  );
});

test("a drain is answered when the listeners of every registry have applied it", async () => {
  await using cluster = await Cluster.start(3);
  const listeners = [0, 1, 2, 2].map((index) => cluster.listen(index));
  const registration = await cluster.instance(recordOf("i-1"), 0);
  for (const listener of listeners) await waitFor("the instance", () => statusIn(listener, "i-1") === "UP");

  const seen = await registration.setStatus("OUT_OF_SERVICE", 5_000);

  assert.deepEqual(seen, { listeners: 4, seen: 4, complete: true });
  for (const listener of listeners) assert.equal(statusIn(listener, "i-1"), "OUT_OF_SERVICE");
});

test("saying the same status again still waits for the listeners", async () => {
  await using cluster = await Cluster.start(1);
  const listener = cluster.listen();
  const registration = await cluster.instance(recordOf("i-1"));
  await waitFor("the instance", () => statusIn(listener, "i-1") === "UP");

  await registration.setStatus("OUT_OF_SERVICE");
  const seen = await registration.setStatus("OUT_OF_SERVICE", 5_000);

  assert.deepEqual(seen, { listeners: 1, seen: 1, complete: true });
});

test("a listener that never acknowledges holds a drain up for its bound and no longer", async () => {
  await using cluster = await Cluster.start(1);
  const abort = new AbortController();
  const deaf = await fetch(`${cluster.url(0)}/v1/registry/stream`, { signal: abort.signal });
  const registration = await cluster.instance(recordOf("i-1"));

  const startMs = performance.now();
  const seen = await registration.setStatus("OUT_OF_SERVICE", 300);

  assert.deepEqual(seen, { listeners: 1, seen: 0, complete: false });
  assert.ok(performance.now() - startMs < 1_000);
  abort.abort();
  await deaf.body?.cancel().catch(() => {});
});

test("when its registry dies a listener goes on with the next and an instance keeps its lease there", async () => {
  await using cluster = await Cluster.start(3);
  const listener = cluster.listen(0);
  const changes: string[] = [];
  const registration = await cluster.instance(recordOf("i-1"), 0);
  await waitFor("the instance", () => statusIn(listener, "i-1") === "UP");
  listener.subscribe((apps) => changes.push(...apps));

  await cluster.stop(0);
  await waitFor("the next registry", () => {
    const state = listener.state;
    // The one after it, unless that one was slow to answer at this moment.
    return state.kind === "live" && state.registry !== cluster.url(0);
  });
  await waitFor("the heartbeat there", () => registration.registered);
  assert.deepEqual(changes, []);

  await cluster.instance(recordOf("i-2"), 2);
  await waitFor("news through the next", () => statusIn(listener, "i-2") === "UP");
});

test("with every registry down the view stays, and says that it is stale; one that comes back empty does not empty it", async () => {
  await using cluster = await Cluster.start(2);
  const listener = cluster.listen(0);
  const registration = await cluster.instance(recordOf("i-1"));
  await waitFor("the instance", () => statusIn(listener, "i-1") === "UP");
  const sizes: number[] = [];
  listener.subscribe(() => sizes.push(listener.instances("catalog").length));

  await Promise.all([cluster.stop(0), cluster.stop(1)]);
  await waitFor("staleness", () => listener.state.kind === "stale");
  assert.equal(statusIn(listener, "i-1"), "UP");
  registration.abandon();

  await cluster.run(1);
  await waitFor("a registry", () => listener.state.kind === "live");
  assert.equal(statusIn(listener, "i-1"), "UP");
  assert.deepEqual(sizes, []);
});

test("a process that starts while every registry is down begins with its last view", async () => {
  using directory = temporaryDirectory("view");
  const file = join(directory.path, "view.json");
  await using cluster = await Cluster.start(1);
  await cluster.stop(0);
  writeFileSync(file, JSON.stringify([recordOf("i-1"), { not: "a record" }]));

  const listener = cluster.listen(0, file);
  await listener.ready(3_000);

  assert.equal(listener.state.kind, "stale");
  assert.deepEqual(
    listener.instances("catalog").map((record) => record.id),
    ["i-1"],
  );
  assert.match(readFileSync(file, "utf8"), /i-1/);
});

test("a registry that drains sends its listeners to another at once", async () => {
  await using cluster = await Cluster.start(2);
  const listener = cluster.listen(0);
  await listener.ready(5_000);

  cluster.registry(0).drain();

  await waitFor("the other registry", () => {
    const state = listener.state;
    return state.kind === "live" && state.registry === cluster.url(1);
  });
  assert.equal(cluster.registry(0).listeners, 0);
});

test("an instance that somebody took out by mistake is back with its next heartbeat", async () => {
  await using cluster = await Cluster.start(1);
  const listener = cluster.listen();
  const registration = await cluster.instance(recordOf("i-1"));
  await waitFor("the instance", () => statusIn(listener, "i-1") === "UP");

  await fetch(`${cluster.url(0)}/v1/registry/instances/catalog/i-1`, { method: "DELETE" });

  await waitFor("its return", () => (registration.record.version > 1 && statusIn(listener, "i-1")) === "UP");
});

test("an instance that stops is gone for all listeners, and a late word of it changes nothing", async () => {
  await using cluster = await Cluster.start(2);
  const listener = cluster.listen(1);
  const registration = await cluster.instance(recordOf("i-1"), 0);
  await waitFor("the instance", () => statusIn(listener, "i-1") === "UP");

  await registration.stop("stopped");

  await waitFor("its removal", () => statusIn(listener, "i-1") === undefined);
  assert.throws(
    () => cluster.registry(1).register(recordOf("i-1", { version: 7 })),
    /removal of this instance is known/,
  );
});
