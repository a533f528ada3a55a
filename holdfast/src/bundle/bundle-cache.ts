import { existsSync, readFileSync, renameSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** One bundled image and what it was made from. */
export interface CachedBundle {
  /** Everything but files that decides the outcome: directory, command, Node version. */
  readonly key: string;
  /** Path → `size:mtimeMs` of all files it was made from. */
  readonly stamps: Readonly<Record<string, string>>;
  readonly image: string;
  readonly run: string;
}

/** Remembers, beside the images, which files a bundle was made from, so that an unchanged service is not bundled again. */
export class BundleCache {
  readonly #file: string;
  readonly #entries: Record<string, CachedBundle>;

  constructor(store: string) {
    this.#file = join(store, "bundles.json");
    this.#entries = readEntries(this.#file);
  }

  /** The bundle of `service`, when `key` is the same, no file of it changed and its image is still there. */
  get(service: string, key: string, assets: readonly string[]): CachedBundle | undefined {
    const entry = this.#entries[service];
    if (entry === undefined || entry.key !== key || !existsSync(entry.image)) return undefined;
    if (assets.some((path) => !(path in entry.stamps))) return undefined;
    const same = Object.entries(entry.stamps).every(([path, stamp]) => stampOf(path) === stamp);
    return same ? entry : undefined;
  }

  set(service: string, entry: Omit<CachedBundle, "stamps">, files: readonly string[]): void {
    const stamps = Object.fromEntries(files.map((path) => [path, stampOf(path)]));
    this.#entries[service] = { ...entry, stamps };
  }

  save(): void {
    const draft = `${this.#file}.${process.pid}`;
    writeFileSync(draft, JSON.stringify(this.#entries));
    renameSync(draft, this.#file);
  }
}

function stampOf(path: string): string {
  const stat = statSync(path, { throwIfNoEntry: false });
  return stat === undefined ? "gone" : `${stat.size}:${stat.mtimeMs}`;
}

function readEntries(file: string): Record<string, CachedBundle> {
  try {
    return JSON.parse(readFileSync(file, "utf8"));
  } catch {
    return {}; // Missing or damaged: everything is made again.
  }
}
