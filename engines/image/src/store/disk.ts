import { statfs } from "node:fs/promises";
import { codeOf, PlatformError } from "@holdfast/kernel";

const mib = 2 ** 20;

/**
 * What `work` gives; a disk that is full while it works becomes an error that says so.
 *
 * @throws PlatformError `DISK_FULL`.
 */
export async function onDisk<Result>(store: string, work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    const code = codeOf(error);
    if (code === "ENOSPC" || code === "EDQUOT") throw await diskFull(store, undefined, error);
    throw error;
  }
}

/**
 * Refuses work that cannot fit before it begins.
 *
 * @throws PlatformError `DISK_FULL`.
 */
export async function needRoom(store: string, bytes: number): Promise<void> {
  const { bavail, bsize } = await statfs(store);
  if (bytes > bavail * bsize) throw await diskFull(store, bytes, undefined);
}

async function diskFull(store: string, bytes: number | undefined, cause: unknown): Promise<PlatformError> {
  const { bavail, bsize } = await statfs(store);
  const free = Math.floor((bavail * bsize) / mib);
  const needed = bytes === undefined ? "" : `, and ${Math.ceil(bytes / mib)} MiB are needed`;
  return new PlatformError("DISK_FULL", `${store}: the disk has ${free} MiB free${needed}; no image was made`, {
    next: "holdfast images gc, or free some of the disk, then try again",
    details: { freeBytes: bavail * bsize, neededBytes: bytes },
    status: 507,
    cause,
  });
}
