import assert from "node:assert/strict";
import { connect } from "node:net";
import { test } from "node:test";
import { silentLog, systemRandom } from "@holdfast/kernel";
import { startRegistry } from "@holdfast/registry-server";
import { LinkProxy, waitFor } from "@holdfast/testing";
import { Cluster, clock } from "./cluster.ts";
import { recordOf } from "./records.ts";

test("a listener that does not read is cut off before its backlog costs memory, and others notice nothing", async () => {
  await using cluster = await Cluster.start(1);
  const registry = cluster.registry(0);
  const other = cluster.listen();
  await other.ready(5_000);
  const { hostname, port } = new URL(cluster.url(0));
  const deaf = connect(Number(port), hostname);
  deaf.on("error", () => {});
  deaf.pause();
  deaf.write("GET /v1/registry/stream HTTP/1.1\r\nhost: registry\r\n\r\n");
  await waitFor("both listeners", () => registry.listeners === 2);

  const metadata = Object.fromEntries(Array.from({ length: 14 }, (_, i) => [`key-${i}`, "x".repeat(4_000)]));
  let version = 0;
  await waitFor("the deaf one's end", () => {
    for (let i = 0; i < 10; i++) registry.register(recordOf("i-1", { version: ++version, metadata }));
    return registry.listeners === 1;
  });

  deaf.destroy();
  registry.register(recordOf("i-1", { version: ++version }));
  await waitFor("the news", () => other.instances("catalog")[0]?.version === version);
});

test("a peer that hangs holds a drain up for little more than its bound, and nothing else", async () => {
  const far = await startRegistry(clock, systemRandom(), silentLog, { name: "far", peers: [] });
  await using link = await LinkProxy.start(clock, { address: "127.0.0.1", port: Number(new URL(far.url).port) });
  const peers = [`http://127.0.0.1:${link.port}`];
  const near = await startRegistry(clock, systemRandom(), silentLog, { name: "near", peers });
  await waitFor("the link", () => near.registry.peers()[0]?.state === "up");
  near.registry.register(recordOf("i-1"));

  link.set({ kind: "cut" });
  const startMs = performance.now();
  const change = { status: "OUT_OF_SERVICE", incarnation: 1_000, version: 2, awaitSeenMs: 300 } as const;
  const seen = await near.registry.setStatus("catalog", recordOf("i-1").id, change);
  const tookMs = performance.now() - startMs;

  assert.deepEqual(seen, { listeners: 0, seen: 0, complete: false });
  assert.ok(tookMs < 900, `it took ${tookMs} ms`);
  await waitFor("the link to be given up", () => near.registry.peers()[0]?.state === "down");

  link.set({ kind: "pass" });
  await waitFor("the change at the far one", () => far.registry.get("catalog", "i-1")?.status === "OUT_OF_SERVICE");
  await near.close();
  await far.close();
});
