import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { chmodSync, mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, utimesSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { type ContainerImage, ImageStore } from "@holdfast/image";
import { FakeClock } from "@holdfast/testing";
import { parseAppVersion, parseBaseAmi } from "@holdfast/wire/frigga";
import { type Files, identity, smallNode, World, writeFiles } from "./fixture.ts";

const program: Files = { "server.mjs": "serve();", "lib/deep/a.json": "{}", "views/é.html": "<p>" };

function blob(world: World, digest: string): Buffer {
  return readFileSync(join(world.store.layout, "blobs", "sha256", digest.replace("sha256:", "")));
}

/** Follows every reference of the layout, as a tool that pulls does. */
function checkLayout(world: World): void {
  assert.deepEqual(JSON.parse(readFileSync(join(world.store.layout, "oci-layout"), "utf8")), {
    imageLayoutVersion: "1.0.0",
  });
  const index = JSON.parse(readFileSync(join(world.store.layout, "index.json"), "utf8"));
  for (const descriptor of index.manifests) {
    const manifest = JSON.parse(checkedBlob(world, descriptor).toString("utf8"));
    const config = JSON.parse(checkedBlob(world, manifest.config).toString("utf8"));
    for (const layer of manifest.layers) checkedBlob(world, layer);
    assert.deepEqual(
      config.rootfs.diff_ids,
      manifest.layers.map((layer: { digest: string }) => layer.digest),
    );
  }
}

function checkedBlob(world: World, { digest, size }: { digest: string; size: number }): Buffer {
  const bytes = blob(world, digest);
  assert.equal(bytes.byteLength, size);
  assert.equal(`sha256:${createHash("sha256").update(bytes).digest("hex")}`, digest);
  return bytes;
}

function configOf(world: World, image: ContainerImage) {
  const manifest = JSON.parse(blob(world, image.oci.digest).toString("utf8"));
  return { manifest, config: JSON.parse(blob(world, manifest.config.digest).toString("utf8")) };
}

test("two bakes in two places, at two times, under two umasks give one digest, to the byte", async () => {
  using here = new World();
  using there = new World();
  there.clock.jumpWall(40 * 86_400_000);
  const first = await here.container({ ...program, "node_modules/left/index.js": "pad" }, { command: ["node", "x"] });

  const umask = process.umask(0o077);
  try {
    const source = join(there.path, "elsewhere", "other-name");
    const backwards = Object.fromEntries(Object.entries(program).toReversed());
    writeFiles(source, { "node_modules/left/index.js": "pad", ...backwards });
    for (const path of Object.keys(program)) utimesSync(join(source, path), 1_000, 2_000);
    chmodSync(join(source, "server.mjs"), 0o664);
    const { directory } = await there.store.bake({ source });
    const second = await there.store.containerImage(directory, identity, { node: smallNode, command: ["node", "x"] });
    assert.deepEqual(second.oci, first.oci);
    assert.equal(second.appVersion, first.appVersion);
  } finally {
    process.umask(umask);
  }
  const layoutOf = (world: World) => readFileSync(join(world.store.layout, "index.json"), "utf8");
  assert.equal(layoutOf(there), layoutOf(here));
});

test("the layout is whole: every digest, size and diff id is what it says", async () => {
  using world = new World();
  await world.container(program);
  await world.container({ "main.mjs": "other();" }, {}, { ...identity, service: "web" });
  checkLayout(world);
  const index = JSON.parse(readFileSync(join(world.store.layout, "index.json"), "utf8"));
  assert.equal(index.manifests.length, 2);
});

test("a byte, a command, a name or a version more is another image; a bake without change is none", async () => {
  using world = new World();
  const digests = [
    await world.container(program),
    await world.container({ ...program, "server.mjs": "serve()!" }),
    await world.container(program, { command: ["node", "server.mjs"] }),
    await world.container(program, {}, { ...identity, version: "1.4.1" }),
    await world.container(program, {}, { ...identity, creator: "ann" }),
    await world.container(program, {}, { ...identity, commit: "9b3bc237" }),
  ].map((image) => image.oci.digest);
  assert.equal(new Set(digests).size, digests.length);

  const blobs = join(world.store.layout, "blobs", "sha256");
  const before = readdirSync(blobs).map((name) => [name, statSync(join(blobs, name)).ino]);
  assert.equal((await world.container(program)).oci.digest, digests[0]);
  assert.deepEqual(
    readdirSync(blobs).map((name) => [name, statSync(join(blobs, name)).ino]),
    before,
    "nothing was written again",
  );
});

test("two programs share the layer they stand on", async () => {
  using world = new World();
  const [a, b] = [await world.container(program), await world.container({ "other.mjs": "" })];
  assert.equal(a.oci.blobs[0], b.oci.blobs[0]);
  assert.notEqual(a.oci.blobs[1], b.oci.blobs[1]);
});

test("tags and description read back by Frigga's own rules", async () => {
  using world = new World();
  const who = { ...identity, version: "1.4.0-rc.1", commit: "9b3bc237", build: { job: "WE-catalog", number: 150 } };
  const image = await world.container(program, {}, { ...who, creator: "ann" });
  const { config, manifest } = configOf(world, image);
  const labels = config.config.Labels;
  assert.equal(labels.creator, "ann");
  assert.deepEqual(parseAppVersion(labels.appversion), {
    packageName: "movies-catalog",
    version: "1.4.0~rc.1",
    commit: "9b3bc237",
    buildNumber: "150",
    buildJobName: "WE-catalog",
  });
  const base = parseBaseAmi(labels.description);
  assert.equal(base.baseAmiName, `holdfast-base-24.21.0-${config.architecture}`);
  assert.equal(base.baseAmiId, `ami-${image.oci.blobs[0]?.slice("sha256:".length, "sha256:".length + 8)}`);
  assert.equal(parseAppVersion(labels.base_ami_version)?.packageName, "holdfast-base");
  assert.equal(manifest.annotations.appversion, labels.appversion);
  assert.equal(image.amiName, `movies-catalog-1.4.0~rc.1-9b3bc237-${config.architecture}-202311142213`);
  assert.equal(image.oci.reference, "movies-catalog:1.4.0-rc.1-9b3bc237");
});

test("a version or commit that could not be read back is refused", async () => {
  using world = new World();
  for (const wrong of [{ version: "1/2" }, { commit: "h1" }, { commit: "a.b" }, { build: { job: "a/b", number: 1 } }]) {
    await assert.rejects(world.container(program, {}, { ...identity, ...wrong }), { code: "IMAGE_VERSION_INVALID" });
  }
});

test("it runs as nobody, below /app, which is not its to change", async () => {
  using world = new World();
  const image = await world.container(program, { command: ["node", "server.mjs"] });
  const { config } = configOf(world, image);
  assert.partialDeepStrictEqual(config.config, {
    User: "65532:65532",
    WorkingDir: "/app",
    Cmd: ["node", "server.mjs"],
    StopSignal: "SIGTERM",
  });
  const out = join(world.path, "out");
  mkdirSync(out);
  for (const digest of configOf(world, image).manifest.layers.map((layer: { digest: string }) => layer.digest)) {
    execFileSync("tar", ["-xpf", "-"], { cwd: out, input: blob(world, digest), maxBuffer: 2 ** 28 });
  }
  assert.equal(readFileSync(join(out, "app", "server.mjs"), "utf8"), "serve();");
  assert.equal(readFileSync(join(out, "app", "views", "é.html"), "utf8"), "<p>");
  assert.equal(statSync(join(out, "app", "server.mjs")).mode & 0o777, 0o444);
  assert.equal(statSync(join(out, "app")).mode & 0o7777, 0o755);
  assert.equal(statSync(join(out, "tmp")).mode & 0o7777, 0o1777);
  assert.match(readFileSync(join(out, "etc", "passwd"), "utf8"), /^nonroot:x:65532:65532:/m);
  assert.deepEqual(readFileSync(join(out, "usr/local/bin/node")), readFileSync("/usr/bin/env"));
});

test("what node_modules leads to is in the image, links among packages too, and none of it when the program is one file", async () => {
  using world = new World();
  const source = writeFiles(join(world.path, "app"), {
    "server.mjs": "",
    "node_modules/.store/left@1/node_modules/left/index.js": "pad",
    "node_modules/.cache/big": "no",
    "node_modules/tool.sh": "#!/bin/sh",
  });
  chmodSync(join(source, "node_modules", "tool.sh"), 0o700);
  symlinkSync(".store/left@1/node_modules/left", join(source, "node_modules", "left"));
  const { directory } = await world.store.bake({ source });
  const image = await world.store.containerImage(directory, identity, { node: smallNode });
  const layer = configOf(world, image).manifest.layers[1].digest;
  const names = execFileSync("tar", ["-tf", "-"], { input: blob(world, layer), encoding: "utf8" });
  const verbose = execFileSync("tar", ["-tvf", "-"], { input: blob(world, layer), encoding: "utf8" });
  assert.match(verbose, /^-r-xr-xr-x 0\/0 .* app\/node_modules\/tool\.sh$/m);
  assert.match(names, /^app\/node_modules\/left$/m);
  assert.match(names, /^app\/node_modules\/\.store\/left@1\/node_modules\/left\/index\.js$/m);
  assert.doesNotMatch(names, /cache/);

  const alone = await world.store.containerImage(directory, identity, { node: smallNode, dependencies: "none" });
  assert.equal(alone.oci.blobs.length, image.oci.blobs.length - 1);

  writeFiles(source, { "node_modules/.store/left@1/node_modules/left/index.js": "pad!" });
  const newer = await world.store.containerImage(directory, identity, { node: smallNode });
  assert.notEqual(newer.appVersion, image.appVersion, "other dependencies are another release");
  assert.notEqual(newer.oci.blobs[1], image.oci.blobs[1]);
  assert.equal(newer.oci.blobs[2], image.oci.blobs[2]);
});

test("dependencies that lead elsewhere are refused, and the way out is said", async () => {
  using world = new World();
  const source = writeFiles(join(world.path, "app"), { "server.mjs": "", "node_modules/a/index.js": "" });
  mkdirSync(join(world.path, "workspace"));
  symlinkSync("../../workspace", join(source, "node_modules", "linked"));
  const { directory } = await world.store.bake({ source });
  await assert.rejects(world.store.containerImage(directory, identity, { node: smallNode }), {
    code: "IMAGE_DEPENDENCIES_UNFIT",
    next: /bundle: true/,
  });
});

test("a file whose name would delete another one in a container is refused", async () => {
  using world = new World();
  await assert.rejects(world.container({ "lib/.wh.server.mjs": "" }), { code: "IMAGE_NAME_RESERVED" });
  await assert.rejects(world.store.containerImage(join(world.path, "gone"), identity), { code: "IMAGE_MISSING" });
});

test("bakes at once of several processes' stores leave one index that has them all", async () => {
  using world = new World();
  const services = ["a", "b", "c", "d", "e", "f"];
  const source = writeFiles(join(world.path, "app"), program);
  const { directory } = await world.store.bake({ source });
  const stores = services.map(() => new ImageStore(world.store.directory, new FakeClock()));
  await Promise.all(
    stores.map((store, i) => {
      const service = services[i] ?? "";
      return store.containerImage(directory, { ...identity, service }, { node: smallNode });
    }),
  );
  checkLayout(world);
  const { manifests } = JSON.parse(readFileSync(join(world.store.layout, "index.json"), "utf8"));
  assert.equal(manifests.length, services.length);
  assert.deepEqual(
    readdirSync(world.store.layout).filter((name) => name.startsWith(".new")),
    [],
  );
});

test("how far a layer is, is said once it takes longer than two seconds", async () => {
  using world = new World();
  const source = writeFiles(join(world.path, "app"), { "a.bin": "x".repeat(2_000_000) });
  const { directory } = await world.store.bake({ source });
  await world.store.containerImage(directory, identity, { node: smallNode });
  assert.deepEqual(world.said, []);

  const slow = new FakeClock();
  const store = new ImageStore(join(world.path, "other"), slow, (line) => {
    world.said.push(line);
  });
  // Each look at the clock finds it half a second later.
  slow.monotonicMs = () => {
    slow.freeze(500);
    return FakeClock.prototype.monotonicMs.call(slow);
  };
  const again = await store.bake({ source });
  await store.containerImage(again.directory, identity, { node: smallNode });
  assert.match(world.said.join("\n"), /^the application: \d of 2 MiB$/m);
});

test("an engine takes an image in under a name that no other one has", async () => {
  using world = new World();
  const [one, other] = [await world.container(program), await world.container(program, { command: ["node", "x"] })];
  assert.equal(one.oci.reference, other.oci.reference, "one program in two images");
  const loadable = world.store.loadable(one);
  const { reference } = loadable;
  assert.notEqual(reference, world.store.loadable(other).reference);
  assert.match(reference, /^localhost\/movies-catalog:1\.4\.0-[0-9a-f]{8}-[0-9a-f]{12}$/);
  const chunks: Buffer[] = [];
  for await (const chunk of loadable.archive()) chunks.push(Buffer.from(chunk));
  const text = execFileSync("tar", ["-xOf", "-", "manifest.json"], { input: Buffer.concat(chunks), encoding: "utf8" });
  assert.deepEqual(JSON.parse(text)[0].RepoTags, [reference]);
});
