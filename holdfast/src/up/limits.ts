import { readFileSync } from "node:fs";
import { PlatformError } from "@holdfast/kernel";

export interface FileLimit {
  readonly soft: number;
  readonly hard: number;
}

/** `Max open files` from the text of `/proc/self/limits`. */
export function parseFileLimit(text: string): FileLimit | undefined {
  const match = /^Max open files\s+(\S+)\s+(\S+)/m.exec(text);
  if (match?.[1] === undefined || match[2] === undefined) return undefined;
  const read = (word: string): number => (word === "unlimited" ? Number.POSITIVE_INFINITY : Number(word));
  return { soft: read(match[1]), hard: read(match[2]) };
}

export function readFileLimit(): FileLimit | undefined {
  try {
    return parseFileLimit(readFileSync("/proc/self/limits", "utf8"));
  } catch {
    return undefined; // Not Linux.
  }
}

/** Files one process of ours needs to serve at all: its own 40, one connection to each instance, and 100 callers. */
export function filesNeeded(processes: number): number {
  return 140 + processes * 4;
}

/** Below this a burst of callers is shed sooner than anyone would like. */
const comfortable = 4_096;

/**
 * Checks the limit on open files (each process inherits it) against the plan.
 *
 * @returns a warning, or `undefined` when there is plenty.
 * @throws PlatformError `FILE_LIMIT_TOO_LOW` when the stack could not run.
 */
export function checkFileLimit(limit: FileLimit | undefined, processes: number): string | undefined {
  if (limit === undefined) return undefined;
  const needed = filesNeeded(processes);
  if (limit.soft < needed) {
    throw new PlatformError(
      "FILE_LIMIT_TOO_LOW",
      `open files: the limit is ${limit.soft}, this stack of ${processes} processes needs ${needed} in each`,
      {
        next: `ulimit -n ${Math.max(comfortable, needed)}   and run it again`,
      },
    );
  }
  if (limit.soft >= comfortable) return undefined;
  return `open files: the limit of ${limit.soft} is enough to run; heavy load wants ulimit -n ${comfortable}`;
}
