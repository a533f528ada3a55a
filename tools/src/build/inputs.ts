import { createHash } from "node:crypto";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";

/** Folders whose files end up in a bundle. Tests and documents do not. */
const sourceRoots = ["kernel", "wire", "runtime", "services", "engines", "holdfast", "console", "tools/src/build"];
const sourceFiles = ["package-lock.json", "tools/src/build.ts"];
/** The console is built apart: it takes seconds, and most changes are not to it. */
const consoleRoots = ["kernel", "wire", "console"];

const skipped: ReadonlySet<string> = new Set(["node_modules", "dist", "test", "docs", ".holdfast"]);

export interface InputFile {
  /** Path from the repository's root. */
  readonly path: string;
  readonly size: number;
  readonly mtimeMs: number;
}

/** All files a build of `which` reads, sorted by path. */
export function inputFiles(root: string, which: "all" | "console"): InputFile[] {
  const found: InputFile[] = [];
  for (const folder of which === "all" ? sourceRoots : consoleRoots) walk(root, folder, found);
  for (const file of sourceFiles) add(root, file, found);
  return found.sort((a, b) => (a.path < b.path ? -1 : 1));
}

function walk(root: string, folder: string, found: InputFile[]): void {
  let entries: ReturnType<typeof readEntries>;
  try {
    entries = readEntries(join(root, folder));
  } catch {
    return; // A room that is not there yet has nothing to add.
  }
  for (const entry of entries) {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory()) {
      if (!skipped.has(entry.name)) walk(root, path, found);
    } else if (/\.(ts|tsx|mts|js|mjs|cjs|json|css|html|svg|png|ico|txt)$/.test(entry.name)) {
      add(root, path, found);
    }
  }
}

function readEntries(path: string) {
  return readdirSync(path, { withFileTypes: true });
}

function add(root: string, path: string, found: InputFile[]): void {
  const stat = statSync(join(root, path), { throwIfNoEntry: false });
  if (stat?.isFile()) found.push({ path, size: stat.size, mtimeMs: stat.mtimeMs });
}

/** Changes whenever a file was touched. Cheap, and may change without need. */
export function stampOf(files: readonly InputFile[]): string {
  const hash = createHash("sha256");
  for (const file of files) hash.update(`${file.path}\0${file.size}\0${file.mtimeMs}\n`);
  return hash.digest("hex").slice(0, 16);
}

/** Changes exactly when content changed. */
export function contentHashOf(root: string, files: readonly InputFile[]): string {
  const hash = createHash("sha256").update(process.version);
  for (const file of files) {
    hash.update(`${file.path}\0`);
    try {
      hash.update(readFileSync(join(root, file.path)));
    } catch {
      hash.update("gone");
    }
  }
  return hash.digest("hex").slice(0, 16);
}
