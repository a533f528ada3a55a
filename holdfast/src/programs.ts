import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { PlatformError } from "@holdfast/kernel";

/** Bundled programs, by the names of `tools/src/build/entries.ts`. */
export type ProgramName = "agent" | "control" | "registry" | "gateway" | "balancer" | "sidecar" | "up" | "prepare";

const packageDirectory = findPackage(import.meta.dirname);

/** The directory of this build's bundles; `undefined` when nothing was built. */
export function programDirectory(): string | undefined {
  // Inside a bundle: the build is the folder with the manifest, here or one up (chunks).
  for (const candidate of [import.meta.dirname, join(import.meta.dirname, "..")]) {
    if (existsSync(join(candidate, "manifest.json"))) return candidate;
  }
  try {
    const current: { hash: string } = JSON.parse(readFileSync(join(packageDirectory, "dist/current.json"), "utf8"));
    return join(packageDirectory, "dist", current.hash);
  } catch {
    return undefined;
  }
}

/**
 * The file to run a program of ours from.
 *
 * @throws PlatformError `NOT_BUILT` when there is no build.
 */
export function programFile(name: ProgramName): string {
  const directory = programDirectory();
  const file = name === "prepare" ? "prepare/main.mjs" : `${name}.mjs`;
  // From source (tests), what is under test is the source.
  if (name === "prepare" && import.meta.url.endsWith(".ts")) return join(import.meta.dirname, "app-file/main.ts");
  if (directory !== undefined && existsSync(join(directory, file))) return join(directory, file);
  throw new PlatformError("NOT_BUILT", `${name}: this program is not built`, { next: "node tools/src/build.ts" });
}

/** The version of the installed package. */
export function packageVersion(): string {
  const manifest: { version: string } = JSON.parse(readFileSync(join(packageDirectory, "package.json"), "utf8"));
  return manifest.version;
}

function findPackage(from: string): string {
  for (let directory = from; ; directory = join(directory, "..")) {
    const manifest = join(directory, "package.json");
    if (existsSync(manifest) && /"name":\s*"holdfast"/.test(readFileSync(manifest, "utf8"))) return directory;
    if (directory === join(directory, "..")) return from;
  }
}
