import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readlinkSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { temporaryDirectory } from "@holdfast/testing";
import fc from "fast-check";
import { type TarEntry, tar } from "../src/oci/tar.ts";

async function bytesOf(entries: Iterable<TarEntry>): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of tar(entries)) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks);
}

const text = (path: string, content: string, mode = 0o444): TarEntry => ({
  kind: "file",
  path,
  mode,
  content: Buffer.from(content),
});

const longName = `${"directory/".repeat(12)}${"é".repeat(80)}.txt`;

test("the system's tar reads back names, modes, links and contents, however long or foreign", async () => {
  using root = temporaryDirectory("tar");
  const from = join(root.path, "source");
  writeFileSync(from, Buffer.alloc(700_001, "x"));
  const archive = await bytesOf([
    { kind: "directory", path: "lib", mode: 0o755 },
    { kind: "directory", path: "tmp", mode: 0o1777 },
    text("lib/a.txt", "content"),
    text("lib/run", "#!/bin/sh\n", 0o555),
    text("empty", ""),
    text(longName, "long"),
    { kind: "file", path: "big", mode: 0o444, from, bytes: 700_001 },
    { kind: "link", path: "short", target: "lib/a.txt" },
    { kind: "link", path: "far", target: `${"../".repeat(50)}etc` },
  ]);
  assert.equal(archive.byteLength % 512, 0);
  writeFileSync(join(root.path, "a.tar"), archive);
  const out = join(root.path, "out");
  mkdirSync(out);
  execFileSync("tar", ["-xpf", "../a.tar"], { cwd: out });

  assert.equal(readFileSync(join(out, "short"), "utf8"), "content");
  assert.equal(readFileSync(join(out, longName), "utf8"), "long");
  assert.equal(readFileSync(join(out, "empty"), "utf8"), "");
  assert.equal(readFileSync(join(out, "big"), "utf8"), "x".repeat(700_001));
  assert.equal(readlinkSync(join(out, "far")), `${"../".repeat(50)}etc`);
  assert.equal(statSync(join(out, "lib", "run")).mode & 0o7777, 0o555);
  assert.equal(statSync(join(out, "tmp")).mode & 0o7777, 0o1777);
  assert.equal(statSync(join(out, "lib", "a.txt")).mtimeMs, 0);
});

test("the system's tar finds no owner but root, no time but the first, and nothing to complain of", async () => {
  using root = temporaryDirectory("tar");
  writeFileSync(join(root.path, "a.tar"), await bytesOf([text("a", "1"), text(longName, "2")]));
  const listed = execFileSync("tar", ["-tvf", "a.tar", "--numeric-owner", "--utc"], {
    cwd: root.path,
    encoding: "utf8",
    stdio: ["ignore", "pipe", "pipe"],
  });
  const lines = listed.trim().split("\n");
  assert.equal(lines.length, 2);
  for (const line of lines) assert.match(line, /^-r--r--r-- 0\/0 +\d+ 1970-01-01 00:00 /);
});

test("the same entries give the same bytes, whatever the files' times and modes", async () => {
  using root = temporaryDirectory("tar");
  const from = join(root.path, "file");
  writeFileSync(from, "same");
  const entry: TarEntry = { kind: "file", path: "a", mode: 0o444, from, bytes: 4 };
  const first = await bytesOf([entry]);
  chmodSync(from, 0o600);
  assert.deepEqual(await bytesOf([entry]), first);
});

test("a file that shrank or grew since it was listed is refused, not padded or cut", async () => {
  using root = temporaryDirectory("tar");
  const from = join(root.path, "file");
  for (const bytes of [9, 11, 0]) {
    writeFileSync(from, "0123456789");
    await assert.rejects(bytesOf([{ kind: "file", path: "a", mode: 0o444, from, bytes }]), {
      code: "IMAGE_SOURCE_CHANGED",
    });
  }
});

test("a size beyond what the plain header can say is in an extended one", async () => {
  using root = temporaryDirectory("tar");
  const from = join(root.path, "sparse");
  writeFileSync(from, "");
  const bytes = 8 ** 11 + 5;
  truncateSync(from, bytes);
  assert.ok(existsSync(from));
  const chunks = tar([{ kind: "file", path: "huge", mode: 0o444, from, bytes }]);
  const { value: headers } = await chunks.next();
  await chunks.return(undefined);
  assert.ok(headers !== undefined);
  assert.match(Buffer.from(headers).toString("latin1"), new RegExp(`\\d+ size=${bytes}\n`));
});

test("any name survives the way through the system's tar", async () => {
  using root = temporaryDirectory("tar");
  const part = fc.string({ unit: "grapheme", minLength: 1, maxLength: 40 }).filter((name) => {
    return !/[/\0\\]/.test(name) && name !== "." && name !== ".." && Buffer.byteLength(name) < 200;
  });
  const paths = fc.uniqueArray(part, { minLength: 1, maxLength: 20, selector: (name) => name.normalize() });
  let round = 0;
  await fc.assert(
    fc.asyncProperty(paths, async (names) => {
      const out = join(root.path, `out-${round++}`);
      mkdirSync(out);
      const archive = await bytesOf(names.map((name) => text(name, name)));
      execFileSync("tar", ["-xf", "-"], { cwd: out, input: archive });
      for (const name of names) assert.equal(readFileSync(join(out, name), "utf8"), name);
    }),
    { numRuns: 20 },
  );
});
