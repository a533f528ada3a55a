import assert from "node:assert/strict";
import { describe, it, type TestContext } from "node:test";
import { hasCode } from "@holdfast/kernel";
import { type FakeProcess, makeWorld, told, type World } from "./world.ts";

interface Fleet extends World {
  readonly processes: ReadonlyMap<string, FakeProcess>;
  /** Who has the value now. */
  readonly staged: (value: string) => string[];
}

async function fleet(t: TestContext): Promise<Fleet> {
  const world = await makeWorld(t);
  const processes = new Map<string, FakeProcess>();
  for (let i = 0; i < 6; i++) {
    const zone = ["a", "b", "c"][i % 3] ?? "a";
    world.figures.fleet.set(`i-${i}`, { zone, requests: 100, errors: 0, p99Ms: 20, unwell: false });
    processes.set(`i-${i}`, world.listen({ serverId: `i-${i}`, zone, appId: "movies" }));
  }
  const staged = (value: string): string[] =>
    [...processes].filter(([, process]) => process.value("timeout") === value).map(([id]) => id);
  return { ...world, processes, staged };
}

const request = { ...told, key: "timeout", scope: { appId: "movies" }, value: "20" };

describe("a staged change", () => {
  it("reaches one instance first, then half, then all, each step after its gate has passed", async (t) => {
    const { server, staged, seconds, clock, figures } = await fleet(t);
    await server.set([{ key: "timeout", scope: { appId: "movies" }, value: "10" }], told);
    const { id } = await server.startStage(request);
    assert.equal(staged("20").length, 1);
    await seconds(29);
    assert.equal(staged("20").length, 1);
    await seconds(2);
    assert.equal(staged("20").length, 3);
    await seconds(31);
    assert.equal(staged("20").length, 6);
    assert.equal(server.stage(id).state, "running");
    await seconds(31);
    assert.equal(server.stage(id).state, "completed");
    assert.equal(server.rowsOf("timeout")[0]?.value, "20");
    const history = await server.history({ limit: 10 });
    assert.deepEqual(
      history.map(({ kind, author }) => `${kind} ${author}`),
      ["stage-completed gate", "stage-advanced gate", "stage-advanced gate", "stage-started ann", "set ann"],
    );
    assert.deepEqual([clock.pendingTimers, figures.watches], [1, 0]);
  });

  it("takes a valid but harmful value back by itself, with the reason in the history", async (t) => {
    const { server, staged, seconds, figures, processes } = await fleet(t);
    await server.set([{ key: "timeout", scope: { appId: "movies" }, value: "10" }], told);
    const { id } = await server.startStage({ ...request, steps: [{ zones: ["B"] }] });
    assert.deepEqual(staged("20"), ["i-1", "i-4"]);
    const { trial } = processes.get("i-1")?.values.get("timeout") ?? {};
    assert.deepEqual(trial, { id, settled: "10" });
    for (const member of ["i-1", "i-4"]) {
      const figure = figures.fleet.get(member);
      if (figure !== undefined) figure.errors = 30;
    }
    await seconds(2);
    assert.deepEqual([server.stage(id).state, staged("20").length, staged("10").length], ["reverted", 0, 6]);
    const [change] = await server.history({ limit: 1 });
    assert.equal(change?.kind, "stage-reverted");
    assert.equal(change?.reason, "zone b failed: 30 % errors in 200 requests, the others 0 %");
    assert.deepEqual(change?.edits, []);
  });

  it("gives an instance that restarts after the end nothing of it, nor one that comes later something else", async (t) => {
    const { server, listen } = await fleet(t);
    const { id } = await server.startStage({ ...request, steps: [{ zones: ["b"] }] });
    const late = listen({ serverId: "i-9", zone: "b", appId: "movies" });
    assert.deepEqual(late.values.get("timeout")?.trial, { id, settled: null });
    assert.equal(listen({ serverId: "i-10", zone: "c", appId: "movies" }).value("timeout"), undefined);
    await server.revertStage(id, { author: "bob", reason: "no" });
    assert.equal(late.value("timeout"), undefined);
    assert.equal(listen({ serverId: "i-9", zone: "b", appId: "movies" }).value("timeout"), undefined);
    await assert.rejects(server.revertStage(id, told), (error) => hasCode(error, "STAGE_INVALID"));
  });

  it("is taken back when a staged instance dies, also while the disk is full; the history has it later", async (t) => {
    const { server, staged, seconds, figures, store, open } = await fleet(t);
    const { id } = await server.startStage({ ...request, steps: [{ zones: ["a"] }] });
    store.failWith = new Error("full");
    const figure = figures.fleet.get("i-0");
    if (figure !== undefined) figure.unwell = true;
    await seconds(2);
    assert.deepEqual(staged("20"), []);
    assert.equal(server.health.kind, "read-only");
    store.failWith = undefined;
    await seconds(2);
    assert.equal(server.health.kind, "writable");
    const next = await open();
    assert.equal(next.stage(id).state, "reverted");
    assert.match(next.stage(id).note, /1 of 2 staged instances unwell/);
  });

  it("leaves values for fewer than it is for alone, and covers those that are for more", async (t) => {
    const { server, processes } = await fleet(t);
    await server.set(
      [
        { key: "timeout", scope: { serverId: "i-1" }, value: "own" },
        { key: "timeout", scope: {}, value: "1" },
      ],
      told,
    );
    await server.startStage({ ...request, steps: [{ zones: ["b"] }] });
    assert.deepEqual([processes.get("i-1")?.value("timeout"), processes.get("i-4")?.value("timeout")], ["own", "20"]);
  });

  it("goes on after a restart of the server, its step watched from the beginning", async (t) => {
    const { server, open, seconds, figures } = await fleet(t);
    const { id } = await server.startStage(request);
    await seconds(20);
    await server.close();
    assert.equal(figures.watches, 0);
    const next = await open();
    assert.equal(next.snapshot({ appId: "movies" }).properties.length, 0);
    await seconds(29);
    assert.equal(next.stage(id).step, 0);
    await seconds(2);
    assert.equal(next.stage(id).step, 1);
  });

  it("keeps others from setting the key meanwhile, but not from rolling back", async (t) => {
    const { server, staged } = await fleet(t);
    await server.set([{ key: "timeout", scope: {}, value: "1" }], told);
    await server.set([{ key: "timeout", scope: {}, value: "2" }], told);
    const { id } = await server.startStage({ ...request, steps: [{ fraction: 1 }] });
    assert.equal(staged("20").length, 6);
    const set = server.set([{ key: "timeout", scope: {}, value: "3" }], told);
    await assert.rejects(set, (error) => hasCode(error, "STAGE_RUNNING"));
    await assert.rejects(server.startStage(request), (error) => hasCode(error, "STAGE_RUNNING"));
    await server.rollbackTo(1, told);
    assert.deepEqual([server.stage(id).state, staged("1").length], ["reverted", 6]);
  });

  it("refuses steps that do not grow, zones outside its scope, and a scope that covers nobody", async (t) => {
    const { server } = await fleet(t);
    const bad = [
      { ...request, steps: [] },
      { ...request, steps: [{ fraction: 0.5 }, { fraction: 0.5 }] },
      { ...request, steps: [{ fraction: 1.1 }] },
      { ...request, steps: [{ zones: [" "] }] },
      { ...request, scope: { zone: "a" }, steps: [{ zones: ["b"] }] },
      { ...request, scope: { appId: "nobody" } },
    ];
    for (const asked of bad) await assert.rejects(server.startStage(asked), (error) => hasCode(error, "STAGE_INVALID"));
    assert.equal(server.revision, 0);
  });
});
