import { chmodSync, mkdirSync, readFileSync, unlinkSync, writeFileSync } from "node:fs";
import type { Server } from "node:http";
import { connect } from "node:net";
import { dirname } from "node:path";
import { codeOf, PlatformError } from "@holdfast/kernel";
import { isAlive, ownIdentity, type ProcessIdentity } from "../system/processes.ts";

/** `sun_path` is 108 bytes with its final zero; longer paths are cut silently by the system. */
export const socketPathBytesMax = 107;

/**
 * Makes this process the one that `pidFile` names: `{"pid","startTime"}`, as JSON. A file left by a dead process is replaced.
 *
 * @throws PlatformError `AGENT_RUNNING` when the process it names is alive.
 */
export function claimPidFile(pidFile: string): { readonly release: () => void } {
  mkdirSync(dirname(pidFile), { recursive: true, mode: 0o700 });
  const own = ownIdentity();
  for (let attempt = 0; ; attempt++) {
    try {
      writeFileSync(pidFile, JSON.stringify(own), { flag: "wx", mode: 0o600 });
      return { release: () => removeIfOwn(pidFile, own) };
    } catch (error) {
      if (codeOf(error) !== "EEXIST" || attempt >= 3) throw error;
      const holder = readPidFile(pidFile);
      if (holder !== undefined && isAlive(holder)) throw running(`${pidFile} names process ${holder.pid}`);
      removeQuietly(pidFile);
    }
  }
}

/** The process a pid file names, dead or alive; `undefined` when there is no (readable) file. */
export function readPidFile(pidFile: string): ProcessIdentity | undefined {
  try {
    const holder: ProcessIdentity = JSON.parse(readFileSync(pidFile, "utf8"));
    return Number.isInteger(holder.pid) && typeof holder.startTime === "string" ? holder : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Listens on a Unix socket that only this user can reach (0600 in a directory made 0700). A socket file that nobody
 * answers on is replaced.
 *
 * @throws PlatformError `SOCKET_PATH_TOO_LONG`, or `AGENT_RUNNING` when somebody answers on it.
 */
export async function listenExclusive(server: Server, path: string): Promise<void> {
  const bytes = Buffer.byteLength(path);
  if (bytes > socketPathBytesMax) {
    const next = `choose a directory that is at least ${bytes - socketPathBytesMax} bytes shorter`;
    throw new PlatformError("SOCKET_PATH_TOO_LONG", `${path}: is ${bytes} bytes, ${socketPathBytesMax} at most`, {
      next,
    });
  }
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  if (await answers(path)) throw running(`somebody answers on ${path}`);
  removeQuietly(path);
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(path, () => {
      server.off("error", reject);
      resolve();
    });
  });
  chmodSync(path, 0o600);
}

function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
}

function running(why: string): PlatformError {
  return new PlatformError("AGENT_RUNNING", `agent: one is running for this zone already (${why})`, {
    next: "use the running one, or stop the stack with `holdfast down`",
  });
}

function removeIfOwn(pidFile: string, own: ProcessIdentity): void {
  const holder = readPidFile(pidFile);
  if (holder?.pid === own.pid && holder.startTime === own.startTime) removeQuietly(pidFile);
}

function removeQuietly(path: string): void {
  try {
    unlinkSync(path);
  } catch {
    // Not there.
  }
}
