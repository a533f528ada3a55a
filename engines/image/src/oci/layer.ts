import { createHash } from "node:crypto";
import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { PlatformError } from "@holdfast/kernel";
import { draftName } from "../store/abandoned.ts";
import type { Blob, BlobStore } from "../store/blob-store.ts";
import { needRoom } from "../store/disk.ts";
import { type TarEntry, tar } from "./tar.ts";

export interface Layer extends Blob {
  /** What it holds, for people: `Node 24.21.0 and its libraries`. */
  readonly title: string;
  /** False when it was there already. */
  readonly made: boolean;
}

export interface LayerOrder {
  readonly title: string;
  /** Everything that decides the content. The same key is not read, packed and hashed again. */
  readonly key: string;
  readonly entries: readonly TarEntry[];
  readonly onBytes: (bytes: number) => void;
}

/** Names with this beginning delete a file of a lower layer (OCI image specification, "Whiteouts"). */
const whiteout = ".wh.";

/** Packs layers, and remembers by key which are there. */
export class Layers {
  readonly #blobs: BlobStore;
  readonly #cache: string;
  readonly #root: string;

  /** @param root the directory of the image layout. */
  constructor(root: string, blobs: BlobStore) {
    this.#root = root;
    this.#blobs = blobs;
    this.#cache = join(root, ".layers");
  }

  /** @throws PlatformError `IMAGE_NAME_RESERVED`, `DISK_FULL`. */
  async make({ title, key, entries, onBytes }: LayerOrder): Promise<Layer> {
    const file = join(this.#cache, createHash("sha256").update(key).digest("hex"));
    const digest = await readFile(file, "utf8").catch(() => undefined);
    const known = digest === undefined ? undefined : await this.#blobs.reuse(digest);
    if (known !== undefined) return { ...known, title, made: false };
    for (const entry of entries) refuseWhiteout(entry);
    await mkdir(this.#cache, { recursive: true });
    await needRoom(this.#root, bytesOf(entries));
    const blob = await this.#blobs.put(tar(entries), onBytes);
    const draft = join(this.#cache, draftName());
    await writeFile(draft, blob.digest);
    await rename(draft, file);
    return { ...blob, title, made: true };
  }
}

/** Every directory that `entries` need, before what it holds; all entries sorted by path. */
export function withDirectories(entries: readonly TarEntry[]): TarEntry[] {
  const all = new Map(entries.map((entry) => [entry.path, entry]));
  for (const entry of entries) {
    for (let path = dirname(entry.path); path !== "." && !all.has(path); path = dirname(path)) {
      all.set(path, { kind: "directory", path, mode: 0o755 });
    }
  }
  return [...all.values()].sort((a, b) => (a.path < b.path ? -1 : 1));
}

export function bytesOf(entries: readonly TarEntry[]): number {
  let bytes = 0;
  for (const entry of entries) {
    if (entry.kind === "file") bytes += "content" in entry ? entry.content.byteLength : entry.bytes;
  }
  return bytes;
}

function refuseWhiteout({ path }: TarEntry): void {
  const name = path.slice(path.lastIndexOf("/") + 1);
  if (!name.startsWith(whiteout)) return;
  throw new PlatformError("IMAGE_NAME_RESERVED", `${path}: in a container image this name deletes another file`, {
    next: `call it something that does not begin with ${whiteout}, or leave it out with ignore`,
    details: { path },
    status: 400,
  });
}
