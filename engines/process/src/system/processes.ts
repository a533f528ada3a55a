import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { type ProcStat, parseProcStat } from "./proc-stat.ts";

/** What names a process beyond its pid, which the system gives out again. */
export interface ProcessIdentity {
  readonly pid: number;
  /** Opaque; equal for the same process only. */
  readonly startTime: string;
}

const linux = process.platform === "linux";

/** The process with this pid as it is now, or `undefined` when there is none. Dead, unreaped ones count as none. */
export function processNow(pid: number): ProcStat | undefined {
  const stat = linux ? readStat(pid) : readPs(pid);
  return stat === undefined || stat.state === "Z" || stat.state === "X" ? undefined : stat;
}

/** Is this very process (not another with its pid) alive? */
export function isAlive(identity: ProcessIdentity): boolean {
  return processNow(identity.pid)?.startTime === identity.startTime;
}

/** The running process's own identity. */
export function ownIdentity(): ProcessIdentity {
  return { pid: process.pid, startTime: processNow(process.pid)?.startTime ?? "unknown" };
}

/** Distinguishes one boot of the machine from the next: start times count from it. */
export function bootId(): string {
  try {
    return linux ? readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim() : "unknown";
  } catch {
    return "unknown";
  }
}

/** All living processes. Linux only; elsewhere none. One read a process: not for a fast loop. */
export function allProcesses(): ProcStat[] {
  if (!linux) return [];
  const found: ProcStat[] = [];
  for (const name of readdirSync("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    const stat = processNow(Number(name));
    if (stat !== undefined) found.push(stat);
  }
  return found;
}

/** The living members of a process group or of the session its leader opened. */
export function groupMembers(group: number): ProcStat[] {
  return allProcesses().filter((stat) => stat.group === group || stat.session === group);
}

/** Whether a process group has members. Dead, unreaped ones do not count on Linux. */
export function groupExists(group: number): boolean {
  try {
    process.kill(-group, 0);
  } catch {
    return false;
  }
  return linux ? groupMembers(group).length > 0 : true;
}

/**
 * Processes whose environment sets `name` to one of `values`: children that left their group are found so. Never
 * ourselves. Linux only.
 * Reads the environment of every process of this user: not for a fast loop.
 */
export function processesWithEnvironment(name: string, values: ReadonlySet<string>): ProcStat[] {
  return allProcesses().filter((stat) => {
    if (stat.pid === process.pid) return false;
    try {
      const environment = readFileSync(`/proc/${stat.pid}/environ`, "latin1").split("\0");
      const value = environment.find((line) => line.startsWith(`${name}=`))?.slice(name.length + 1);
      return value !== undefined && values.has(value);
    } catch {
      return false;
    }
  });
}

/** Sends a signal; a process that has gone meanwhile is fine. Returns whether it was there. */
export function sendSignal(target: number, signal: NodeJS.Signals): boolean {
  try {
    process.kill(target, signal);
    return true;
  } catch {
    return false;
  }
}

function readStat(pid: number): ProcStat | undefined {
  try {
    return parseProcStat(readFileSync(`/proc/${pid}/stat`, "utf8"));
  } catch {
    return undefined;
  }
}

function readPs(pid: number): ProcStat | undefined {
  try {
    const args = ["-o", "stat=,ppid=,pgid=,lstart=", "-p", String(pid)];
    const text = execFileSync("ps", args, { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }).trim();
    const [state, parent, group, ...start] = text.split(/\s+/);
    if (state === undefined || start.length === 0) return undefined;
    const letter = state[0] ?? "?";
    return { pid, state: letter, parent: Number(parent), group: Number(group), session: 0, startTime: start.join(" ") };
  } catch {
    return undefined;
  }
}
