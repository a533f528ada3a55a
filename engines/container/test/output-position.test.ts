import assert from "node:assert/strict";
import { test } from "node:test";
import { positionIn } from "../src/output-position.ts";

const at = (output: string, file: string, cut?: string): string => {
  const written = { file: Buffer.from(file), cut: cut === undefined ? undefined : Buffer.from(cut) };
  return output.slice(positionIn(Buffer.from(output), written));
};

test("what follows what we have is new", () => {
  assert.equal(at("one\ntwo\nthree\n", "one\ntwo\n"), "three\n");
  assert.equal(at("one\n", ""), "one\n");
  assert.equal(at("one\n", "one\n"), "");
});

test("lines that repeat are counted, not searched for", () => {
  assert.equal(at("x\nx\nx\n", "x\n"), "x\nx\n");
});

test("a half line is gone on with where it broke off", () => {
  assert.equal(at("hello world\n", "hello wo"), "rld\n");
});

test("after our file was cut its end is found by content", () => {
  assert.equal(at("1\n2\n3\n4\n5\n", "3\n4\n", "1\n2\n"), "5\n");
  assert.equal(at("1\n2\n3\n4\n", "", "2\n3\n"), "4\n");
});

test("what the engine has forgotten hides nothing of what it still has", () => {
  assert.equal(at("8\n9\n", "1\n2\n3\n"), "8\n9\n");
  assert.equal(at("3\n4\n5\n", "3\n4\n", "2\n"), "3\n4\n5\n");
});

test("megabytes of output are placed in the time of a search", () => {
  const lines = Array.from({ length: 100_000 }, (_, i) => `line ${i}\n`);
  const output = lines.join("");
  const cut = lines.slice(0, 60_000).join("");
  const file = lines.slice(60_000, 99_999).join("");
  assert.equal(at(output, file, cut), "line 99999\n");
});
