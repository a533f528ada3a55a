import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { type InstanceId, parseInstanceId } from "@holdfast/kernel";
import { temporaryDirectory } from "@holdfast/testing";
import { instanceToken } from "../src/index.ts";
import { tokenMaker } from "../src/instance-token.ts";

const id = parseInstanceId("i-0123456789abcdef") as InstanceId;

test("a token can be verified by whoever has the key, and is another one for another instance or key", () => {
  using directory = temporaryDirectory("token");
  const file = join(directory.path, "key");
  writeFileSync(file, "k\n");
  const token = tokenMaker(file)(id);
  assert.equal(token, instanceToken("k", id));
  assert.match(token, /^[0-9a-f]{64}$/);
  assert.notEqual(token, instanceToken("k", `${id}0`));
  assert.notEqual(token, instanceToken("K", id));
});

test("without a key tokens are random and never the same", () => {
  for (const file of [undefined, "/absent/key"]) {
    const make = tokenMaker(file);
    assert.match(make(id), /^[0-9a-f]{64}$/);
    assert.notEqual(make(id), make(id));
  }
});
