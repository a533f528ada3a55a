import assert from "node:assert/strict";
import { fork } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { test } from "node:test";
import { SystemClock } from "@holdfast/kernel";
import { temporaryDirectory } from "@holdfast/testing";
import type { Change } from "../src/change.ts";
import { MemoryConfigStore, SqliteConfigStore } from "../src/index.ts";
import { type ConfigStore, changesKeptMax } from "../src/store/config-store.ts";

const clock = new SystemClock();

function change(revision: number, key: string, before: string | null, after: string | null): Change {
  return { revision, atMs: 7, author: "ann", reason: "why", kind: "set", edits: [{ key, scope: {}, before, after }] };
}

const written = (...changes: Change[]): { kind: "change"; change: Change }[] =>
  changes.map((one) => ({ kind: "change", change: one }));

async function roundTrip(store: ConfigStore, again: () => ConfigStore): Promise<void> {
  const { stored: empty } = await store.open();
  assert.deepEqual([empty.revision, empty.rows, empty.stages, empty.secrets], [0, [], [], []]);
  const sealed = { iv: "", text: "", tag: "" };
  const secret = {
    name: "S",
    envelope: { keyId: "k", dataKey: sealed, value: sealed },
    fingerprint: "f",
    revision: 1,
    author: "ann",
    atMs: 1,
  };
  await store.write([
    ...written(
      change(1, "a", null, "1"),
      change(2, "b", null, "1"),
      change(3, "a", "1", "2"),
      change(4, "b", "1", null),
    ),
    { kind: "secret", secret },
    { kind: "secret", secret: { ...secret, name: "T" } },
    { kind: "secret-removed", name: "S" },
  ]);
  await store.close();
  const second = again();
  const { stored } = await second.open();
  assert.equal(stored.epoch, empty.epoch);
  assert.deepEqual(
    stored.rows.map(({ key, value, revision, author }) => ({ key, value, revision, author })),
    [{ key: "a", value: "2", revision: 3, author: "ann" }],
  );
  assert.deepEqual([stored.revision, stored.secrets.map(({ name }) => name)], [4, ["T"]]);
  const revisions = async (query: object): Promise<number[]> =>
    (await second.changes({ limit: 10, ...query })).map(({ revision }) => revision);
  assert.deepEqual(await revisions({}), [4, 3, 2, 1]);
  assert.deepEqual(await revisions({ key: "a" }), [3, 1]);
  assert.deepEqual(await revisions({ after: 1, before: 4 }), [3, 2]);
  assert.deepEqual(await revisions({ limit: 1 }), [4]);
  assert.deepEqual(await revisions({ key: "b", before: 4 }), [2]);
  await second.close();
}

test("the memory store keeps what was written", async () => {
  const store = new MemoryConfigStore();
  await roundTrip(store, () => store);
});

test("the SQLite store keeps what was written over a close and an open", async () => {
  using directory = temporaryDirectory("config-store");
  const file = join(directory.path, "config.db");
  await roundTrip(new SqliteConfigStore(clock, file), () => new SqliteConfigStore(clock, file));
});

test("a change that was acknowledged is there after a kill -9, whole and once", async () => {
  using directory = temporaryDirectory("config-store");
  const file = join(directory.path, "config.db");
  const child = fork(join(import.meta.dirname, "store-writer.ts"), [file], {
    stdio: ["ignore", "ignore", "inherit", "ipc"],
  });
  let acknowledged = 0;
  child.on("message", (revision) => {
    acknowledged = Number(revision);
    if (acknowledged === 30) child.kill("SIGKILL");
  });
  await once(child, "exit");
  const store = new SqliteConfigStore(clock, file);
  const { stored } = await store.open();
  assert.ok(acknowledged >= 30 && stored.revision >= acknowledged, `${acknowledged} told, ${stored.revision} kept`);
  assert.equal(stored.rows.find(({ key }) => key === "a")?.value, String(stored.revision));
  assert.equal((await store.changes({ limit: 1_000 })).length, stored.revision);
  await store.close();
});

test("a full file refuses a change whole and goes on answering", async () => {
  using directory = temporaryDirectory("config-store");
  const file = join(directory.path, "config.db");
  const store = new SqliteConfigStore(clock, file, { bytesMax: 200 * 1024 });
  await store.open();
  let revision = 0;
  await assert.rejects(async () => {
    for (; revision < 1_000; revision++) {
      await store.write(written(change(revision + 1, `k${revision}`, null, "x".repeat(2_000))));
    }
  }, /full/);
  assert.ok(revision > 10);
  assert.equal((await store.changes({ limit: 1_000 })).length, revision);
  const { stored } = await store.open();
  assert.deepEqual([stored.revision, stored.rows.length], [revision, revision]);
  await store.close();
});

test("a file that is no database is moved aside whole, and a new epoch begins", async () => {
  using directory = temporaryDirectory("config-store");
  const file = join(directory.path, "config.db");
  const first = new SqliteConfigStore(clock, file);
  const { stored } = await first.open();
  await first.close();
  writeFileSync(file, "this is no database ".repeat(500));
  const store = new SqliteConfigStore(clock, file);
  const opened = await store.open();
  assert.ok(opened.movedAside?.startsWith(`${file}.corrupt-`));
  assert.notEqual(opened.stored.epoch, stored.epoch);
  await store.close();
});

test("the history is bounded, and the values that count are not touched by that", async () => {
  using directory = temporaryDirectory("config-store");
  const file = join(directory.path, "config.db");
  const store = new SqliteConfigStore(clock, file);
  await store.open();
  await store.write(written(change(1, "old", null, "1"), change(2, "a", null, "0")));
  await store.write(
    written(change(changesKeptMax + 1_000 - 1, "a", "0", "1"), change(changesKeptMax + 1_000, "a", "1", "2")),
  );
  assert.deepEqual(
    (await store.changes({ limit: 10 })).map(({ revision }) => revision),
    [101_000, 100_999],
  );
  assert.equal((await store.open()).stored.rows.length, 2);
  await store.close();
  const db = new DatabaseSync(file, { readOnly: true });
  assert.equal(db.prepare("SELECT count(*) AS n FROM touched").get()?.["n"], 2);
  db.close();
});
