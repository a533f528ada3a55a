import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { Layers } from "../src/oci/layer.ts";
import { LayoutIndex } from "../src/oci/layout.ts";
import { BlobStore } from "../src/store/blob-store.ts";
import { collectGarbage, type GarbageStore } from "../src/store/collect-garbage.ts";
import { planGarbage, type StoredImage } from "../src/store/garbage-plan.ts";
import { type ImageRecord, Records } from "../src/store/records.ts";
import { StoreLock } from "../src/store/store-lock.ts";
import { type Files, World } from "./fixture.ts";

/** The parts of a world's store, and something that happens after a collection has looked and before it acts. */
function partsOf(world: World, meanwhile: () => Promise<unknown>): GarbageStore {
  const { directory, layout } = world.store;
  const lock = new StoreLock(directory);
  const records = new Records(directory, lock);
  const list = async (): Promise<readonly StoredImage[]> => {
    const images = await world.store.list();
    await meanwhile();
    return images;
  };
  const blobs = new BlobStore(layout, world.clock, lock);
  const index = new LayoutIndex(layout, records);
  return { directory, oci: layout, clock: world.clock, lock, records, index, blobs, list };
}

const program: Files = { "server.mjs": "serve();" };
const everything = { inUse: [], keepPerService: 0 };

test("an image that is asked for between the look and the deed stays, with its names, layers and place in the index", async () => {
  using world = new World();
  const image = await world.container(program);
  world.clock.jumpWall(3_600_000);
  const store = partsOf(world, () => world.container(program));
  assert.deepEqual((await collectGarbage(store, everything)).removed, []);
  assert.equal((await world.store.find(image.oci.reference)).bundle, image.bundle);
  assert.match(readFileSync(join(world.store.layout, "index.json"), "utf8"), new RegExp(image.oci.digest));
  for (const digest of [image.oci.digest, ...image.oci.blobs]) assert.ok(existsSync(store.blobs.pathOf(digest)));
});

test("the same collection without anybody asking takes all of it", async () => {
  using world = new World();
  const image = await world.container(program);
  world.clock.jumpWall(3_600_000);
  const store = partsOf(world, () => Promise.resolve());
  assert.equal((await collectGarbage(store, everything)).removed.length, 1);
  assert.deepEqual(await world.store.list(), []);
  assert.deepEqual(readdirSync(store.blobs.directory), []);
  assert.deepEqual(readdirSync(join(world.store.directory, "records")), []);
  assert.doesNotMatch(readFileSync(join(world.store.layout, "index.json"), "utf8"), new RegExp(image.oci.digest));
});

test("names whose bundle an interrupted collection took go with the next one", async () => {
  using world = new World();
  const image = await world.container(program);
  world.clock.jumpWall(3_600_000);
  rmSync(join(world.store.directory, image.bundle), { recursive: true });
  await world.store.collectGarbage({ inUse: [] });
  assert.deepEqual(readdirSync(join(world.store.directory, "records")), []);
  assert.doesNotMatch(readFileSync(join(world.store.layout, "index.json"), "utf8"), new RegExp(image.oci.digest));
});

test("an index that was written while another image was named is written again", async () => {
  using world = new World();
  const [one, two] = [await world.container(program), await world.container({ "b.mjs": "" })];
  let looks = 0;
  // What another bake's record does to the directory between the first look and the writing.
  const records: Pick<Records, "list"> = { list: () => Promise.resolve(looks++ === 0 ? [one] : [one, two]) };
  await new LayoutIndex(world.store.layout, records as Records).refresh();
  const text = readFileSync(join(world.store.layout, "index.json"), "utf8");
  assert.match(text, new RegExp(two.oci.digest));
  assert.match(text, new RegExp(one.oci.digest));
});

test("a layer that is known by its key is not read again; one whose blob is gone is made anew", async () => {
  using world = new World();
  const blobs = new BlobStore(world.store.layout, world.clock, new StoreLock(world.store.directory));
  const layers = new Layers(world.store.layout, blobs);
  const order = { title: "a layer", key: "k", onBytes: () => {} };
  const content = Buffer.from("x");
  const entries = [{ kind: "file", path: "a", mode: 0o444, content } as const];
  await world.container(program);
  const first = await layers.make({ ...order, entries });
  assert.equal(first.made, true);
  const unreadable = [{ kind: "file", path: "a", mode: 0o444, from: "/nowhere", bytes: 1 } as const];
  assert.deepEqual(await layers.make({ ...order, entries: unreadable }), { ...first, made: false });
  rmSync(blobs.pathOf(first.digest));
  assert.deepEqual(await layers.make({ ...order, entries }), first);
});

function image(bundle: string, bakedAtMs: number, ...packages: readonly string[]): StoredImage {
  const records = packages.map((name) => ({ package: name, oci: null, bundle, bakedAtMs }) as unknown as ImageRecord);
  return { bundle, directory: `/images/${bundle}`, bundleBytes: 1, bakedAtMs, records };
}

test("what stays, and why: use before age before rank; at ten minutes to the millisecond an image is no longer young", () => {
  const images = [
    image("a", 1_000, "web"),
    image("b", 900, "web", "api"),
    image("c", 800, "web"),
    image("d", 700, "api"),
    image("e", 600),
    image("f", 500),
  ];
  const why = (policy: { inUse?: string[]; keepPerService: number; oldestMs: number }): Record<string, string> => {
    const plan = planGarbage(images, { ...policy, inUse: new Set(policy.inUse) });
    assert.equal(plan.kept.length + plan.removed.length, images.length);
    return Object.fromEntries(plan.kept.map(({ bundle, why: reason }) => [bundle, reason]));
  };
  assert.deepEqual(why({ keepPerService: 1, oldestMs: 5_000 }), {
    a: "one of the newest 1 of web",
    b: "one of the newest 1 of api",
  });
  assert.deepEqual(why({ keepPerService: 0, oldestMs: 799 }), { a: "young", b: "young", c: "young" });
  assert.deepEqual(why({ keepPerService: 0, oldestMs: 800 }), { a: "young", b: "young" });
  assert.deepEqual(why({ keepPerService: 0, oldestMs: 5_000, inUse: ["e", "nobody"] }), { e: "in use" });
  assert.deepEqual(Object.keys(why({ keepPerService: 2, oldestMs: 5_000 })), ["a", "b", "d"]);
});

test("names that were written anew since they were read are not forgotten", async () => {
  using world = new World();
  const old = await world.container(program);
  world.clock.jumpWall(1_000);
  await world.container(program);
  const records = new Records(world.store.directory, new StoreLock(world.store.directory));
  await records.remove(old);
  const [now] = await records.list();
  assert.equal(now?.bakedAtMs, old.bakedAtMs + 1_000);
  await records.remove(now);
  assert.deepEqual(await records.list(), []);
});
