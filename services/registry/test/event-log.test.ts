import assert from "node:assert/strict";
import { test } from "node:test";
import { EventLog } from "../src/event-log.ts";
import type { Change } from "../src/history.ts";
import { idOf, recordOf } from "./records.ts";

function changeOf(more: Partial<Change>): Change {
  return { sequence: 1, atMs: 0, app: "catalog", id: idOf("i-1"), by: "instance", ...more };
}

test("the log keeps the last 10,000 events, numbered, and says from where on it is whole", () => {
  let nowMs = 0;
  const log = new EventLog(() => nowMs);
  assert.deepEqual(log.list(), { events: [], oldest: 1, newest: 0 });
  for (let i = 1; i <= 12_345; i++) {
    nowMs = i;
    log.add("registered", `app-${i % 10}`, `i-${i}`, "instance", "registered UP");
  }
  const { events, oldest, newest } = log.list({ limit: 5 });
  assert.deepEqual([oldest, newest], [2_346, 12_345]);
  assert.deepEqual(
    events.map(({ sequence }) => sequence),
    [12_341, 12_342, 12_343, 12_344, 12_345],
  );
  assert.equal(events[0]?.at, new Date(12_341).toISOString());
  assert.equal(log.list({ limit: 100_000 }).events.length, 1_000, "no answer is longer than that");
  assert.equal(log.list().events.length, 200);
  assert.deepEqual(log.list({ id: "i-2345" }).events, [], "it was the last to be forgotten");
  assert.equal(log.list({ id: "i-2346" }).events.length, 1);
});

test("events are asked for by app, by instance and from where one knows them", () => {
  const log = new EventLog(() => 0);
  for (let i = 1; i <= 20; i++) log.add("registered", i % 2 === 0 ? "even" : "odd", `i-${i}`, "instance", "");
  const sequences = (filter: Parameters<EventLog["list"]>[0]): number[] =>
    log.list(filter).events.map(({ sequence }) => sequence);
  assert.deepEqual(sequences({ app: "even", after: 14 }), [16, 18, 20]);
  assert.deepEqual(sequences({ app: "odd", id: "i-7" }), [7]);
  assert.deepEqual(sequences({ after: 20 }), []);
  assert.deepEqual(sequences({ app: "even", limit: 2 }), [18, 20]);
});

test("a change is told as what it is for people, with who did it", () => {
  const log = new EventLog(() => 0);
  const [up, down] = [recordOf("i-1"), recordOf("i-1", { version: 2, status: "DOWN" })];
  const removal = (cause: string): NonNullable<Change["removal"]> => ({ app: "catalog", id: idOf("i-1"), cause });
  const changes: Partial<Change>[] = [
    { upsert: up },
    { before: up, upsert: down, by: "eureka" },
    { before: up, upsert: { ...up, port: 12_001 } },
    { before: up, upsert: { ...up, metadata: { a: "b" } } },
    { before: up, by: "lease", removal: removal("lease expired: no heartbeat for 9 s") },
    { before: up, by: "b", removal: removal("lease expired: no heartbeat for 9 s") },
    { before: up, by: "operator", removal: removal("stopped") },
  ];
  for (const change of changes) log.addChange(changeOf(change));
  assert.deepEqual(
    log.list().events.map(({ kind, by, detail }) => `${kind} by ${by}: ${detail}`),
    [
      "registered by instance: registered UP at 127.1.1.10:12000 in local-1a",
      "status by eureka: UP → DOWN",
      "changed by instance: moved to 127.1.1.10:12001",
      "changed by instance: registered again with other details",
      "evicted by lease: lease expired: no heartbeat for 9 s",
      "evicted by b: lease expired: no heartbeat for 9 s",
      "removed by operator: stopped",
    ],
  );
});
