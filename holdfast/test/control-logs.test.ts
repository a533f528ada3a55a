import assert from "node:assert/strict";
import { appendFileSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { temporaryDirectory } from "@holdfast/testing";
import { readMore, readTail } from "../src/control/api/log-tail.ts";

test("the last lines of a file, and what is written later, line by line", async () => {
  using directory = temporaryDirectory("logs");
  const file = join(directory.path, "i-1.log");
  writeFileSync(file, "one\ntwo\nthree\nfo");
  const first = await readTail(file, 2);
  assert.deepEqual(first.lines, ["two", "three"]);
  appendFileSync(file, "ur\nfi");
  const second = await readMore(file, first.position);
  assert.deepEqual(second.lines, ["four"]);
  appendFileSync(file, "ve\n");
  assert.deepEqual((await readMore(file, second.position)).lines, ["five"]);
});

test("a file that was rotated away is read from its new start", async () => {
  using directory = temporaryDirectory("logs");
  const file = join(directory.path, "i-1.log");
  writeFileSync(file, "old one\nold two\nhalf");
  const { position } = await readTail(file, 10);
  truncateSync(file, 0);
  appendFileSync(file, "new\n");
  assert.deepEqual((await readMore(file, position)).lines, ["new"]);
});

test("a huge file costs no more than its last piece, and a missing one nothing", async () => {
  using directory = temporaryDirectory("logs");
  const file = join(directory.path, "i-1.log");
  writeFileSync(file, `${"x".repeat(99)}\n`.repeat(50_000));
  const { lines } = await readTail(file, 10_000);
  assert.ok(lines.length > 2_000 && lines.length < 3_000, String(lines.length));
  assert.ok(lines.every((line) => line.length === 99));
  assert.deepEqual((await readTail(join(directory.path, "absent"), 10)).lines, []);
});

test("a character cut in two by the moment of reading arrives whole", async () => {
  using directory = temporaryDirectory("logs");
  const file = join(directory.path, "i-1.log");
  const bytes = Buffer.from("grün ✓\n");
  writeFileSync(file, bytes.subarray(0, 3));
  const first = await readTail(file, 10);
  appendFileSync(file, bytes.subarray(3, 7));
  const second = await readMore(file, first.position);
  appendFileSync(file, bytes.subarray(7));
  assert.deepEqual((await readMore(file, second.position)).lines, ["grün ✓"]);
});
