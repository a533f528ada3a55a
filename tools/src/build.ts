/**
 * Bundles the product into `holdfast/dist/<hash of all inputs>/` and the console beside it. Unchanged input builds
 * nothing. `node tools/src/build.ts` runs before `npm start` and `npm test`; the command line calls
 * {@link ensureBuilt} when it runs from the repository.
 */
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { join, resolve } from "node:path";
import { addConsole } from "./build/build-console.ts";
import { buildEntries } from "./build/entries.ts";
import { contentHashOf, inputFiles, stampOf } from "./build/inputs.ts";

/** `holdfast/dist/current.json`: which build is the newest, and the stamp of the files it was made from. */
interface Current {
  readonly hash: string;
  readonly stamp: string;
}

/** Builds kept besides the newest, so that a stack still running from one can restart its servers. */
const olderKept = 2;

/**
 * Gives the directory of an up-to-date build, building when a source file has changed.
 *
 * @param say gets progress lines; nothing when nothing is to be done.
 * @throws when an entry that exists does not bundle.
 */
export async function ensureBuilt(root: string, say: (line: string) => void): Promise<string> {
  const dist = join(root, "holdfast/dist");
  const files = inputFiles(root, "all");
  const stamp = stampOf(files);
  const current = readCurrent(dist);
  if (current?.stamp === stamp && existsSync(join(dist, current.hash))) return join(dist, current.hash);
  const hash = contentHashOf(root, files);
  const out = join(dist, hash);
  if (!existsSync(out)) await build(root, dist, out, say);
  // The whole file appears at once: another command may be reading it.
  const draft = join(dist, `.current-${process.pid}.json`);
  writeFileSync(draft, JSON.stringify({ hash, stamp } satisfies Current));
  renameSync(draft, join(dist, "current.json"));
  removeOlder(dist, hash);
  return out;
}

async function build(root: string, dist: string, out: string, say: (line: string) => void): Promise<void> {
  const from = performance.now();
  mkdirSync(dist, { recursive: true });
  const scratch = mkdtempSync(join(dist, ".build-"));
  try {
    const present = buildEntries.filter((entry) => existsSync(join(root, entry.source)));
    for (const entry of buildEntries)
      if (!present.includes(entry)) say(`  ${entry.name}: not there yet (${entry.source})`);
    say(`building ${present.length} programs and the console`);
    const { bundleEntry } = await import("./build/bundle-entry.ts");
    const programs = Promise.all(present.map((entry) => bundleEntry(root, entry, scratch)));
    const [consoleDone] = await Promise.all([addConsole(root, dist, scratch), programs]);
    const manifest = JSON.parse(readFileSync(join(root, "holdfast/package.json"), "utf8"));
    writeFileSync(
      join(scratch, "manifest.json"),
      JSON.stringify({ version: manifest.version, programs: present.map((entry) => entry.name) }),
    );
    // Marks the folder as ES modules wherever it is copied to.
    writeFileSync(join(scratch, "package.json"), '{"type":"module"}\n');
    if (!existsSync(out)) renameSync(scratch, out);
    say(`built in ${((performance.now() - from) / 1000).toFixed(1)} s (console ${consoleDone})`);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

function readCurrent(dist: string): Current | undefined {
  try {
    return JSON.parse(readFileSync(join(dist, "current.json"), "utf8"));
  } catch {
    return undefined;
  }
}

function removeOlder(dist: string, newest: string): void {
  const builds: { path: string; mtimeMs: number }[] = [];
  for (const name of readdirSync(dist)) {
    const path = join(dist, name);
    const stat = statSync(path, { throwIfNoEntry: false });
    if (stat === undefined) continue;
    if (/^[0-9a-f]{16}$/.test(name) && name !== newest) builds.push({ path, mtimeMs: stat.mtimeMs });
    // A build that was killed leaves its scratch folder; one that still runs is younger than this.
    const isScratch = /^\.(build|console|current)-/.test(name);
    if (isScratch && Date.now() - stat.mtimeMs > 600_000) rmSync(path, { recursive: true, force: true });
  }
  builds.sort((a, b) => b.mtimeMs - a.mtimeMs);
  for (const old of builds.slice(olderKept)) rmSync(old.path, { recursive: true, force: true });
}

if (import.meta.main) {
  const root = resolve(import.meta.dirname, "../..");
  try {
    await ensureBuilt(root, (line) => console.log(line));
  } catch (error) {
    console.error(`✖ ${error instanceof Error ? error.message : String(error)}`);
    process.exitCode = 1;
  }
}
