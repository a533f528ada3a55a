import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { suite, test } from "node:test";
import { newInstanceId, SeededRandom, SystemClock } from "@holdfast/kernel";
import { waitFor } from "@holdfast/testing";
import type { InstanceRecord } from "@holdfast/wire";
import { countOf, ExecutionCounter } from "../src/execution-counter.ts";
import { figure, median, rounded } from "../src/figure.ts";
import { LinkedInstance } from "../src/linked-instance.ts";
import { countRatings } from "../src/load.ts";
import { parseCpuMs, parseMb, programOf, usageOf } from "../src/processes.ts";
import { RegistryDoor } from "../src/registry-door.ts";
import { mergeResults } from "../src/results.ts";

suite("bench: figures", () => {
  test("a goal of ratio and size is met only when both hold", () => {
    const measured = { case: "start", ours: 4, peer: 3, peerName: "PM2", unit: "s" };
    const met = figure("holdfast", { ...measured, goal: { ratio: 2, most: 10 } });
    assert.deepEqual([met.ratio, met.goal, met.met], [1.33, "≤ 2 × peer and ≤ 10 s", true]);
    assert.equal(figure("holdfast", { ...measured, goal: { ratio: 1.2, most: 10 } }).met, false);
    assert.equal(figure("holdfast", { ...measured, goal: { ratio: 2, most: 3.9 } }).met, false);
  });

  test("a goal against a peer that was not there is not met, and no goal is no verdict", () => {
    assert.equal(figure("r", { case: "c", ours: 1, unit: "s", goal: { ratio: 2 } }).met, false);
    assert.equal(figure("r", { case: "c", ours: 1, unit: "s" }).met, null);
    assert.deepEqual(figure("r", { case: "c", ours: 0, unit: "", goal: { most: 0 } }).goal, "0");
  });

  test("medians of odd and even counts, and three digits", () => {
    assert.deepEqual([median([3, 1, 2]), median([4, 1, 2, 3]), Number.isNaN(median([]))], [2, 2.5, true]);
    assert.deepEqual([rounded(1234.5), rounded(0.012345), rounded(0)], [1230, 0.0123, 0]);
  });

  test("a case measured again replaces its row and leaves the others", () => {
    const one = figure("a", { case: "x", ours: 1, unit: "s", goal: { most: 2 }, note: "1 | 2" });
    const two = figure("b", { case: "y", ours: 5, unit: "MB", peer: 4, peerName: "PM2", goal: { ratio: 1 } });
    const first = mergeResults("", [two, one], "2 × cores", "2026-01-01");
    const again = mergeResults(first, [figure("a", { case: "x", ours: 3, unit: "s" })], "4 × cores", "2026-02-02");
    const rows = again.split("\n").filter((line) => line.startsWith("| a") || line.startsWith("| b |"));
    assert.deepEqual(rows, [
      "| a | x | 3 s |  |  |  |  | 2026-02-02 |  |",
      "| b | y | 5 MB | 4 MB (PM2) | 1.25 | ≤ 1 × peer | **no** | 2026-01-01 |  |",
    ]);
    assert.match(first, /1 \/ 2/);
    assert.equal(mergeResults(again, [], "4 × cores", "2026-03-03"), again);
  });
});

suite("bench: measuring", () => {
  test("memory and processor time are read from what Linux says, also for odd names", () => {
    const rollup = "Rss:               90056 kB\nPss:               38852 kB\nPss_Anon:   1 kB\n";
    assert.equal(Math.round(parseMb(rollup, "Rss")), 88);
    assert.equal(Math.round(parseMb(rollup, "Pss")), 38);
    assert.equal(parseCpuMs("42 (a) b (c) S 1 1 1 0 -1 4194304 1 0 0 0 25 5 0 0 20 0 11 0 1 1 1"), 300);
    assert.equal(parseCpuMs(""), undefined);
    const own = usageOf(process.pid);
    if (process.platform === "linux") assert.ok(own !== undefined && own.pssMb > 5 && own.pssMb <= own.rssMb + 1);
    assert.equal(usageOf(2 ** 30), undefined);
    assert.equal(programOf("node\0services/api/main.mjs\0"), "api");
    assert.equal(programOf("node\0--flag\0/tmp/x/gateway.mjs\0"), "gateway");
  });

  test("executions are the sum of all server timers, in either shape of the answer", () => {
    const meters = [
      { kind: "timer", name: "ipc.server.call", tags: { method: "GET" }, count: 5 },
      { kind: "timer", name: "ipc.server.call", tags: { method: "POST" }, count: 2 },
      { kind: "timer", name: "ipc.client.call", tags: {}, count: 99 },
    ];
    assert.equal(countOf(JSON.stringify(meters)), 7);
    assert.equal(countOf(JSON.stringify({ meters })), 7);
    assert.equal(countOf("not found"), undefined);
  });

  test("ratings of this run are counted, once and more than once apart", () => {
    const line = (id: string): string => `{"event":"rating.counted","id":"${id}","film":1,"stars":2}`;
    const log = ["run-1", "run-2", "run-2", "run10-1", "other-1"].map(line).join("\n");
    assert.deepEqual(countRatings(log, "run"), { once: 1, more: 1 });
  });
});

/** A registry that keeps what it is told, as far as the bench asks it anything. */
async function withRegistry(work: (door: RegistryDoor, records: Map<string, InstanceRecord>) => Promise<void>) {
  const records = new Map<string, InstanceRecord>();
  const server = createServer((req, res) => {
    const [, , , , , id = ""] = (req.url ?? "").split(/[/?]/);
    let text = "";
    req.on("data", (chunk) => (text += String(chunk)));
    req.on("end", () => {
      if (req.method === "PUT") records.set(id, JSON.parse(text));
      if (req.method === "DELETE") records.delete(id);
      res.end(req.method === "GET" ? JSON.stringify([...records.values()]) : undefined);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  try {
    await work(new RegistryDoor(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, "movies"), records);
  } finally {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
}

function record(port: number, adminPort: number): InstanceRecord {
  const app = { app: "catalog", application: "movies", cluster: "movies-catalog", serverGroup: "movies-catalog-v000" };
  const place = { region: "local-1", zone: "local-1a", address: "127.0.0.1", port, adminPort };
  const id = newInstanceId(new SeededRandom(port));
  return { ...app, ...place, id, incarnation: 1, version: 1, status: "UP", verifiesIdentity: true, metadata: {} };
}

suite("bench: a black hole", () => {
  test("a linked instance carries traffic under an id of its own, and after the cut accepts and never answers", async () => {
    const target = createServer((_req, res) => res.end("whole"));
    await new Promise<void>((resolve) => target.listen(0, "127.0.0.1", resolve));
    await withRegistry(async (door, records) => {
      const real = record((target.address() as AddressInfo).port, 1);
      const linked = await LinkedInstance.start(new SystemClock(), new SeededRandom(1), door, real);
      const [seen] = [...records.values()];
      assert.ok(seen !== undefined && seen.id !== real.id && seen.port !== real.port);
      assert.deepEqual(
        [seen.app, seen.status, seen.verifiesIdentity, seen.adminPort],
        ["catalog", "UP", false, undefined],
      );
      const url = `http://127.0.0.1:${seen.port}/`;
      assert.equal(await (await fetch(url)).text(), "whole");
      await waitFor("the connection to show", () => linked.connections > 0);
      linked.cut();
      await assert.rejects(fetch(url, { signal: AbortSignal.timeout(200) }), /abort|timeout/i);
      await linked.stop();
      assert.equal(records.size, 0);
    });
    target.closeAllConnections();
    await new Promise((resolve) => target.close(resolve));
  });

  test("executions of an instance that has gone stay counted", async () => {
    let count = 3;
    const admin = createServer((_req, res) => res.end(JSON.stringify([{ name: "ipc.server.call", count }])));
    await new Promise<void>((resolve) => admin.listen(0, "127.0.0.1", resolve));
    await withRegistry(async (door, records) => {
      const one = record(1, (admin.address() as AddressInfo).port);
      records.set(one.id, one);
      const counter = new ExecutionCounter(door);
      assert.equal(await counter.total(), 3);
      count = 8;
      assert.equal(await counter.total(), 8);
      records.clear();
      assert.equal(await counter.total(), 8);
      await counter.stop();
    });
    admin.closeAllConnections();
    await new Promise((resolve) => admin.close(resolve));
  });
});
