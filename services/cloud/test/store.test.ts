import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync, rmSync, statfsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { test } from "node:test";
import { hasCode, SystemClock, silentLog } from "@holdfast/kernel";
import { FakeClock, temporaryDirectory, waitFor } from "@holdfast/testing";
import type { ActivityView } from "@holdfast/wire/control";
import { newGroup } from "../src/group.ts";
import type { GroupOperation } from "../src/groups/group-operation.ts";
import { DurableState, MemoryStore, SqliteStore, type StateStore } from "../src/index.ts";
import { definition } from "./world.ts";

const clock = new SystemClock();

function activity(id: number, cause = "because"): ActivityView {
  const at = new Date(0).toISOString();
  const service = "catalog";
  return {
    id,
    at,
    endedAt: null,
    kind: "launch",
    service,
    zone: null,
    instance: null,
    actor: "reconciler",
    cause,
    outcome: "running",
    detail: "",
  };
}

const group = newGroup({ definition: definition("catalog", 3), name: "movies-catalog-v002", desired: 4 });

const operation: GroupOperation = {
  id: "op-1",
  sequence: 1,
  kind: "resize",
  group: group.name,
  service: "catalog",
  actor: "operator",
  key: "k-1",
  request: "[]",
  instances: [],
  state: "running",
  detail: "",
  activity: 1,
  startedAtMs: 5,
  endedAtMs: undefined,
};

async function roundTrip(store: StateStore, again: () => StateStore): Promise<void> {
  const first = await store.open(500);
  assert.deepEqual(first.state, { meta: {}, applications: {}, groups: [], operations: [], activities: [] });
  await store.write([
    { kind: "meta", key: "epoch", value: "7" },
    { kind: "application", name: "movies", body: { services: { catalog: { run: "node x.js" } } } },
    { kind: "group", group },
    { kind: "group", group: { ...group, name: "movies-catalog-v003" } },
    { kind: "operation", operation },
    { kind: "operation", operation: { ...operation, state: "succeeded" } },
    { kind: "activity", activity: activity(1) },
    { kind: "activity", activity: activity(2) },
    { kind: "activity", activity: { ...activity(1), outcome: "succeeded" } },
  ]);
  await store.close();
  const second = again();
  const { state } = await second.open(500);
  assert.deepEqual(state.meta, { epoch: "7" });
  assert.deepEqual(state.applications, { movies: { services: { catalog: { run: "node x.js" } } } });
  assert.deepEqual(JSON.parse(JSON.stringify(state.groups[0])), JSON.parse(JSON.stringify(group)));
  assert.deepEqual(
    state.groups.map(({ name }) => name),
    ["movies-catalog-v002", "movies-catalog-v003"],
  );
  assert.deepEqual(
    state.operations.map(({ id, key, state: how }) => `${id} ${key} ${how}`),
    ["op-1 k-1 succeeded"],
  );
  assert.deepEqual(
    state.activities.map(({ id, outcome }) => `${id} ${outcome}`),
    ["1 succeeded", "2 running"],
  );
  assert.deepEqual(
    (await second.activities(10, 2)).map(({ id }) => id),
    [1],
  );
  await second.write([
    { kind: "group-removed", name: group.name },
    { kind: "group-removed", name: "movies-catalog-v003" },
  ]);
  assert.deepEqual((await second.open(0)).state.groups, []);
  await second.close();
}

test("the memory store keeps what was written", async () => {
  const store = new MemoryStore();
  await roundTrip(store, () => store);
});

test("the SQLite store keeps what was written over a close and an open", async () => {
  using directory = temporaryDirectory("store");
  const file = join(directory.path, "state.db");
  await roundTrip(new SqliteStore(clock, file), () => new SqliteStore(clock, file));
});

test("a file of the layout before, with one group a cluster, is read and goes on as it was", async () => {
  using directory = temporaryDirectory("store");
  const file = join(directory.path, "state.db");
  const old = new DatabaseSync(file);
  old.exec(`
    CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
    CREATE TABLE applications (name TEXT PRIMARY KEY, body TEXT NOT NULL);
    CREATE TABLE groups (cluster TEXT PRIMARY KEY, body TEXT NOT NULL);
    CREATE TABLE activities (id INTEGER PRIMARY KEY, body TEXT NOT NULL);
    PRAGMA user_version = 1;
  `);
  const { definition: defined, cluster, name, desired } = group;
  const body = JSON.stringify({ definition: defined, cluster, name, desired });
  old.prepare("INSERT INTO groups VALUES (?, ?)").run(cluster, body);
  old.close();
  const store = new SqliteStore(clock, file);
  const { state, movedAside } = await store.open(500);
  assert.equal(movedAside, undefined);
  assert.equal(state.groups[0]?.name, "movies-catalog-v002");
  assert.equal(state.groups[0]?.desired, 4);
  await store.write([{ kind: "group", group: { ...group, desired: 5 } }]);
  assert.deepEqual(
    (await store.open(0)).state.groups.map((one) => one.desired),
    [5],
  );
  await store.close();
});

test("a second control is refused the state as long as the first has it, and gets it once that has died", async () => {
  using directory = temporaryDirectory("store");
  const file = join(directory.path, "state.db");
  const holder = spawn(process.execPath, [join(import.meta.dirname, "hold-state.ts"), file]);
  try {
    await once(holder.stdout, "data");
    const second = new SqliteStore(clock, file);
    await assert.rejects(second.open(0), (error) => hasCode(error, "STATE_HELD"));
    await second.close();
    const ended = once(holder, "exit");
    holder.kill("SIGKILL");
    await ended;
    const third = new SqliteStore(clock, file);
    assert.deepEqual((await third.open(0)).state.meta, { mine: "1" });
    await third.close();
  } finally {
    holder.kill("SIGKILL");
  }
});

test("never more than ten thousand activities are kept", async () => {
  using directory = temporaryDirectory("store");
  const store = new SqliteStore(clock, join(directory.path, "state.db"));
  await store.open(0);
  const activities = Array.from({ length: 10_050 }, (_, i) => activity(i + 1));
  await store.write(activities.map((item) => ({ kind: "activity", activity: item })));
  const kept = await store.activities(20_000);
  assert.equal(kept.length, 10_000);
  assert.equal(kept.at(-1)?.id, 51);
  await store.close();
});

test("a file that is no database is moved aside whole, and the store starts anew", async () => {
  using directory = temporaryDirectory("store");
  const file = join(directory.path, "state.db");
  writeFileSync(file, "this is no database ".repeat(500));
  const store = new SqliteStore(clock, file);
  const opened = await store.open(500);
  assert.ok(opened.movedAside?.startsWith(`${file}.corrupt-`), opened.movedAside);
  assert.match(readFileSync(opened.movedAside ?? "", "utf8"), /^this is no database/);
  await store.write([{ kind: "meta", key: "a", value: "b" }]);
  await store.close();
});

test("a database with damaged pages is moved aside too", async () => {
  using directory = temporaryDirectory("store");
  const file = join(directory.path, "state.db");
  const store = new SqliteStore(clock, file);
  await store.open(500);
  await store.write(Array.from({ length: 500 }, (_, i) => ({ kind: "activity", activity: activity(i + 1) }) as const));
  await store.close();
  const bytes = readFileSync(file);
  bytes.fill(0xaa, 4_096 * 4, 4_096 * 12);
  writeFileSync(file, bytes);
  const again = new SqliteStore(clock, file);
  const opened = await again.open(500);
  assert.ok(opened.movedAside !== undefined);
  assert.deepEqual(opened.state.activities, []);
  await again.close();
  assert.ok(readdirSync(directory.path).some((name) => name.startsWith("state.db.corrupt-")));
});

test("a full file refuses changes whole, can still be read, and takes them again once there is room", async () => {
  using directory = temporaryDirectory("store");
  const file = join(directory.path, "state.db");
  const bytesMax = 200 * 1_024;
  const store = new SqliteStore(clock, file, { bytesMax });
  const fake = new FakeClock();
  const state = new DurableState(fake, silentLog, store);
  await state.open(500);
  await state.commit([{ kind: "meta", key: "epoch", value: "1" }]);
  await assert.rejects(
    async () => {
      for (let i = 1; i < 1_000; i++) {
        await state.commit([{ kind: "activity", activity: activity(i, "x".repeat(1_000)) }]);
      }
    },
    { code: "STATE_READ_ONLY", status: 503 },
  );
  assert.equal(state.health.kind, "read-only");
  await assert.rejects(state.commit([{ kind: "meta", key: "epoch", value: "2" }]), /state is read-only: .*full/);
  const kept = (await state.activities(1_000)).length;
  assert.ok(kept > 50);
  state.note({ kind: "activity", activity: activity(5_000, "buffered") });

  await fake.advance(2_000);
  await waitFor("a probe that fails", () => fake.pendingTimers === 1);
  assert.equal(state.health.kind, "read-only");

  // Room is made by somebody else, as when files are deleted from a full disk.
  const other = new DatabaseSync(file);
  other.exec("DELETE FROM activities WHERE id < 100");
  other.close();
  await fake.advance(2_000);
  await waitFor("a probe that succeeds", () => state.health.kind === "writable");
  await state.commit([{ kind: "meta", key: "epoch", value: "3" }]);
  assert.equal((await state.activities(1))[0]?.cause, "buffered");
  await state.close();
  assert.equal(fake.pendingTimers, 0);
});

test("notes of one moment are written together, and a bounded number of them waits for a disk that refuses", async () => {
  const store = new MemoryStore();
  const fake = new FakeClock();
  const state = new DurableState(fake, silentLog, store);
  await state.open(0);
  store.failWith = new Error("disk full");
  for (let i = 1; i <= 3_000; i++) state.note({ kind: "activity", activity: activity(i) });
  await state.settled();
  assert.equal(state.health.kind, "read-only");
  store.failWith = undefined;
  await fake.advance(2_000);
  assert.equal(state.health.kind, "writable");
  const ids = (await store.activities(5_000)).map(({ id }) => id);
  assert.equal(ids.length, 1_000);
  assert.equal(ids[0], 3_000);
  await state.close();
});

test("on a full disk a store that was closed cleanly can be opened, read, and written once there is room", async (t) => {
  if (process.getuid?.() !== 0) return t.skip("skipped: needs root to mount a small disk");
  using directory = temporaryDirectory("full");
  try {
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=1m", "tmpfs", directory.path], { stdio: "pipe" });
  } catch {
    return t.skip("skipped: mounting is not permitted here");
  }
  try {
    const file = join(directory.path, "state.db");
    const first = new SqliteStore(clock, file);
    await first.open(500);
    await first.write([{ kind: "meta", key: "epoch", value: "1" }]);
    await first.close();
    const { bavail, bsize } = statfsSync(directory.path);
    const filler = join(directory.path, "filler");
    writeFileSync(filler, Buffer.alloc(bavail * bsize));

    const second = new SqliteStore(clock, file);
    assert.deepEqual((await second.open(500)).state.meta, { epoch: "1" });
    await assert.rejects(second.write([{ kind: "meta", key: "epoch", value: "2" }]), { code: "STATE_FAILED" });
    rmSync(filler);
    await second.write([{ kind: "meta", key: "epoch", value: "3" }]);
    await second.close();
    const third = new SqliteStore(clock, file);
    assert.deepEqual((await third.open(500)).state.meta, { epoch: "3" });
    await third.close();
  } finally {
    execFileSync("umount", ["-l", directory.path]);
  }
});
