import assert from "node:assert/strict";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { temporaryDirectory } from "@holdfast/testing";
import { StoreLock } from "../src/store/store-lock.ts";

test("two holders of one directory take turns, and nothing is left when they are done", async () => {
  using root = temporaryDirectory("lock");
  const [a, b] = [new StoreLock(root.path), new StoreLock(root.path)];
  let inside = 0;
  let most = 0;
  const work = async (): Promise<void> => {
    most = Math.max(most, ++inside);
    await new Promise((resolve) => setImmediate(resolve));
    inside--;
  };
  await Promise.all(Array.from({ length: 40 }, (_, i) => (i % 2 === 0 ? a : b).run(work)));
  assert.equal(most, 1);
  assert.equal(existsSync(join(root.path, ".lock")), false);
});

test("work that fails gives the lock back, and its error to whoever asked", async () => {
  using root = temporaryDirectory("lock");
  const lock = new StoreLock(root.path);
  await assert.rejects(
    lock.run(() => Promise.reject(new Error("no"))),
    /no/,
  );
  assert.equal(await lock.run(() => Promise.resolve(7)), 7);
});

test("the lock of a dead process is broken; a directory that is missing is made", async () => {
  using root = temporaryDirectory("lock");
  writeFileSync(join(root.path, ".lock"), "999999999");
  assert.equal(await new StoreLock(root.path).run(() => Promise.resolve(1)), 1);
  assert.equal(existsSync(join(root.path, ".lock")), false);
  assert.equal(await new StoreLock(join(root.path, "new")).run(() => Promise.resolve(2)), 2);
});

test("a holder that hangs, or a place where no lock can be made, holds nobody up for good", async () => {
  using root = temporaryDirectory("lock");
  writeFileSync(join(root.path, ".lock"), String(process.pid));
  assert.equal(await new StoreLock(root.path).run(() => Promise.resolve(3)), 3);
  assert.equal(readFileSync(join(root.path, ".lock"), "utf8"), String(process.pid), "what is another's stays");
  mkdirSync(join(root.path, "x"));
  writeFileSync(join(root.path, "x", "file"), "");
  assert.equal(await new StoreLock(join(root.path, "x", "file")).run(() => Promise.resolve(4)), 4);
});
