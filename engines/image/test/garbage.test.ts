import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, statfsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { type GarbageOptions, ImageStore } from "@holdfast/image";
import { temporaryDirectory } from "@holdfast/testing";
import { isAbandoned } from "../src/store/abandoned.ts";
import { BlobStore } from "../src/store/blob-store.ts";
import { onDisk } from "../src/store/disk.ts";
import { StoreLock } from "../src/store/store-lock.ts";
import { smallNode, World, writeFiles } from "./fixture.ts";

const hour = 3_600_000;
const minute = 60_000;

async function removedBy(world: World, options: GarbageOptions): Promise<string[]> {
  return (await world.store.collectGarbage(options)).removed.map((image) => image.bundle);
}

/** Six versions of a service, a minute apart, the last one an hour ago. */
async function versions(world: World, count = 6): Promise<string[]> {
  const made: string[] = [];
  for (let version = 0; version < count; version++) {
    made.push(await world.bundle(`version ${version}`));
    world.clock.jumpWall(minute);
  }
  world.clock.jumpWall(hour);
  return made;
}

test("the newest three of each service stay, the others go", async () => {
  using world = new World();
  const made = await versions(world);
  const other = await world.bundle("other", "web");
  world.clock.jumpWall(hour);
  assert.deepEqual(new Set(await removedBy(world, { inUse: [] })), new Set(made.slice(0, 3)));
  const left = (await world.store.list()).map((image) => image.bundle);
  assert.deepEqual(left, [other, ...made.slice(3).toReversed()]);
  for (const bundle of left) assert.ok(await world.store.isIntact(await world.store.find(bundle)));
});

test("what a server group refers to stays, by directory, digest, manifest or reference", async () => {
  using world = new World();
  const made = await versions(world);
  const image = await world.container({ "old.mjs": "" });
  const byReference = await world.container({ "older.mjs": "" }, {}, { application: "movies", service: "ref" });
  world.clock.jumpWall(hour);
  const inUse = [
    join(world.store.directory, made[0] ?? ""),
    made[1] ?? "",
    image.oci.digest,
    byReference.oci.reference,
  ];
  const result = await world.store.collectGarbage({ inUse, keepPerService: 0 });
  assert.deepEqual(result.removed.map(({ bundle }) => bundle).toSorted(), made.slice(2).toSorted());
  assert.deepEqual(new Set(result.kept.map(({ why }) => why)), new Set(["in use"]));
});

test("nothing younger than ten minutes goes, even if nobody needs it", async () => {
  using world = new World();
  const old = await world.bundle("old");
  world.clock.jumpWall(10 * minute - 2_000);
  const young = await world.bundle("young");
  assert.deepEqual(await removedBy(world, { inUse: [], keepPerService: 0 }), []);
  world.clock.jumpWall(4_000);
  assert.deepEqual(await removedBy(world, { inUse: [], keepPerService: 0 }), [old]);
  world.clock.jumpWall(10 * minute);
  assert.deepEqual(await removedBy(world, { inUse: [], keepPerService: 0 }), [young]);
});

test("an image that was baked again is young again, and counts as the newest", async () => {
  using world = new World();
  const made = await versions(world);
  assert.equal(await world.bundle("version 0"), made[0]);
  assert.deepEqual(await removedBy(world, { inUse: [], keepPerService: 1 }), made.slice(1).toReversed());
});

test("layers that remaining images stand on stay, those of removed ones go, and the index forgets them first", async () => {
  using world = new World();
  const gone = await world.container({ "a.mjs": "a" });
  world.clock.jumpWall(minute);
  const stays = await world.container({ "b.mjs": "b" });
  world.clock.jumpWall(hour);
  const result = await world.store.collectGarbage({ inUse: [], keepPerService: 1 });
  // The layer of the application, config and manifest; not the base.
  assert.equal(result.blobs, 3);
  const blobs = new Set(readdirSync(join(world.store.layout, "blobs", "sha256")));
  assert.deepEqual(blobs, new Set([stays.oci.digest, ...stays.oci.blobs].map((digest) => digest.slice(7))));
  assert.doesNotMatch(readFileSync(join(world.store.layout, "index.json"), "utf8"), new RegExp(gone.oci.digest));

  const again = await world.container({ "a.mjs": "a" });
  assert.equal(again.oci.digest, gone.oci.digest);
  for (const digest of again.oci.blobs)
    assert.ok(existsSync(join(world.store.layout, "blobs/sha256", digest.slice(7))));
});

test("an image in use whose names are lost keeps its layers by its own manifest", async () => {
  using world = new World();
  const image = await world.container({ "a.mjs": "a" });
  world.clock.jumpWall(hour);
  const records = join(world.store.directory, "records");
  for (const name of readdirSync(records)) writeFileSync(join(records, name), "{ damaged");
  await world.store.collectGarbage({ inUse: [image.oci.digest, image.bundle], keepPerService: 0 });
  for (const digest of [image.oci.digest, ...image.oci.blobs]) {
    assert.ok(existsSync(join(world.store.layout, "blobs/sha256", digest.slice(7))), digest);
  }
});

test("a dry run says the same and changes nothing", async () => {
  using world = new World();
  await versions(world);
  await world.container({ "a.mjs": "a" });
  world.clock.jumpWall(hour);
  const files = (): string => readdirSync(world.store.directory, { recursive: true }).map(String).toSorted().join("\n");
  const before = files();
  const dry = await world.store.collectGarbage({ inUse: [], keepPerService: 1, dryRun: true });
  assert.equal(files(), before);
  const real = await world.store.collectGarbage({ inUse: [], keepPerService: 1 });
  assert.deepEqual({ ...real, dryRun: true }, dry);
  assert.ok(real.removed.length > 0 && real.freedBytes > 0);
});

test("what dead makers left goes at once, and the work of living ones stays", async () => {
  using world = new World();
  await world.container({ "a.mjs": "" });
  const draft = (pid: number): string => `.new-${pid}-00000000`;
  for (const place of [world.store.directory, world.store.layout, join(world.store.directory, "records")]) {
    mkdirSync(join(place, draft(999_999_999)));
    mkdirSync(join(place, draft(process.pid)));
  }
  mkdirSync(join(world.store.directory, ".gone-999999999-00000000"));
  assert.equal((await world.store.collectGarbage({ inUse: [] })).remains, 4);
  assert.ok(existsSync(join(world.store.layout, draft(process.pid))));
  assert.equal(isAbandoned(".bundle-Ab12"), false);
});

test("an empty or missing store has no garbage", async () => {
  using world = new World();
  assert.deepEqual(await removedBy(world, { inUse: ["x"] }), []);
  assert.equal(existsSync(world.store.directory), false);
});

test("images are found by what people have at hand, and never the wrong one", async () => {
  using world = new World();
  const image = await world.container({ "a.mjs": "" });
  for (const text of [
    image.bundle.slice(0, 4),
    image.appVersion,
    image.amiName,
    image.oci.reference,
    image.oci.digest,
  ]) {
    assert.equal((await world.store.find(text)).bundle, image.bundle, text);
  }
  world.clock.jumpWall(1_000);
  const newer = await world.bundle("newer");
  for (const text of ["catalog", "movies-catalog"]) assert.equal((await world.store.find(text)).bundle, newer);
  await assert.rejects(world.store.find(image.bundle.slice(0, 3)), {
    code: "IMAGE_UNKNOWN",
    next: "holdfast images list",
  });
  await world.container({ "b.mjs": "" }, {}, { application: "movies", service: "catalog", version: "1", commit: "7" });
  await world.container({ "c.mjs": "" }, {}, { application: "movies", service: "catalog", version: "1", commit: "7" });
  await assert.rejects(world.store.find("movies-catalog-1-7"), { code: "IMAGE_AMBIGUOUS" });
});

test("an image somebody changed is no longer intact", async () => {
  using world = new World();
  const image = await world.store.find(await world.bundle("serve();"));
  assert.equal(await world.store.isIntact(image), true);
  writeFileSync(join(image.directory, "more.mjs"), "");
  assert.equal(await world.store.isIntact(image), false);
});

test("a full disk is an error that says so, leaves nothing half made, and is over when there is room", async (t) => {
  if (process.getuid?.() !== 0) return t.skip("needs root to mount a small disk");
  using root = temporaryDirectory("full");
  using world = new World();
  const disk = join(root.path, "disk");
  mkdirSync(disk);
  execFileSync("mount", ["-t", "tmpfs", "-o", "size=8m", "tmpfs", disk]);
  try {
    const store = new ImageStore(join(disk, "images"), world.clock);
    const big = writeFiles(join(root.path, "big"), { "a.bin": "x".repeat(9 << 20) });
    await assert.rejects(store.bake({ source: big }), { code: "DISK_FULL", next: /holdfast images gc/ });
    assert.deepEqual(readdirSync(store.directory), []);

    const small = writeFiles(join(root.path, "small"), { "a.bin": "x".repeat(700_000) });
    const { directory } = await store.bake({ source: small });
    const filler = join(disk, "filler");
    const { bavail, bsize } = statfsSync(disk);
    writeFileSync(filler, Buffer.alloc(Number(bavail) * Number(bsize) - (1 << 20)));
    const who = { application: "movies", service: "catalog" };
    await assert.rejects(store.containerImage(directory, who, { node: smallNode }), { code: "DISK_FULL" });

    // What the look at the free bytes cannot know: the disk fills in the middle of a layer.
    const blobs = new BlobStore(store.layout, world.clock, new StoreLock(store.directory));
    async function* endless(): AsyncGenerator<Uint8Array> {
      for (;;) yield Buffer.alloc(100_000);
    }
    await assert.rejects(
      onDisk(store.directory, () => blobs.put(endless())),
      { code: "DISK_FULL" },
    );
    const left = readdirSync(store.layout, { recursive: true }).map(String);
    assert.deepEqual(
      left.filter((name) => /new|[0-9a-f]{64}/.test(name)),
      [],
    );

    writeFileSync(filler, "");
    const image = await store.containerImage(directory, who, { node: smallNode });
    for (const digest of image.oci.blobs) assert.ok(existsSync(blobs.pathOf(digest)));
  } finally {
    execFileSync("umount", [disk]);
  }
});

test("a disk that fills in the middle of the work is told apart from every other failure", async () => {
  using root = temporaryDirectory("enospc");
  const fail = (code: string) => () => Promise.reject(Object.assign(new Error("write"), { code }));
  for (const code of ["ENOSPC", "EDQUOT"]) {
    await assert.rejects(onDisk(root.path, fail(code)), { code: "DISK_FULL", status: 507 });
  }
  await assert.rejects(onDisk(root.path, fail("EIO")), { code: "EIO" });
});
