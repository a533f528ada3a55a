import assert from "node:assert/strict";
import {
  chmodSync,
  cpSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { hasCode, SystemClock } from "@holdfast/kernel";
import { temporaryDirectory } from "@holdfast/testing";
import { type BakeOptions, bakeDirectory } from "../src/bundle/bake.ts";

const bake = (options: BakeOptions) => bakeDirectory(options, new SystemClock());

function program(root: string): string {
  const source = join(root, "source");
  mkdirSync(join(source, "lib"), { recursive: true });
  mkdirSync(join(source, "node_modules", "left"), { recursive: true });
  mkdirSync(join(source, ".git"));
  writeFileSync(join(source, ".git", "HEAD"), "ref");
  writeFileSync(join(source, "server.ts"), "serve();");
  writeFileSync(join(source, "lib", "run.sh"), "#!/bin/sh\n");
  chmodSync(join(source, "lib", "run.sh"), 0o755);
  symlinkSync("server.ts", join(source, "main.ts"));
  return source;
}

test("an image is a read-only copy under its digest, with dependencies linked", async () => {
  using root = temporaryDirectory("image");
  const source = program(root.path);
  const image = await bake({ source, store: join(root.path, "images") });

  assert.equal(image.directory, join(root.path, "images", image.digest));
  assert.deepEqual(readdirSync(image.directory).toSorted(), ["lib", "main.ts", "node_modules", "server.ts"]);
  assert.equal(readFileSync(join(image.directory, "main.ts"), "utf8"), "serve();");
  assert.equal(statSync(join(image.directory, "server.ts")).mode & 0o777, 0o444);
  assert.equal(statSync(join(image.directory, "lib", "run.sh")).mode & 0o777, 0o555);
  assert.equal(readlinkSync(join(image.directory, "node_modules")), join(source, "node_modules"));
});

test("the same content is baked once; a changed byte, name or mode makes another image", async () => {
  using root = temporaryDirectory("image");
  const source = program(root.path);
  const store = join(root.path, "images");
  const first = await bake({ source, store });
  const second = await bake({ source, store });
  assert.deepEqual([second.digest, first.baked, second.baked], [first.digest, true, false]);

  writeFileSync(join(source, "server.ts"), "serve()!");
  const changed = await bake({ source, store });
  chmodSync(join(source, "server.ts"), 0o755);
  const executable = await bake({ source, store });
  assert.equal(new Set([first.digest, changed.digest, executable.digest]).size, 3);
  assert.equal(readFileSync(join(first.directory, "server.ts"), "utf8"), "serve();");
});

test("parallel bakes of one source agree, and leave nothing half made", async () => {
  using root = temporaryDirectory("image");
  const source = program(root.path);
  const store = join(root.path, "images");
  const images = await Promise.all([1, 2, 3].map(() => bake({ source, store })));
  assert.equal(new Set(images.map((image) => image.digest)).size, 1);
  assert.deepEqual(readdirSync(store), [images[0]?.digest]);
});

test("a program without node_modules of its own gets its nearest ancestor's", async () => {
  using root = temporaryDirectory("image");
  const source = program(root.path);
  const image = await bake({ source: join(source, "lib"), store: join(root.path, "images") });
  assert.equal(readlinkSync(join(image.directory, "node_modules")), join(source, "node_modules"));
});

test("a source over the cap is refused with its largest parts named", async () => {
  using root = temporaryDirectory("image");
  const source = program(root.path);
  writeFileSync(join(source, "video.bin"), Buffer.alloc(2 ** 20));
  const store = join(root.path, "images");
  await assert.rejects(bake({ source, store, bytesMax: 2 ** 19 }), (error: unknown) => {
    assert.ok(hasCode(error, "IMAGE_TOO_LARGE"));
    assert.match(error.message, /video\.bin 1\.0 MiB/);
    return true;
  });
  await bake({ source, store, bytesMax: 2 ** 19, ignore: ["video.bin"] });
});

test("a link to a file outside is baked as that file; one to a directory outside is refused", async () => {
  using root = temporaryDirectory("image");
  const source = program(root.path);
  const store = join(root.path, "images");
  writeFileSync(join(root.path, "shared.json"), "{}");
  symlinkSync("../shared.json", join(source, "shared.json"));
  const image = await bake({ source, store });
  assert.ok(statSync(join(image.directory, "shared.json")).isFile());

  symlinkSync("/etc", join(source, "etc"));
  await assert.rejects(bake({ source, store }), { code: "IMAGE_LINK_OUTSIDE" });
});

test("a source that is missing is named", async () => {
  using root = temporaryDirectory("image");
  await assert.rejects(bake({ source: join(root.path, "no"), store: root.path }), {
    code: "IMAGE_SOURCE_MISSING",
  });
});

test("a program that is one file has no link, and one digest wherever it was made", async () => {
  using root = temporaryDirectory("image");
  const source = program(root.path);
  const store = join(root.path, "images");
  const alone = await bake({ source, store, modules: "none" });
  assert.equal(readdirSync(alone.directory).includes("node_modules"), false);
  cpSync(source, join(root.path, "elsewhere"), { recursive: true, verbatimSymlinks: true });
  const there = await bake({ source: join(root.path, "elsewhere"), store, modules: "none" });
  assert.equal(there.digest, alone.digest);
  assert.notEqual((await bake({ source, store })).digest, alone.digest);
});
