import { createHash } from "node:crypto";
import { accessSync, chmodSync, constants, mkdirSync, realpathSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { codeOf, messageOf, PlatformError, type Zone, zoneKey } from "@holdfast/kernel";

/** Longest path of a Unix socket; systems cut longer ones without a word. */
export const socketPathBytesMax = 107;

/**
 * Where the sockets of a stack are: short, of this user alone, and found again from the state directory.
 *
 * @throws PlatformError `SOCKET_PATH_TOO_LONG` when the system's temporary directory is too deep.
 */
export function runDirectoryOf(stateDirectory: string, environment: NodeJS.ProcessEnv = process.env): string {
  const base = environment["XDG_RUNTIME_DIR"] ?? tmpdir();
  const hash = createHash("sha256").update(stateDirectory).digest("hex").slice(0, 12);
  const directory = join(base, `holdfast-${userInfo().uid}`, hash);
  const longest = Buffer.byteLength(join(directory, "agent-99.9.sock"));
  if (longest > socketPathBytesMax) {
    throw new PlatformError(
      "SOCKET_PATH_TOO_LONG",
      `${directory}: sockets there have paths of ${longest} bytes, and systems cut them at ${socketPathBytesMax}`,
      {
        next: "set TMPDIR (or XDG_RUNTIME_DIR) to a shorter directory",
      },
    );
  }
  return directory;
}

/** Files of a stack by name. */
export const runFiles = {
  upSocket: (run: string): string => join(run, "up.sock"),
  lock: (run: string): string => join(run, "up.lock"),
  processes: (run: string): string => join(run, "processes.json"),
  agentSocket: (run: string, zone: Zone): string => join(run, `agent-${zoneKey(zone)}.sock`),
  /** Where doors find who listens for people in a network of its own. */
  consoleSocket: (run: string): string => join(run, "console.sock"),
  balancerSocket: (run: string, listener: string): string => join(run, `${listener}-{id}.sock`),
  faults: (run: string): string => join(run, "faults", "faults.json"),
  network: (run: string): string => join(run, "net"),
  networkFile: (run: string): string => join(run, "network.json"),
  agentState: (run: string, zone: Zone): string => join(run, `agent-${zoneKey(zone)}.json`),
} as const;

/**
 * Makes the state directory and its parts, and shows by writing that it can be written.
 *
 * @returns its real path.
 * @throws PlatformError `STATE_NOT_WRITABLE` with the system's reason.
 */
export function openStateDirectory(path: string): string {
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 });
    for (const part of ["images", "logs"]) mkdirSync(join(path, part), { recursive: true });
    // Asks the permission bits too: the super-user can write where they say no, and should still be told.
    accessSync(path, constants.W_OK);
    if ((statSync(path).mode & 0o222) === 0)
      throw Object.assign(new Error("it is marked read-only"), { code: "EROFS" });
    const probe = join(path, `.probe-${process.pid}`);
    writeFileSync(probe, "x");
    rmSync(probe);
    return realpathSync(path);
  } catch (error) {
    throw new PlatformError(
      "STATE_NOT_WRITABLE",
      `${path}: the state directory cannot be written (${codeOf(error)}: ${messageOf(error)})`,
      {
        next: "make it writable, or run with a state directory of its own: holdfast up --isolated",
        cause: error,
      },
    );
  }
}

/** Makes the run directory, readable by this user only. */
export function openRunDirectory(path: string): void {
  mkdirSync(path, { recursive: true, mode: 0o700 });
  chmodSync(path, 0o700);
  const owner = statSync(path).uid;
  if (process.platform !== "win32" && owner !== userInfo().uid) {
    throw new PlatformError("RUN_DIRECTORY_FOREIGN", `${path}: belongs to user ${owner}`, {
      next: "set XDG_RUNTIME_DIR to a directory of your own",
    });
  }
}
