import assert from "node:assert/strict";
import { test } from "node:test";
import { ReplicationQueue, type ReplicationTask } from "../../src/compat/replication-queue.ts";

function task(key: string, expiresAtMs = 1_000, addedAtMs = 0): ReplicationTask {
  return { key, app: "api", id: key, expiresAtMs, addedAtMs, say: () => undefined };
}

function keys(tasks: readonly ReplicationTask[]): string[] {
  return tasks.map(({ key }) => key);
}

test("a newer task replaces one of the same key, and waits behind the others", () => {
  const queue = new ReplicationQueue(10);
  for (const key of ["a", "b", "a", "c"]) queue.add(task(key));
  assert.deepEqual(keys(queue.take(10, 0)), ["b", "a", "c"]);
  assert.equal(queue.size, 0);
});

test("what does not fit pushes out the oldest", () => {
  const queue = new ReplicationQueue(2);
  for (const key of ["a", "b", "c"]) queue.add(task(key));
  assert.deepEqual([keys(queue.take(10, 0)), queue.dropped], [["b", "c"], 1]);
});

test("what has expired is not taken, and does not count towards a batch", () => {
  const queue = new ReplicationQueue(10);
  queue.add(task("old", 100));
  for (const key of ["a", "b", "c"]) queue.add(task(key));
  assert.deepEqual(keys(queue.take(2, 100)), ["a", "b"]);
  assert.deepEqual([queue.size, queue.dropped], [1, 1]);
});

test("what could not be told comes first again, unless something newer of its kind waits", () => {
  const queue = new ReplicationQueue(3);
  for (const key of ["a", "b"]) queue.add(task(key, 1_000, 5));
  const taken = queue.take(2, 0);
  queue.add(task("b", 1_000, 9));
  queue.add(task("c", 1_000, 9));
  queue.putBack(taken);
  assert.equal(queue.oldestAddedAtMs, 5);
  assert.deepEqual(keys(queue.take(10, 0)), ["a", "b", "c"]);
});

test("putting back never makes more than fit: the oldest go", () => {
  const queue = new ReplicationQueue(2);
  queue.add(task("a"));
  const taken = queue.take(1, 0);
  for (const key of ["b", "c"]) queue.add(task(key));
  queue.putBack(taken);
  assert.deepEqual([keys(queue.take(10, 0)), queue.dropped], [["b", "c"], 1]);
});
