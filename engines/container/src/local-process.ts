import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { constants } from "node:os";

/**
 * Is process `pid` on this machine, and in the container `id`? An engine in a virtual machine tells pids of its own, and
 * another process may have such a pid here: only what its control groups are named after is proof.
 */
export function isInContainer(pid: number, id: string): boolean {
  return pid > 0 && read(`/proc/${pid}/cgroup`).includes(id);
}

/** Field 22 of `/proc/<pid>/stat`: with the pid it names a process for one boot. `undefined` when there is none. */
export function startTimeOf(pid: number): string | undefined {
  const text = read(`/proc/${pid}/stat`);
  const [state, ...fields] = text.slice(text.lastIndexOf(")") + 2).split(" ");
  return text === "" || state === "Z" || state === "X" ? undefined : fields[18];
}

/**
 * Would a process hear `signal`? The first process of a container hears only what it asked for: without a handler SIGTERM
 * does nothing (pid_namespaces(7)), where any other process would end.
 */
export function catches(pid: number, signal: NodeJS.Signals): boolean {
  const mask = /^SigCgt:\s+([0-9a-f]+)$/m.exec(read(`/proc/${pid}/status`))?.[1];
  if (mask === undefined) return true;
  return ((BigInt(`0x${mask}`) >> BigInt(constants.signals[signal] - 1)) & 1n) === 1n;
}

/** All processes that share the pid namespace of `pid`; itself alone when it has none of its own. */
export function companionsOf(pid: number): number[] {
  const own = namespaceOf(pid);
  if (own === "" || own === namespaceOf("self")) return [pid];
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name) && namespaceOf(name) === own)
    .map(Number);
}

function namespaceOf(pid: number | string): string {
  try {
    return readlinkSync(`/proc/${pid}/ns/pid`);
  } catch {
    return "";
  }
}

function read(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
