import { existsSync } from "node:fs";
import { readdir, readFile, rename, rm, stat } from "node:fs/promises";
import { basename, join } from "node:path";
import { type Clock, codeOf } from "@holdfast/kernel";
import type { Manifest } from "../oci/documents.ts";
import type { LayoutIndex } from "../oci/layout.ts";
import { goneName, isAbandoned } from "./abandoned.ts";
import type { BlobStore } from "./blob-store.ts";
import { planGarbage, type StoredImage } from "./garbage-plan.ts";
import type { Records } from "./records.ts";
import type { StoreLock } from "./store-lock.ts";

export interface GarbageOptions {
  /** What server groups refer to: directories of bundles, their digests, digests of manifests, or references. */
  readonly inUse: Iterable<string>;
  /** The newest of each service, kept for a way back. Default 3, as many server groups as Asgard let a cluster have. */
  readonly keepPerService?: number | undefined;
  /** Nothing younger goes, in ms: it may be about to be used. Default 10 minutes. */
  readonly minAgeMs?: number | undefined;
  /** Default false: true says what would go. */
  readonly dryRun?: boolean | undefined;
}

export interface GarbageResult {
  readonly removed: readonly StoredImage[];
  readonly kept: readonly (StoredImage & { readonly why: string })[];
  /** Blobs that no image refers to any more. */
  readonly blobs: number;
  /** What interrupted bakes and collections left. */
  readonly remains: number;
  readonly freedBytes: number;
  readonly dryRun: boolean;
}

export interface GarbageStore {
  readonly directory: string;
  readonly oci: string;
  readonly clock: Clock;
  readonly lock: StoreLock;
  readonly records: Records;
  readonly index: LayoutIndex;
  readonly blobs: BlobStore;
  /** All images with their sizes. */
  readonly list: () => Promise<readonly StoredImage[]>;
}

const keepPerServiceDefault = 3;
const minAgeMsDefault = 10 * 60_000;

/**
 * Removes what nobody needs. Interrupted at any instruction, it leaves every image that is in the list whole: a bundle
 * is renamed before it is emptied, and layers go after the index that refers to them. A bake that wants something again
 * meanwhile either finds it, and it stays, or makes it anew.
 */
export async function collectGarbage(store: GarbageStore, options: GarbageOptions): Promise<GarbageResult> {
  const { minAgeMs = minAgeMsDefault, keepPerService = keepPerServiceDefault, dryRun = false } = options;
  const inUse = new Set([...options.inUse].map((one) => (one.startsWith("/") ? basename(one) : one)));
  const oldestMs = store.clock.wallMs() - minAgeMs;
  const plan = planGarbage(await store.list(), { inUse, keepPerService, oldestMs });
  let freedBytes = plan.removed.reduce((sum, image) => sum + image.bundleBytes, 0);
  const removed: StoredImage[] = [];
  if (dryRun) removed.push(...plan.removed);
  else {
    for (const image of plan.removed) {
      if (await putAway(store, image, oldestMs)) removed.push(image);
      else freedBytes -= image.bundleBytes;
    }
    await removeOrphans(store, oldestMs);
    if (existsSync(store.oci)) await store.index.refresh();
  }
  const going = new Set(plan.removed.map((image) => image.bundle));
  const blobs = await removeBlobs(store, { inUse, going, oldestMs, dryRun });
  const remains = dryRun ? 0 : await removeRemains(store, oldestMs);
  return { removed, kept: plan.kept, blobs: blobs.count, remains, freedBytes: freedBytes + blobs.bytes, dryRun };
}

/** Takes a bundle out of the store, then its names. False when a bake wanted it again meanwhile. */
async function putAway(store: GarbageStore, image: StoredImage, oldestMs: number): Promise<boolean> {
  const gone = join(store.directory, goneName());
  const claimed = await store.lock.run(async () => {
    const found = await stat(image.directory).catch(() => undefined);
    if (found === undefined || found.mtimeMs > oldestMs) return false;
    await rename(image.directory, gone);
    return true;
  });
  if (!claimed) return false;
  for (const record of image.records) await store.records.remove(record);
  await rm(gone, { recursive: true, force: true });
  return true;
}

interface BlobOrder {
  readonly inUse: ReadonlySet<string>;
  /** Bundles that this collection removes. */
  readonly going: ReadonlySet<string>;
  readonly oldestMs: number;
  readonly dryRun: boolean;
}

async function removeBlobs(store: GarbageStore, order: BlobOrder): Promise<{ count: number; bytes: number }> {
  const { blobs } = store;
  const needed = await neededBlobs(store, order);
  let [count, bytes] = [0, 0];
  for (const name of await namesIn(blobs.directory)) {
    if (needed.has(`sha256:${name}`)) continue;
    const path = join(blobs.directory, name);
    const size = await store.lock.run(async () => {
      const found = await stat(path).catch(() => undefined);
      if (found === undefined || found.mtimeMs > order.oldestMs) return undefined;
      if (!order.dryRun) await rm(path, { force: true });
      return found.size;
    });
    if (size === undefined) continue;
    count++;
    bytes += size;
  }
  return { count, bytes };
}

async function neededBlobs({ records, blobs }: GarbageStore, order: BlobOrder): Promise<ReadonlySet<string>> {
  const needed = new Set<string>();
  for (const { oci, bundle } of await records.list()) {
    if (oci === null || order.going.has(bundle)) continue;
    needed.add(oci.digest);
    for (const digest of oci.blobs) needed.add(digest);
  }
  // An image in use whose record is lost keeps its blobs by its own manifest.
  for (const digest of [...order.inUse].filter((one) => one.startsWith("sha256:"))) {
    const manifest = await readManifest(blobs.pathOf(digest));
    needed.add(digest);
    for (const blob of manifest === undefined ? [] : [manifest.config, ...manifest.layers]) needed.add(blob.digest);
  }
  return needed;
}

async function readManifest(path: string): Promise<Manifest | undefined> {
  try {
    return JSON.parse(await readFile(path, "utf8"));
  } catch {
    return undefined; // Not here, or not a manifest: it refers to nothing.
  }
}

/** Names whose bundle is gone: a collection was interrupted between the two. */
async function removeOrphans({ directory, records }: GarbageStore, oldestMs: number): Promise<void> {
  for (const record of await records.list()) {
    if (record.bakedAtMs <= oldestMs && !existsSync(join(directory, record.bundle))) await records.remove(record);
  }
}

/** What dead makers left, drafts of bundling that nobody finished, and notes on layers that are gone. */
async function removeRemains(store: GarbageStore, oldestMs: number): Promise<number> {
  let count = 0;
  for (const directory of [store.directory, store.oci, join(store.directory, "records"), join(store.oci, ".layers")]) {
    for (const name of await namesIn(directory)) {
      const path = join(directory, name);
      const old = async (): Promise<boolean> =>
        ((await stat(path).catch(() => undefined))?.mtimeMs ?? oldestMs) < oldestMs;
      if (!isAbandoned(name) && !(name.startsWith(".bundle-") && (await old()))) continue;
      await rm(path, { recursive: true, force: true });
      count++;
    }
  }
  for (const name of await namesIn(join(store.oci, ".layers"))) {
    const path = join(store.oci, ".layers", name);
    const digest = await readFile(path, "utf8").catch(() => undefined);
    if (digest !== undefined && !existsSync(store.blobs.pathOf(digest))) await rm(path, { force: true });
  }
  return count;
}

async function namesIn(directory: string): Promise<string[]> {
  return readdir(directory).catch((error: unknown) => {
    if (codeOf(error) === "ENOENT") return [];
    throw error;
  });
}
