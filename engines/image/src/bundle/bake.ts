import { createHash, randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { chmod, copyFile, mkdir, open, readdir, realpath, rename, rm, symlink } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { codeOf } from "@holdfast/kernel";
import { collectFiles, type SourceEntry } from "./collect-files.ts";

export interface BakeOptions {
  /** Directory with the program. */
  readonly source: string;
  /** Directory of images, such as `.holdfast/images`; made when missing. */
  readonly store: string;
  /** Names (at any depth) or relative paths to leave out, beside `.git`, `.holdfast` and `node_modules`. */
  readonly ignore?: readonly string[];
  /** Default 20 000. */
  readonly filesMax?: number;
  /** Default 512 MiB. */
  readonly bytesMax?: number;
}

export interface Image {
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
 * `node_modules` is a link to the source's own, or to its nearest ancestor's: dependencies are not copied, and their
 * content is not part of the digest.
 *
 * @throws PlatformError `IMAGE_SOURCE_MISSING`, `IMAGE_TOO_LARGE`, `IMAGE_LINK_OUTSIDE`.
 */
export async function bakeDirectory(options: BakeOptions): Promise<Image> {
  const { source, store, ignore = [], filesMax = filesMaxDefault, bytesMax = bytesMaxDefault } = options;
  const entries = await collectFiles(source, { ignore, filesMax, bytesMax });
  const modules = nearestModules(await realpath(source));
  await mkdir(store, { recursive: true });
  const root = await realpath(store);
  const temporary = join(root, `.new-${process.pid}-${randomBytes(4).toString("hex")}`);
  const known = join(root, await digestOf(entries, modules, (entry) => entry.from));
  if (existsSync(known)) return { digest: basename(known), directory: known, baked: false };
  try {
    await copyAll(entries, temporary);
    // Of the copy, not of the source: a file that changed meanwhile must not make image and digest disagree.
    const digest = await digestOf(entries, modules, (entry) => join(temporary, entry.path));
    const directory = join(root, digest);
    if (modules !== undefined) await symlink(modules, join(temporary, "node_modules"));
    return { digest, directory, baked: await publish(temporary, directory) };
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
}

/**
 * Removes images that are not in `keep` (digests), and what interrupted bakes left. Returns the removed digests.
 * The caller knows what runs: an image in use must be in `keep`.
 */
export async function collectGarbage(store: string, keep: ReadonlySet<string>): Promise<string[]> {
  const removed: string[] = [];
  for (const name of existsSync(store) ? await readdir(store) : []) {
    const image = /^[0-9a-f]{64}$/.test(name);
    if (image ? keep.has(name) : !isAbandoned(name)) continue;
    await rm(join(store, name), { recursive: true, force: true });
    if (image) removed.push(name);
  }
  return removed;
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
async function publish(temporary: string, directory: string): Promise<boolean> {
  try {
    await rename(temporary, directory);
    return true;
  } catch (error) {
    if (codeOf(error) === "ENOTEMPTY" || codeOf(error) === "EEXIST") return false;
    throw error;
  }
}

function nearestModules(source: string): string | undefined {
  for (let directory = source; ; directory = dirname(directory)) {
    const modules = join(directory, "node_modules");
    if (existsSync(modules)) return modules;
    if (dirname(directory) === directory) return undefined;
  }
}

/** A temporary directory whose baker is dead. */
function isAbandoned(name: string): boolean {
  const pid = /^\.new-(\d+)-/.exec(name)?.[1];
  if (pid === undefined) return false;
  try {
    process.kill(Number(pid), 0);
    return false;
  } catch (error) {
    return codeOf(error) === "ESRCH";
  }
}
