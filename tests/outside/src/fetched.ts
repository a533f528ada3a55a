import { createHash } from "node:crypto";
import { globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** What `npm run outside:fetch` can bring, in its order. */
export const partNames = ["python", "otel", "go", "java", "spring-client", "spring-server"] as const;
export type PartName = (typeof partNames)[number];

/** Of which folder of ours a part is built; what is interpreted is not. */
const sources: Readonly<Record<PartName, string | undefined>> = {
  python: undefined,
  otel: undefined,
  go: "go",
  java: "java/client",
  "spring-client": "java/spring-client",
  "spring-server": "java/spring-server",
};

const room = join(import.meta.dirname, "..");
const store = join(room, ".fetched");

export interface FetchedPart {
  readonly folder: string;
  /** As the package manager told them: `{"fargo": "v1.4.0"}`. */
  readonly versions: Readonly<Record<string, string>>;
}

/** Our file or folder in this package. */
export function ownPath(...parts: readonly string[]): string {
  return join(room, ...parts);
}

/** An empty folder for `part`; what was there before is no longer there. */
export function emptyFolder(part: PartName): string {
  const folder = join(store, part);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  return folder;
}

/** Says that `part` is complete. Written last, so that half a part is none. */
export function markFetched(part: PartName, versions: Readonly<Record<string, string>>): void {
  rmSync(reasonFile(part), { force: true });
  writeFileSync(join(store, part, "ready.json"), JSON.stringify({ versions, builtFrom: hashOf(part) }));
}

/** Keeps why `part` could not be had, for the tests that then have to skip. */
export function markAbsent(part: PartName, reason: string): void {
  rmSync(join(store, part), { recursive: true, force: true });
  writeFileSync(reasonFile(part), reason);
}

/** `part`, or in words why its tests cannot run. */
export function fetched(part: PartName): FetchedPart | string {
  const needs = `needs ${part} (npm run outside:fetch)`;
  const folder = join(store, part);
  const text = read(join(folder, "ready.json"));
  if (text === undefined) {
    const reason = read(reasonFile(part));
    return reason === undefined ? needs : `${needs}; the last time: ${reason}`;
  }
  const ready = JSON.parse(text) as { versions: Record<string, string>; builtFrom: string };
  if (ready.builtFrom !== hashOf(part)) return `${needs}; what is there was built from other sources`;
  return { folder, versions: ready.versions };
}

function reasonFile(part: PartName): string {
  return join(store, `${part}.absent.txt`);
}

function read(file: string): string | undefined {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return undefined;
  }
}

function hashOf(part: PartName): string {
  const folder = sources[part];
  if (folder === undefined) return "";
  const hash = createHash("sha256");
  const files = globSync("**/*.{java,go,mod,sum,xml,properties}", { cwd: ownPath(folder) }).sort();
  for (const file of files) hash.update(`${file}\n`).update(readFileSync(ownPath(folder, file)));
  return hash.digest("hex").slice(0, 16);
}
