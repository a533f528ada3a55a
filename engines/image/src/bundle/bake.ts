import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { chmod, copyFile, mkdir, open, readlink, realpath, rename, rm, symlink, utimes } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { type Clock, codeOf } from "@holdfast/kernel";
import { draftName } from "../store/abandoned.ts";
import { needRoom, onDisk } from "../store/disk.ts";
import { StoreLock } from "../store/store-lock.ts";
import { collectFiles, type SourceEntry } from "./collect-files.ts";

export interface BakeOptions {
  /** Directory with the program. */
  readonly source: string;
  /** Directory of images, such as `.holdfast/images`; made when missing. */
  readonly store: string;
  /** `link` (default): `node_modules` in the image leads to the source's. `none`: the program is one file and needs none. */
  readonly modules?: "link" | "none";
  /** Names (at any depth) or relative paths to leave out, beside `.git`, `.holdfast` and `node_modules`. */
  readonly ignore?: readonly string[];
  /** Default 20 000. */
  readonly filesMax?: number;
  /** Default 512 MiB. */
  readonly bytesMax?: number;
}

/** What the process engine runs: a read-only directory. */
export interface Bundle {
  /** SHA-256 over the sorted paths, modes and contents, and over where `node_modules` points, in hex. */
  readonly digest: string;
  /** Absolute: `<store>/<digest>`. */
  readonly directory: string;
  /** False when the same image was there already. */
  readonly baked: boolean;
}

const filesMaxDefault = 20_000;
const bytesMaxDefault = 512 * 2 ** 20;
const chunkBytes = 256 * 1024;

/**
 * Copies a directory into the store under the digest of its content, read-only. The same content gives the same image,
 * which is then reused. An image appears whole or not at all.
 *
 * `node_modules` is a link to the source's own, or to its nearest ancestor's: dependencies are not copied, and where they
 * are, not their content, is part of the digest.
 *
 * @throws PlatformError `IMAGE_SOURCE_MISSING`, `IMAGE_TOO_LARGE`, `IMAGE_LINK_OUTSIDE`, `DISK_FULL`.
 */
export async function bakeDirectory(
  options: BakeOptions,
  clock: Clock,
  lock: StoreLock = new StoreLock(options.store),
): Promise<Bundle> {
  const {
    source,
    store,
    modules: wanted = "link",
    ignore = [],
    filesMax = filesMaxDefault,
    bytesMax = bytesMaxDefault,
  } = options;
  const entries = await collectFiles(source, { ignore, filesMax, bytesMax });
  const modules = wanted === "none" ? undefined : nearestModules(await realpath(source));
  await mkdir(store, { recursive: true });
  const root = await realpath(store);
  const temporary = join(root, draftName());
  const known = join(root, await digestOf(entries, modules, (entry) => entry.from));
  if (await lock.run(() => isThere(known, clock))) return { digest: basename(known), directory: known, baked: false };
  return onDisk(root, async () => {
    try {
      await needRoom(root, bytesIn(entries));
      await copyAll(entries, temporary);
      // Of the copy, not of the source: a file that changed meanwhile must not make image and digest disagree.
      const digest = await digestOf(entries, modules, (entry) => join(temporary, entry.path));
      const directory = join(root, digest);
      if (modules !== undefined) await symlink(modules, join(temporary, "node_modules"));
      await touch(temporary, clock);
      return { digest, directory, baked: await lock.run(() => publish(temporary, directory, clock)) };
    } finally {
      await rm(temporary, { recursive: true, force: true });
    }
  });
}

const noLimit = { ignore: [], filesMax: Number.MAX_SAFE_INTEGER, bytesMax: Number.MAX_SAFE_INTEGER } as const;

/** Bytes of the files of a bundle's directory. */
export async function bytesOfBundle(directory: string): Promise<number> {
  return bytesIn(await collectFiles(directory, noLimit));
}

/** Digest of a bundle's files alone: the same wherever it was baked, whatever `node_modules` leads to. */
export async function digestOfContent(directory: string): Promise<string> {
  return digestOf(await collectFiles(directory, noLimit), undefined, (entry) => entry.from);
}

/** Digest of what a bundle's directory holds now: another one than its name when somebody changed it. */
export async function digestOfBundle(directory: string): Promise<string> {
  const entries = await collectFiles(directory, noLimit);
  const modules = await readlink(join(directory, "node_modules")).catch(() => undefined);
  return digestOf(entries, modules, (entry) => entry.from);
}

function bytesIn(entries: readonly SourceEntry[]): number {
  return entries.reduce((sum, entry) => sum + (entry.kind === "file" ? entry.bytes : 0), 0);
}

/** True for a bundle that is there; it is then as young as a new one, so that no garbage collection takes it meanwhile. */
async function isThere(directory: string, clock: Clock): Promise<boolean> {
  return touch(directory, clock).then(
    () => true,
    (error: unknown) => {
      if (codeOf(error) === "ENOENT") return false;
      throw error;
    },
  );
}

function touch(directory: string, clock: Clock): Promise<void> {
  return utimes(directory, clock.wallMs() / 1_000, clock.wallMs() / 1_000);
}

async function copyAll(entries: readonly SourceEntry[], target: string): Promise<void> {
  await mkdir(target, { recursive: true });
  const made = new Set<string>();
  for (const entry of entries) {
    const to = join(target, entry.path);
    const parent = dirname(to);
    if (!made.has(parent)) await mkdir(parent, { recursive: true });
    made.add(parent);
    if (entry.kind === "link") await symlink(entry.target, to);
    else {
      await copyFile(entry.from, to);
      await chmod(to, entry.executable ? 0o555 : 0o444);
    }
  }
}

async function digestOf(
  entries: readonly SourceEntry[],
  modules: string | undefined,
  locate: (entry: Extract<SourceEntry, { kind: "file" }>) => string,
): Promise<string> {
  const hash = createHash("sha256");
  const buffer = Buffer.alloc(chunkBytes);
  for (const entry of entries) {
    if (entry.kind === "link") {
      hash.update(`l\0${entry.path}\0${entry.target}\0`);
      continue;
    }
    const file = await open(locate(entry), "r");
    try {
      // The length goes before the bytes, so that no two different lists of files give the same stream.
      const { size } = await file.stat();
      hash.update(`f\0${entry.path}\0${entry.executable ? "x" : "-"}\0${size}\0`);
      for (;;) {
        const { bytesRead } = await file.read(buffer, 0, chunkBytes);
        if (bytesRead === 0) break;
        hash.update(buffer.subarray(0, bytesRead));
      }
    } finally {
      await file.close();
    }
  }
  // Two copies of one program with different dependencies are two images.
  return hash.update(`m\0${modules ?? ""}`).digest("hex");
}

/** False when another bake of the same content was faster; its image is the same. */
async function publish(temporary: string, directory: string, clock: Clock): Promise<boolean> {
  try {
    await rename(temporary, directory);
    return true;
  } catch (error) {
    if (codeOf(error) !== "ENOTEMPTY" && codeOf(error) !== "EEXIST") throw error;
    await touch(directory, clock);
    return false;
  }
}

function nearestModules(source: string): string | undefined {
  for (let directory = source; ; directory = dirname(directory)) {
    const modules = join(directory, "node_modules");
    if (existsSync(modules)) return modules;
    if (dirname(directory) === directory) return undefined;
  }
}
