import assert from "node:assert/strict";
import { createServer } from "node:http";
import { test } from "node:test";
import { type Log, SeededRandom, SystemClock, silentLog, systemRandom } from "@holdfast/kernel";
import { FakeClock, waitFor } from "@holdfast/testing";
import { Registry } from "../src/registry.ts";
import type { ReplicateAnswer, ReplicateCall } from "../src/replicate-call.ts";
import { startRegistry } from "../src/start.ts";
import { WallTimes } from "../src/wall-times.ts";
import { recordOf } from "./records.ts";

const answers: readonly (readonly [string, number, string])[] = [
  ["no JSON", 200, "<html>a login page</html>"],
  ["JSON that is no answer", 200, '{"replicas": "all of them"}'],
  ["an instance that is none", 200, '{"replicas": [{"kind": "record", "record": {"app": 7}}], "unknown": []}'],
  ["nothing", 200, ""],
  ["an error without words", 500, "{}"],
];

for (const [what, status, text] of answers) {
  test(`a peer that answers ${what} is reported as down with the reason, and the registry serves as before`, async () => {
    const fake = createServer((req, res) => void req.resume().on("end", () => res.writeHead(status).end(text)));
    await new Promise<void>((resolve) => fake.listen(0, "127.0.0.1", resolve));
    const bound = fake.address();
    const url = `http://127.0.0.1:${typeof bound === "object" && bound !== null ? bound.port : 0}`;
    const running = await startRegistry(new SystemClock(), systemRandom(), silentLog, { name: "a", peers: [url] });
    try {
      running.registry.register(recordOf("i-1"));
      const peer = await waitFor("its end", () => running.registry.peers().find(({ state }) => state === "down"));
      assert.match(peer.reason, /did not answer as a peer/);
      assert.equal(running.registry.get("catalog", "i-1")?.status, "UP");
    } finally {
      await running.close();
      fake.closeAllConnections();
      await new Promise((resolve) => fake.close(resolve));
    }
  });
}

test("one account of a peer's that cannot be read is left out and told; when none can, the batch is refused by name", async () => {
  const told: unknown[] = [];
  const log: Log = { ...silentLog, warn: (event, fields) => void told.push([event, fields]) };
  const running = await startRegistry(new SystemClock(), systemRandom(), log, { name: "a", peers: [] });
  const post = async (body: unknown): Promise<{ status: number; detail: string }> => {
    const response = await fetch(`${running.url}/v1/registry/replicate`, {
      method: "POST",
      body: JSON.stringify(body),
    });
    const { detail = "" } = (await response.json()) as { detail?: string };
    return { status: response.status, detail };
  };
  const good = { kind: "record", record: recordOf("i-1"), ageMs: 0 };
  const batch = { from: "b", replicas: [good, { ...good, ageMs: "long" }], renewals: [], awaitSeenMs: 0 };
  const bad = { ...good, ageMs: "long" };
  const refused = await post({ ...batch, replicas: [bad] });
  assert.equal(refused.status, 400);
  assert.match(refused.detail, /an age: must be a number/);
  assert.equal(running.registry.size, 0);

  // Else this one would keep all others from being told, in every exchange, for as long as the peer remembers it.
  assert.equal((await post({ ...batch, replicas: [bad, good, bad] })).status, 200);
  assert.deepEqual(running.registry.get("catalog", "i-1"), recordOf("i-1"));
  const [event, fields] = told.at(-1) as [string, { peer: string; count: number; fault: string }];
  assert.deepEqual([event, fields.peer, fields.count], ["registry.peer.unread", "b", 2]);
  assert.match(fields.fault, /an age: must be a number/);

  const absurd = await post({ ...batch, replicas: [], clockMs: Date.now() + 9 * 86_400_000 });
  assert.equal(absurd.status, 409);
  assert.match(absurd.detail, /clock is days ahead/);
  await running.close();
});

test("a peer whose clock is days ahead is reported, and does not move this one's time", async () => {
  const clock = new FakeClock();
  const reach = (): ReplicateCall => async (): Promise<ReplicateAnswer> => {
    await clock.sleep(5);
    return { replicas: [], unknown: [], name: "b", clockMs: clock.wallMs() + 9 * 86_400_000, synced: true };
  };
  const registry = new Registry(clock, new SeededRandom(1), silentLog, { name: "a", peers: ["b"] }, undefined, reach);
  void registry.start();
  await clock.advance(3_000);
  assert.equal(registry.serving, true, "it goes on alone");
  const [peer] = registry.peers();
  assert.equal(peer?.state, "down");
  assert.match(peer?.reason ?? "", /its clock is days ahead of ours/);
  registry.put(recordOf("e-1"), "eureka");
  const version = registry.get("catalog", "e-1")?.version ?? 0;
  assert.ok(version < (clock.wallMs() + 86_400_000) * 1_000);
  const closing = registry.close();
  await clock.advance(1_000);
  await closing;
});

test("wall times of past moments are the same each time, and move only when the wall clock is set", async () => {
  const clock = new FakeClock(1_700_000_000_000.4);
  const walls = new WallTimes(clock);
  const first = walls.of(0);
  for (let i = 0; i < 50; i++) {
    await clock.advance(0.3);
    clock.jumpWall(i % 2 === 0 ? 900 : -900);
    assert.equal(walls.of(0), first);
  }
  clock.jumpWall(3_600_000);
  assert.equal(walls.of(0), first + 3_600_000);
});
