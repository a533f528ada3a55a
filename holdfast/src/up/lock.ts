import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { codeOf, PlatformError } from "@holdfast/kernel";
import { isRunning, markOf, type ProcessMark } from "../stack/processes.ts";

/** Who supervises a stack. */
export interface LockHolder extends ProcessMark {
  /** ISO 8601. */
  readonly since: string;
}

export interface Lock {
  release(): void;
}

/**
 * Makes this process the only supervisor of a stack. The lock of a supervisor that died is taken over.
 *
 * @throws PlatformError `STACK_HELD`, saying who holds it since when.
 */
export function takeLock(path: string, wallMs: number): Lock {
  const me: LockHolder = {
    ...(markOf(process.pid) ?? { pid: process.pid, startTime: "unknown" }),
    since: new Date(wallMs).toISOString(),
  };
  const draft = `${path}.${process.pid}`;
  writeFileSync(draft, JSON.stringify(me), { mode: 0o600 });
  try {
    for (let tries = 0; tries < 20; tries++) {
      try {
        linkSync(draft, path); // Fails when it exists, whole from the first moment.
        return { release: () => releaseLock(path, me) };
      } catch (error) {
        if (codeOf(error) !== "EEXIST") throw error;
      }
      const holder = readLock(path);
      if (holder !== undefined && isRunning(holder)) throw held(path, holder);
      removeDead(path);
    }
  } finally {
    rmSync(draft, { force: true });
  }
  throw new PlatformError("STACK_HELD", `${path}: could not be taken; others are taking it at the same moment`, {
    next: "run it again",
  });
}

/** The supervisor that holds the lock, running or not. */
export function readLock(path: string): LockHolder | undefined {
  try {
    return JSON.parse(readFileSync(path, "utf8"));
  } catch {
    return undefined;
  }
}

/** Takes a dead supervisor's lock away, and puts it back when it turns out to be a living one's, taken in between. */
function removeDead(path: string): void {
  const aside = `${path}.${process.pid}.dead`;
  try {
    renameSync(path, aside);
  } catch {
    return; // Somebody else was quicker.
  }
  const holder = readLock(aside);
  if (holder !== undefined && isRunning(holder)) {
    try {
      linkSync(aside, path);
    } catch {
      // A third one has it; the second will see that its lock is gone when it releases it.
    }
  }
  rmSync(aside, { force: true });
}

function releaseLock(path: string, me: LockHolder): void {
  const holder = readLock(path);
  if (holder?.pid === me.pid && holder.startTime === me.startTime) rmSync(path, { force: true });
}

function held(path: string, holder: LockHolder): PlatformError {
  return new PlatformError("STACK_HELD", `this stack is already up: pid ${holder.pid} holds it since ${holder.since}`, {
    next: "holdfast status   or   holdfast down   or, for a second one beside it: holdfast up --isolated",
    details: { pid: holder.pid, since: holder.since, lock: path },
    status: 409,
  });
}
