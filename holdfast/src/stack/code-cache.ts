import { readdirSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";

/** One build of a mid-sized application is about 10 MB; every change to its code adds another. */
const codeCacheBytesMax = 256 * 1024 * 1024;

/** Where instances keep what Node has compiled. */
export function codeCacheOf(stateDirectory: string): string {
  return join(stateDirectory, "code-cache");
}

/** Throws the whole of it away once it is past 256 MiB: what is still used comes back with the next start. */
export function boundCodeCache(stateDirectory: string, bytesMax: number = codeCacheBytesMax): void {
  const directory = codeCacheOf(stateDirectory);
  try {
    let bytes = 0;
    for (const entry of readdirSync(directory, { recursive: true, withFileTypes: true })) {
      if (entry.isFile()) bytes += statSync(join(entry.parentPath, entry.name)).size;
    }
    if (bytes > bytesMax) rmSync(directory, { recursive: true, force: true });
  } catch {
    // Not there yet, or being written to: the next start looks again.
  }
}
