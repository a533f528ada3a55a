import { readdirSync, readFileSync } from "node:fs";

/** What one process uses now. */
export interface Usage {
  readonly pid: number;
  /** What it runs, short: `api`, `gateway`. */
  readonly program: string;
  readonly rssMb: number;
  /** Proportional set: pages shared by n processes count 1/n in each. */
  readonly pssMb: number;
  /** User and system time since its start, in ms. */
  readonly cpuMs: number;
}

/** Linux counts CPU time in hundredths of a second on every platform Node runs on. */
const msPerTick = 10;

/** Processes whose command line or environment holds `text`; how a stack's are found by its state directory. */
export function processesWith(text: string): number[] {
  const found: number[] = [];
  for (const name of readdirSync("/proc")) {
    if (!/^\d+$/.test(name) || Number(name) === process.pid) continue;
    const told = read(`/proc/${name}/cmdline`) + read(`/proc/${name}/environ`);
    if (told.includes(text)) found.push(Number(name));
  }
  return found;
}

/** `undefined` when the process has gone. */
export function usageOf(pid: number): Usage | undefined {
  const memory = read(`/proc/${pid}/smaps_rollup`);
  const cpuMs = parseCpuMs(read(`/proc/${pid}/stat`));
  if (memory === "" || cpuMs === undefined) return undefined;
  const program = programOf(read(`/proc/${pid}/cmdline`));
  return { pid, program, rssMb: parseMb(memory, "Rss"), pssMb: parseMb(memory, "Pss"), cpuMs };
}

/** The last script of a command line, without what all have in common. */
export function programOf(commandLine: string): string {
  const script = commandLine.split("\0").findLast((word) => /\.[cm]?[jt]s$/.test(word)) ?? "";
  const [directory = "", file = ""] = script.split("/").slice(-2);
  const name = file.replace(/\.[cm]?[jt]s$/, "");
  return name === "main" ? directory : name;
}

export function parseMb(rollup: string, field: "Rss" | "Pss"): number {
  const kilobytes = new RegExp(`^${field}:\\s+(\\d+) kB`, "m").exec(rollup)?.[1];
  return Number(kilobytes ?? 0) / 1_024;
}

/** Fields 14 and 15 of `/proc/<pid>/stat`, counted after the name, which may hold spaces and brackets. */
export function parseCpuMs(stat: string): number | undefined {
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const [user, system] = [Number(fields[11]), Number(fields[12])];
  return Number.isNaN(user) || Number.isNaN(system) ? undefined : (user + system) * msPerTick;
}

export function sumOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0);
}

function read(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
