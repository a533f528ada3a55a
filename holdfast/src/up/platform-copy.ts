import { chmodSync, cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from "node:fs";
import { basename, join } from "node:path";
import { PlatformError } from "@holdfast/kernel";
import { programDirectory } from "../programs.ts";

/**
 * Copies the servers' bundles into the state directory, so that a stack goes on from the files it was started with
 * when the package under it is updated or rebuilt.
 *
 * @returns the directory of the copies.
 * @throws PlatformError `NOT_BUILT`.
 */
export function copyPlatform(stateDirectory: string): string {
  const source = programDirectory();
  if (source === undefined || !existsSync(join(source, "control.mjs"))) {
    throw new PlatformError("NOT_BUILT", "holdfast: its programs are not built", { next: "node tools/src/build.ts" });
  }
  const store = join(stateDirectory, "platform");
  const target = join(store, basename(source));
  if (!existsSync(target)) {
    mkdirSync(store, { recursive: true });
    const draft = mkdtempSync(join(store, ".copy-"));
    for (const name of readdirSync(source)) {
      // The command line is not needed there, and what it loads from node_modules could not be found.
      if (name !== "cli" && name !== "prepare") cpSync(join(source, name), join(draft, name), { recursive: true });
    }
    // Containers, whose users are nobody here, see it; other users of this machine do not, for the state directory is ours.
    chmodSync(draft, 0o755);
    if (!existsSync(target)) renameSync(draft, target);
    rmSync(draft, { recursive: true, force: true });
  }
  return target;
}

/** Removes copies of earlier builds. Call it when nothing of the stack runs from them. */
export function removeOlderPlatforms(current: string): void {
  const store = join(current, "..");
  for (const name of readdirSync(store)) {
    if (name !== basename(current)) rmSync(join(store, name), { recursive: true, force: true });
  }
}
