import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { hasCode } from "@holdfast/kernel";
import { type FakeProcess, makeWorld, told } from "./world.ts";

describe("ConfigServer", () => {
  it("tells each process what counts for it, and only of changes that concern it", async (t) => {
    const { server, listen } = await makeWorld(t);
    await server.set([{ key: "limit", scope: {}, value: "10" }], told);
    const east = listen({ serverId: "i-1", region: "east" });
    const west = listen({ serverId: "i-2", region: "west" });
    assert.deepEqual([east.value("limit"), west.value("limit")], ["10", "10"]);
    await server.set([{ key: "limit", scope: { region: "WEST" }, value: "5" }], told);
    assert.deepEqual([east.value("limit"), west.value("limit")], ["10", "5"]);
    assert.equal(east.changes.length, 0);
    const { revision, set } = west.changes[0] ?? {};
    assert.equal(revision, 2);
    assert.deepEqual(
      set?.map(({ author, reason, scope }) => ({ author, reason, scope })),
      [{ ...told, scope: { region: "west" } }],
    );
    await server.set([{ key: "limit", scope: { region: "west" }, value: null }], told);
    assert.equal(west.value("limit"), "10");
    await server.set([{ key: "limit", scope: {}, value: null }], told);
    assert.deepEqual([east.values.size, west.values.size], [0, 0]);
  });

  it("keeps who changed what, when and why, and says what differs between two revisions in either direction", async (t) => {
    const { server, clock } = await makeWorld(t);
    await server.set([{ key: "a", scope: {}, value: "1" }], told);
    await clock.advance(5_000);
    await server.set(
      [
        { key: "a", scope: {}, value: "2" },
        { key: "b", scope: {}, value: "x" },
      ],
      { author: "bob", reason: "why" },
    );
    await server.set([{ key: "b", scope: {}, value: null }], told);
    const [newest] = await server.history({ key: "a", limit: 10 });
    assert.deepEqual(newest, {
      revision: 2,
      atMs: 1_700_000_005_000,
      author: "bob",
      reason: "why",
      kind: "set",
      edits: [
        { key: "a", scope: {}, before: "1", after: "2" },
        { key: "b", scope: {}, before: null, after: "x" },
      ],
    });
    assert.deepEqual(await server.diff(1, 3), [{ key: "a", scope: {}, before: "1", after: "2" }]);
    assert.deepEqual(await server.diff(3, 1), [{ key: "a", scope: {}, before: "2", after: "1" }]);
    await assert.rejects(server.diff(0, 4), (error) => hasCode(error, "CONFIG_REVISION_UNKNOWN"));
  });

  it("rolls everything back to a revision in one call, as a new change that is pushed like any other", async (t) => {
    const { server, listen } = await makeWorld(t);
    await server.set([{ key: "a", scope: {}, value: "1" }], told);
    const listener = listen({ serverId: "i-1" });
    await server.set(
      [
        { key: "a", scope: {}, value: "2" },
        { key: "b", scope: {}, value: "2" },
      ],
      told,
    );
    await server.set([{ key: "a", scope: {}, value: null }], told);
    const change = await server.rollbackTo(1, { author: "bob", reason: "broken" });
    assert.deepEqual([change.revision, change.kind, change.rollback], [4, "rollback", { to: 1 }]);
    assert.deepEqual([listener.value("a"), listener.value("b")], ["1", undefined]);
    assert.deepEqual(await server.diff(1, 4), []);
    await assert.rejects(server.rollbackTo(4, told), (error) => hasCode(error, "CONFIG_UNCHANGED"));
    await server.rollbackTo(3, told);
    assert.deepEqual(
      server.rows().map(({ key, value }) => `${key}=${value}`),
      ["b=2"],
    );
  });

  it("undoes one change and leaves the later ones, unless they went over it", async (t) => {
    const { server } = await makeWorld(t);
    await server.set([{ key: "a", scope: {}, value: "1" }], told);
    await server.set([{ key: "b", scope: {}, value: "1" }], told);
    const { rollback } = await server.undo(1, told);
    assert.deepEqual(rollback, { undone: 1 });
    assert.deepEqual(
      server.rows().map(({ key }) => key),
      ["b"],
    );
    await server.set([{ key: "b", scope: {}, value: "2" }], told);
    await assert.rejects(server.undo(2, told), (error) => hasCode(error, "CONFIG_ROLLBACK_CONFLICT"));
    await assert.rejects(server.undo(99, told), (error) => hasCode(error, "CONFIG_REVISION_UNKNOWN"));
  });

  it("goes on serving when the disk refuses, says so, and takes changes again by itself", async (t) => {
    const { server, store, listen } = await makeWorld(t);
    await server.set([{ key: "a", scope: {}, value: "1" }], told);
    store.failWith = new Error("database or disk is full");
    await assert.rejects(
      server.set([{ key: "a", scope: {}, value: "2" }], told),
      (error) => hasCode(error, "CONFIG_READ_ONLY") && /disk is full/.test(error.message),
    );
    assert.equal(server.health.kind, "read-only");
    assert.equal(listen({ serverId: "i-1" }).value("a"), "1");
    store.failWith = undefined;
    const change = await server.set([{ key: "a", scope: {}, value: "3" }], told);
    assert.deepEqual([change.revision, server.health.kind], [2, "writable"]);
  });

  it("has the same values, history and epoch in its next life", async (t) => {
    const { server, open } = await makeWorld(t);
    await server.set([{ key: "a", scope: { env: "prod" }, value: "1" }], told);
    await server.set([{ key: "b", scope: {}, value: "1" }], told);
    const next = await open();
    assert.deepEqual(next.snapshot({ env: "prod" }), server.snapshot({ env: "prod" }));
    assert.equal((await next.undo(1, told)).revision, 3);
  });

  it("writes concurrent changes one after the other, none on top of what it did not see", async (t) => {
    const { server } = await makeWorld(t);
    const all = Array.from({ length: 20 }, (_, i) => server.set([{ key: "a", scope: {}, value: `${i}` }], told));
    const changes = await Promise.all(all);
    assert.deepEqual(
      changes.map(({ revision }) => revision),
      Array.from({ length: 20 }, (_, i) => i + 1),
    );
    for (const [i, { edits }] of changes.entries()) {
      assert.deepEqual(edits, [{ key: "a", scope: {}, before: i === 0 ? null : `${i - 1}`, after: `${i}` }]);
    }
  });

  it("explains every value of a key: which one counts, and why each other does not", async (t) => {
    const { server } = await makeWorld(t);
    const scopes = [{}, { env: "prod" }, { zone: "a,b" }, { region: "west" }, { zone: "a" }];
    await server.set(
      scopes.map((scope, i) => ({ key: "k", scope, value: `${i}` })),
      told,
    );
    const [explained] = server.explain({ zone: "a", env: "prod" }, "k");
    assert.deepEqual([explained?.value, explained?.why], ["1", "the most special of 4 values for it: env=prod"]);
    assert.deepEqual(
      explained?.rows.map(({ row, wins, why }) => [row.value, wins, why]),
      [
        ["1", true, "counts: nothing more special is for this one"],
        ["4", false, "env=prod is more special: it names the env"],
        ["2", false, "env=prod is more special: it names the env"],
        ["3", false, "is for region west, this one has none"],
        ["0", false, "env=prod is more special: it names the env"],
      ],
    );
  });
});

describe("ConfigStreams", () => {
  it("sends a heartbeat each five seconds, and keeps no timer when nobody listens", async (t) => {
    const { server, clock, listen } = await makeWorld(t);
    const listener = listen({ serverId: "i-1" });
    const before = listener.text.length;
    await clock.advance(10_000);
    assert.equal(listener.text.slice(before), ":\n\n:\n\n");
    server.streams.remove(listener);
    assert.equal(clock.pendingTimers, 0);
  });

  it("encodes a snapshot once for instances of one kind, unless something in it is for one of them alone", async (t) => {
    const { server, listen, figures } = await makeWorld(t);
    const first = (process: FakeProcess): Uint8Array => process.chunks[0] ?? assert.fail();
    const isOne = (zone = "a"): boolean =>
      first(listen({ serverId: "i-1", zone: "a" })) === first(listen({ serverId: "i-2", zone }));
    await server.set([{ key: "k", scope: { zone: "a" }, value: "1" }], told);
    assert.equal(isOne(), true);
    assert.equal(isOne("b"), false);
    await server.set([{ key: "k", scope: { serverId: "i-2" }, value: "2" }], told);
    assert.equal(isOne(), false);
    assert.equal(listen({ serverId: "i-2", zone: "a" }).value("k"), "2");
    await server.set([{ key: "k", scope: { serverId: "i-2" }, value: null }], told);
    assert.equal(isOne(), true);
    await server.setSecret("S", "x", told);
    await server.set([{ key: "s", scope: { zone: "a" }, value: "secret('S')" }], told);
    assert.equal(isOne(), false);
    await server.set([{ key: "s", scope: { zone: "a" }, value: null }], told);
    figures.fleet.set("i-1", { zone: "a", requests: 0, errors: 0, p99Ms: 0, unwell: false });
    const { id } = await server.startStage({ ...told, key: "t", scope: {}, value: "1", steps: [{ zones: ["a"] }] });
    assert.equal(isOne(), false);
    await server.revertStage(id, told);
    assert.equal(isOne(), true);
  });

  it("drops a listener that reads too slowly and bothers no other one", async (t) => {
    const { server, listen } = await makeWorld(t);
    const slow = listen({ serverId: "i-1" });
    const quick = listen({ serverId: "i-2" });
    slow.behind = 2 * 1024 * 1024;
    await server.set([{ key: "a", scope: {}, value: "1" }], told);
    assert.deepEqual([slow.dropped, quick.dropped, quick.value("a")], [true, false, "1"]);
    assert.deepEqual([server.streams.size, server.streams.dropped], [1, 1]);
  });

  it("tells five thousand listeners of a change within 100 ms of one processor", async (t) => {
    const { server, listen } = await makeWorld(t);
    const all = Array.from({ length: 5_000 }, (_, i) => listen({ serverId: `i-${i}`, zone: `z${i % 3}` }));
    const before = process.cpuUsage();
    await server.set([{ key: "a", scope: { zone: "z1,z2" }, value: "1" }], told);
    const { user, system } = process.cpuUsage(before);
    assert.equal(all.filter((listener) => listener.value("a") === "1").length, 3_333);
    const ms = (user + system) / 1_000;
    t.diagnostic(`${Math.round(ms)} ms of a processor for 5,000 listeners, their reading included`);
    assert.ok(ms < 500, `${ms} ms`);
  });
});
