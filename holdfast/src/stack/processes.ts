import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";

/** A process that cannot be mistaken for a later one with the same id. */
export interface ProcessMark {
  readonly pid: number;
  /** When it was started, in the system's own unit: `/proc/<pid>/stat` field 22, or what `ps -o lstart=` prints. */
  readonly startTime: string;
}

/** The mark of a running process; `undefined` when there is none with this id, or only its unreaped remains. */
export function markOf(pid: number): ProcessMark | undefined {
  if (!Number.isInteger(pid) || pid <= 0) return undefined;
  const startTime = process.platform === "linux" ? startTimeFromProc(pid) : startTimeFromPs(pid);
  return startTime === undefined ? undefined : { pid, startTime };
}

export function isRunning(mark: ProcessMark): boolean {
  return markOf(mark.pid)?.startTime === mark.startTime;
}

/** Field 22 of a `/proc/<pid>/stat` line; `undefined` for a zombie. The name in field 2 may hold anything, `)` too. */
export function startTimeOfStat(stat: string): string | undefined {
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return fields[0] === "Z" || fields[0] === "X" ? undefined : fields[19];
}

function startTimeFromProc(pid: number): string | undefined {
  try {
    return startTimeOfStat(readFileSync(`/proc/${pid}/stat`, "latin1"));
  } catch {
    return undefined;
  }
}

function startTimeFromPs(pid: number): string | undefined {
  try {
    const text = execFileSync("ps", ["-o", "lstart=", "-p", String(pid)], { encoding: "utf8" }).trim();
    return text === "" ? undefined : text;
  } catch {
    return undefined;
  }
}

/** Sends a signal if `mark` still runs; to its whole process group when it leads one. */
export function signalProcess(mark: ProcessMark, signal: NodeJS.Signals, group: boolean): boolean {
  if (!isRunning(mark)) return false;
  try {
    process.kill(group ? -mark.pid : mark.pid, signal);
    return true;
  } catch {
    if (!group) return false;
    return signalProcess(mark, signal, false);
  }
}

/** What a person calls a process: its command line, shortened. */
export function commandOf(pid: number): string {
  try {
    const words = readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0").filter(Boolean);
    const text = words.length > 0 ? words.join(" ") : readFileSync(`/proc/${pid}/comm`, "utf8").trim();
    return text.length > 80 ? `${text.slice(0, 77)}…` : text;
  } catch {
    return "a process of another user";
  }
}

/** Process ids from `/proc`; empty where there is none. */
export function allPids(): number[] {
  try {
    return readdirSync("/proc").map(Number).filter(Number.isInteger);
  } catch {
    return [];
  }
}
