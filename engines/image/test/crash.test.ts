import assert from "node:assert/strict";
import { fork } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { ImageStore } from "@holdfast/image";
import { SystemClock } from "@holdfast/kernel";
import { smallNode, World, writeFiles } from "./fixture.ts";

/** Every image that is listed, and every one the index names, is whole to the byte. */
async function checkWhole(store: ImageStore): Promise<number> {
  const images = await store.list();
  for (const image of images) assert.ok(await store.isIntact(image), `${image.bundle} is what its name says`);
  const index = join(store.layout, "index.json");
  const { manifests } = existsSync(index) ? JSON.parse(readFileSync(index, "utf8")) : { manifests: [] };
  for (const descriptor of manifests) {
    const { config, layers } = JSON.parse(checkBlob(store, descriptor.digest).toString("utf8"));
    for (const { digest } of [config, ...layers]) checkBlob(store, digest);
  }
  return images.length + manifests.length;
}

function checkBlob(store: ImageStore, digest: string): Buffer {
  const bytes = readFileSync(join(store.layout, "blobs", "sha256", digest.slice(7)));
  assert.equal(`sha256:${createHash("sha256").update(bytes).digest("hex")}`, digest);
  return bytes;
}

test("killed at any moment of baking and collecting, what is there under its name is whole", async () => {
  using world = new World();
  const store = new ImageStore(world.store.directory, new SystemClock());
  let seen = 0;
  // A slow machine has fewer images by the time of each kill: more rounds until enough were looked at.
  for (let round = 0; round < 8 || (seen <= 8 && round < 60); round++) {
    const child = fork(join(import.meta.dirname, "churn-program.ts"), [store.directory, join(world.path, "sources")], {
      execArgv: [],
      stdio: ["ignore", "ignore", "inherit", "ipc"],
    });
    await once(child, "message");
    await new Promise((resolve) => setTimeout(resolve, 20 + 23 * (round % 20)));
    child.kill("SIGKILL");
    await once(child, "exit");
    seen += await checkWhole(store);
  }
  assert.ok(seen > 8, `${seen} images were looked at`);
  await store.collectGarbage({ inUse: [], keepPerService: 1, minAgeMs: 0 });
  await checkWhole(store);
  const left = readdirSync(store.directory, { recursive: true }).map(String);
  assert.deepEqual(
    left.filter((name) => /\.(new|gone)-/.test(name)),
    [],
    "and the next collection has swept up",
  );
});

test("an old image that is baked again while garbage is collected is there when its bake is done", async () => {
  using world = new World();
  const source = writeFiles(join(world.path, "app"), { "main.mjs": "serve();", "lib.mjs": "" });
  const who = { application: "movies", service: "catalog" };
  const from = performance.now();
  await world.container({ "other.mjs": "" });
  await world.store.collectGarbage({ inUse: [], dryRun: true });
  const spanMs = performance.now() - from;
  let collected = 0;
  let rounds = 0;
  for (; rounds < 40 || (rounds < 160 && (collected === 0 || collected === rounds)); rounds++) {
    world.clock.jumpWall(3_600_000);
    const bake = async (): Promise<string> => {
      await new Promise((resolve) => setTimeout(resolve, (spanMs * (rounds % 40)) / 20));
      const { directory } = await world.store.bake({ source });
      return (await world.store.containerImage(directory, who, { node: smallNode })).bundle;
    };
    const [bundle, { removed }] = await Promise.all([
      bake(),
      world.store.collectGarbage({ inUse: [], keepPerService: 0 }),
    ]);
    if (removed.some((image) => image.bundle === bundle)) collected++;
    assert.equal(await checkWhole(world.store), 2, `round ${rounds}`);
    assert.ok(existsSync(join(world.store.directory, bundle)));
  }
  assert.ok(
    collected > 0 && collected < rounds,
    `${collected} of ${rounds} rounds collected it before it was asked for again`,
  );
});
