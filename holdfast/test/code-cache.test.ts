import assert from "node:assert/strict";
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { boundCodeCache, codeCacheOf } from "../src/stack/code-cache.ts";

test("the code cache is thrown away once it is past its bound, and not before", () => {
  const state = mkdtempSync(join(tmpdir(), "holdfast-cache-"));
  try {
    boundCodeCache(state, 10); // None yet.
    mkdirSync(join(codeCacheOf(state), "v24"), { recursive: true });
    writeFileSync(join(codeCacheOf(state), "v24", "a"), "12345");
    writeFileSync(join(codeCacheOf(state), "v24", "b"), "12345");
    boundCodeCache(state, 10);
    assert.ok(existsSync(join(codeCacheOf(state), "v24", "a")));
    boundCodeCache(state, 9);
    assert.ok(!existsSync(codeCacheOf(state)));
  } finally {
    rmSync(state, { recursive: true, force: true });
  }
});
