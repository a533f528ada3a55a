import { type Dirent } from "node:fs";
import { readdir, readlink, realpath, stat } from "node:fs/promises";
import { join, relative, sep } from "node:path";
import { codeOf, PlatformError } from "@holdfast/kernel";

/** One entry of an image, by its path with `/` relative to the image. */
export type SourceEntry =
  | {
      readonly kind: "file";
      readonly path: string;
      readonly from: string;
      readonly bytes: number;
      readonly executable: boolean;
    }
  | { readonly kind: "link"; readonly path: string; readonly target: string };

export interface CollectOptions {
  /** Names (at any depth) or relative paths that do not belong to the image. */
  readonly ignore: readonly string[];
  readonly filesMax: number;
  readonly bytesMax: number;
  /** True for a directory of dependencies: what is never part of a program is part of it. */
  readonly everything?: boolean;
}

/** Never part of an image: history, our own state, and dependencies (which are linked, not copied). */
const alwaysIgnored: readonly string[] = [".git", ".holdfast", "node_modules"];

/**
 * Lists a directory's files and links, sorted by path. Links within the directory stay links; a link to a file outside
 * becomes that file.
 *
 * @throws PlatformError `IMAGE_SOURCE_MISSING`, `IMAGE_TOO_LARGE`, `IMAGE_LINK_OUTSIDE` (a link to a directory outside).
 */
export async function collectFiles(source: string, options: CollectOptions): Promise<SourceEntry[]> {
  const walk = new Walk(await realSource(source), options);
  await walk.directory("");
  return walk.entries.sort((a, b) => (a.path < b.path ? -1 : 1));
}

class Walk {
  readonly entries: SourceEntry[] = [];
  readonly #source: string;
  readonly #options: CollectOptions;
  readonly #ignored: ReadonlySet<string>;
  readonly #bytesOf = new Map<string, number>();
  #bytes = 0;

  constructor(source: string, options: CollectOptions) {
    this.#source = source;
    this.#options = options;
    this.#ignored = new Set([...(options.everything === true ? [] : alwaysIgnored), ...options.ignore]);
  }

  async directory(path: string): Promise<void> {
    for (const child of await readdir(join(this.#source, path), { withFileTypes: true })) {
      const childPath = path === "" ? child.name : `${path}/${child.name}`;
      if (!this.#ignored.has(child.name) && !this.#ignored.has(childPath)) await this.#entry(childPath, child);
    }
  }

  async #entry(path: string, child: Dirent): Promise<void> {
    const from = join(this.#source, path);
    if (child.isDirectory()) return this.directory(path);
    if (child.isFile()) return this.#file(path, from);
    // Sockets, pipes and devices are not part of a program.
    if (child.isSymbolicLink()) await this.#link(path, from);
  }

  async #file(path: string, from: string): Promise<void> {
    const { size, mode } = await stat(from);
    this.entries.push({ kind: "file", path, from, bytes: size, executable: (mode & 0o111) !== 0 });
    this.#bytes += size;
    const top = path.split("/")[0] ?? path;
    this.#bytesOf.set(top, (this.#bytesOf.get(top) ?? 0) + size);
    if (this.entries.length > this.#options.filesMax || this.#bytes > this.#options.bytesMax) throw this.#tooLarge();
  }

  async #link(path: string, from: string): Promise<void> {
    const real = await realpath(from).catch(() => undefined);
    // A dangling link is nothing a program can read; editors leave such ones as locks.
    if (real === undefined) return;
    if (!relative(this.#source, real).startsWith("..")) {
      const target = await readlink(from);
      if (!target.startsWith(sep)) return void this.entries.push({ kind: "link", path, target });
    }
    if ((await stat(real)).isFile()) return this.#file(path, real);
    throw new PlatformError("IMAGE_LINK_OUTSIDE", `${from}: links to the directory ${real}, outside the image`, {
      next: "copy what is needed into the service's directory, or make it a package",
      status: 400,
    });
  }

  #tooLarge(): PlatformError {
    const { filesMax, bytesMax } = this.#options;
    const largest = [...this.#bytesOf].sort((a, b) => b[1] - a[1]).slice(0, 3);
    const names = largest.map(([name, bytes]) => `${name} ${(bytes / 2 ** 20).toFixed(1)} MiB`).join(", ");
    const limit = `${filesMax} files or ${Math.round(bytesMax / 2 ** 20)} MiB`;
    return new PlatformError("IMAGE_TOO_LARGE", `${this.#source}: is more than ${limit}; largest so far: ${names}`, {
      next: "point the service at a smaller directory, or bundle it",
      details: { filesMax, bytesMax, largest },
      status: 400,
    });
  }
}

async function realSource(source: string): Promise<string> {
  try {
    const real = await realpath(source);
    if ((await stat(real)).isDirectory()) return real;
  } catch (error) {
    if (codeOf(error) !== "ENOENT") throw error;
  }
  throw new PlatformError("IMAGE_SOURCE_MISSING", `${source}: is not a directory`, { status: 400 });
}
