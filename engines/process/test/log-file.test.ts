import assert from "node:assert/strict";
import { closeSync, readFileSync, statSync, writeFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { temporaryDirectory } from "@holdfast/testing";
import { boundLog, lastLine, openLog } from "../src/agent/log-file.ts";

test("a log over its bound moves to .1 and its writer goes on at the start", () => {
  using root = temporaryDirectory("log");
  const path = join(root.path, "i-1.log");
  const { fd } = openLog(path);
  writeSync(fd, `${"x".repeat(150)}tail`);
  boundLog(path, 100);
  writeSync(fd, "next");
  closeSync(fd);

  assert.equal(readFileSync(path, "utf8"), "next");
  const moved = readFileSync(`${path}.1`, "utf8");
  assert.equal(moved.length, 100);
  assert.ok(moved.endsWith("xtail"));
});

test("a log within its bound, or none at all, is left alone", () => {
  using root = temporaryDirectory("log");
  const path = join(root.path, "i-1.log");
  assert.equal(boundLog(path, 10), 0);
  writeFileSync(path, "0123456789");
  assert.equal(boundLog(path, 10), 10);
  assert.equal(statSync(path).size, 10);
});

test("the last line is the last that says something", () => {
  using root = temporaryDirectory("log");
  const path = join(root.path, "i-1.log");
  writeFileSync(path, "one\ntwo\n\n  \n");
  assert.equal(lastLine(path), "two");
  assert.equal(lastLine(join(root.path, "none")), "");
});

test("of a crash report of Node the message counts, not the version below it", () => {
  using root = temporaryDirectory("log");
  const path = join(root.path, "i-1.log");
  writeFileSync(path, "file.ts:1\nthrow x\nTypeError: x is not there\n    at file.ts:1:1\n\nNode.js v24.21.0\n");
  assert.equal(lastLine(path), "TypeError: x is not there");
});
