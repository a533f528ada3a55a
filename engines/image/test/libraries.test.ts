import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, realpathSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { codeOf } from "@holdfast/kernel";
import { temporaryDirectory } from "@holdfast/testing";
import { readElf } from "../src/base/elf.ts";
import { findLibraries } from "../src/base/libraries.ts";

/** What the system's own loader finds. */
function askLoader(program: string): string[] {
  const lines = execFileSync("ldd", [program], { encoding: "utf8" }).split("\n");
  return lines.flatMap((line) => /(?:=> |^\s)(\/\S+) \(0x/.exec(line)?.[1] ?? []);
}

test("the walk finds what the system's loader finds", { skip: !existsSync("/usr/bin/ldd") }, async () => {
  for (const program of [process.execPath, "/usr/bin/env", "/bin/bash"]) {
    const { files, directories } = await findLibraries(realpathSync(program));
    const found = new Set(files.map((file) => realpathSync(file)));
    for (const file of askLoader(program)) assert.ok(found.has(realpathSync(file)), `${program} needs ${file}`);
    const more = files.filter((file) => !/libnss_|libresolv/.test(file));
    assert.equal(more.length, askLoader(program).length, "and nothing else, but what looks up hosts");
    assert.deepEqual(directories, []);
  }
});

test("a library that is nowhere is named, with who needs it", async () => {
  using root = temporaryDirectory("elf");
  const program = join(root.path, "program");
  const bytes = readFileSync(realpathSync("/usr/bin/env"));
  const at = bytes.indexOf("libc.so.6\0");
  assert.ok(at > 0);
  bytes.write("libq.so.6", at, "latin1");
  writeFileSync(program, bytes);
  await assert.rejects(findLibraries(program), {
    code: "LIBRARY_MISSING",
    message: /^libq\.so\.6: .*program needs it/,
  });
});

test("what is no ELF file, or ends anywhere before its end, is refused by code", async () => {
  using root = temporaryDirectory("elf");
  const path = join(root.path, "program");
  const whole = readFileSync(realpathSync("/usr/bin/env"));
  const cuts = [0, 1, 4, 63, 64, 65, 119, 120, 500, 1_000, 4_096];
  const texts = [Buffer.from("#!/bin/sh\n"), Buffer.alloc(100), ...cuts.map((length) => whole.subarray(0, length))];
  for (const text of texts) {
    writeFileSync(path, text);
    await assert.rejects(readElf(path), { code: "ELF_INVALID" }, `${text.byteLength} bytes`);
  }
});

test("a damaged header ends in a code, never in a crash or a huge allocation", async () => {
  using root = temporaryDirectory("elf");
  const path = join(root.path, "program");
  const whole = readFileSync(realpathSync("/usr/bin/env"));
  for (let at = 4; at < 64; at++) {
    for (const value of [0x00, 0x7f, 0xff]) {
      const damaged = Buffer.from(whole);
      damaged[at] = value;
      writeFileSync(path, damaged);
      const result = await readElf(path).catch((error: unknown) => codeOf(error));
      assert.ok(
        result === "ELF_INVALID" || typeof result === "object",
        `byte ${at} = ${value}: ${JSON.stringify(result)}`,
      );
    }
  }
});
