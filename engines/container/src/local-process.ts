import { readdirSync, readFileSync, readlinkSync } from "node:fs";

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

/** True when it is the first of a pid namespace of its own: the kernel ends all others with it. */
export function leadsNamespace(pid: number): boolean {
  const own = namespaceOf(pid);
  return own !== "" && own !== namespaceOf("self");
}

/** All processes in the pid namespace that `pid` leads. */
export function companionsOf(pid: number): number[] {
  const own = namespaceOf(pid);
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
