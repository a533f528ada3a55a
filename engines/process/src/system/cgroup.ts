import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { codeOf, messageOf } from "@holdfast/kernel";
import type { ResourceLimits } from "@holdfast/wire";

/** Where this process can make groups that limit others. Version 2 is one tree for all; in version 1 each controller has its own. */
export interface CgroupTrees {
  readonly version: 1 | 2;
  /** Absolute path of the directory under which groups for processor time are made; `undefined`: this machine cannot. */
  readonly cpu: string | undefined;
  readonly memory: string | undefined;
}

/** All groups of ours are below this name. */
const parent = "holdfast";
const cpuPeriodUs = 100_000;
/** The kernel refuses less (cgroup v1, cpu.cfs_quota_us). */
const cpuQuotaUsMin = 1_000;

/**
 * Finds the trees from `/proc/self/mounts` and `/proc/self/cgroup`. In version 1 groups are made below our own group, so that
 * a limit on us holds for the instances, too; in version 2 beside it, for a group with processes may have no children there.
 */
export function findCgroups(
  mounts: string,
  ownGroups: string,
  controllersOf: (path: string) => string,
  exists: (path: string) => boolean,
): CgroupTrees | undefined {
  const lines = mounts.split("\n").map((line) => line.split(" "));
  const own = ownGroups.split("\n").map((line) => line.split(":"));
  const within = (root: string, path: string): string =>
    path !== "/" && exists(join(root, path)) ? join(root, path) : root;
  const v1 = (controller: string): string | undefined => {
    const root = lines.find(
      ([, , type, options]) => type === "cgroup" && options?.split(",").includes(controller),
    )?.[1];
    const path = own.find(([, controllers]) => controllers?.split(",").includes(controller))?.[2] ?? "/";
    return root === undefined ? undefined : within(root, path);
  };
  const [cpu, memory] = [v1("cpu"), v1("memory")];
  if (cpu !== undefined || memory !== undefined) return { version: 1, cpu, memory };
  const unified = lines.find(([, , type]) => type === "cgroup2")?.[1];
  if (unified === undefined) return undefined;
  const base = within(unified, dirname(own.find(([number]) => number === "0")?.[2] ?? "/"));
  const controllers = new Set(controllersOf(base).trim().split(" "));
  const has = (name: string): string | undefined => (controllers.has(name) ? base : undefined);
  return { version: 2, cpu: has("cpu"), memory: has("memory") };
}

/** The trees of this machine; `undefined` where there are none (not Linux, or none is mounted). */
export function cgroupsOfThisMachine(): CgroupTrees | undefined {
  const mounts = read("/proc/self/mounts");
  const own = read("/proc/self/cgroup");
  return findCgroups(mounts, own, (path) => read(join(path, "cgroup.controllers")), existsSync);
}

/** Why processes cannot be limited on this machine, or not by us; empty when they can. Tried, not guessed. */
export function limitProblem(trees: CgroupTrees | undefined = cgroupsOfThisMachine()): string {
  if (trees === undefined) return "control groups are Linux's, and none are mounted";
  const missing = (["cpu", "memory"] as const).filter((name) => trees[name] === undefined);
  if (missing.length > 0) return `no control group limits ${missing.join(" and ")} here`;
  for (const tree of new Set([trees.cpu, trees.memory])) {
    const trial = join(tree ?? "", `holdfast-trial-${process.pid}`);
    try {
      mkdirSync(trial);
      rmdirSync(trial);
    } catch (error) {
      return `control groups cannot be made in ${tree} (${codeOf(error) ?? messageOf(error)}); only root may`;
    }
  }
  return "";
}

/** The control group of one instance, named by its id. */
export class Cgroup {
  readonly #version: 1 | 2;
  readonly #cpuPath: string | undefined;
  readonly #memoryPath: string | undefined;

  constructor(trees: CgroupTrees, id: string) {
    const path = (tree: string | undefined): string | undefined =>
      tree === undefined ? undefined : join(tree, parent, id);
    this.#version = trees.version;
    this.#cpuPath = path(trees.cpu);
    this.#memoryPath = path(trees.memory);
  }

  /**
   * Makes the group, sets its limits and moves process `pid` into it; children it has later are in it, too. Returns what
   * could not be limited and why, one sentence; empty when all could.
   */
  limit(pid: number, limits: ResourceLimits): string {
    const { cpu, memoryBytes } = limits;
    const faults: string[] = [];
    if (cpu !== undefined) faults.push(this.#set("cpu", this.#cpuPath, pid, cpuFiles(this.#version, cpu)));
    if (memoryBytes !== undefined) {
      faults.push(this.#set("memory", this.#memoryPath, pid, memoryFiles(this.#version, memoryBytes)));
    }
    return faults.filter((fault) => fault !== "").join("; ");
  }

  /** How many of its processes the kernel has killed for memory. */
  get memoryKills(): number {
    if (this.#memoryPath === undefined) return 0;
    const file = this.#version === 1 ? "memory.oom_control" : "memory.events";
    return Number(/^oom_kill (\d+)$/m.exec(read(join(this.#memoryPath, file)))?.[1] ?? 0);
  }

  /** Removes it when nothing lives in it any more, and the last one what held it. */
  remove(): void {
    for (const path of new Set([this.#cpuPath, this.#memoryPath])) {
      if (path === undefined) continue;
      try {
        rmdirSync(path);
        rmdirSync(dirname(path));
      } catch {
        // It never was, or something still lives there: then the limit goes on holding.
      }
    }
  }

  #set(name: "cpu" | "memory", path: string | undefined, pid: number, files: readonly LimitFile[]): string {
    if (path === undefined) return `${name} is not limited: this machine has no cgroup controller for it`;
    try {
      makeGroup(path);
      if (this.#version === 2) handOn(path);
      for (const { file, value, optional } of files) {
        try {
          writeFileSync(join(path, file), value);
        } catch (error) {
          if (!optional) throw error;
        }
      }
      writeFileSync(join(path, "cgroup.procs"), String(pid));
      return "";
    } catch (error) {
      const code = codeOf(error);
      const why = code === "EACCES" || code === "EPERM" || code === "EROFS" ? "only root may" : messageOf(error);
      return `${name} is not limited: ${why}`;
    }
  }
}

interface LimitFile {
  readonly file: string;
  readonly value: string;
  readonly optional?: boolean;
}

function cpuFiles(version: 1 | 2, cores: number): readonly LimitFile[] {
  const quota = String(Math.max(cpuQuotaUsMin, Math.round(cores * cpuPeriodUs)));
  if (version === 2) return [{ file: "cpu.max", value: `${quota} ${cpuPeriodUs}` }];
  return [
    { file: "cpu.cfs_period_us", value: String(cpuPeriodUs) },
    { file: "cpu.cfs_quota_us", value: quota },
  ];
}

/** Without a bound on swap, memory over the limit would go there. Many kernels keep no account of it. */
function memoryFiles(version: 1 | 2, bytes: number): readonly LimitFile[] {
  const value = String(bytes);
  if (version === 2) {
    return [
      { file: "memory.max", value },
      { file: "memory.swap.max", value: "0", optional: true },
    ];
  }
  return [
    { file: "memory.limit_in_bytes", value },
    { file: "memory.memsw.limit_in_bytes", value, optional: true },
  ];
}

function makeGroup(path: string): void {
  try {
    mkdirSync(path, { recursive: true });
  } catch (error) {
    if (codeOf(error) !== "ENOENT") throw error;
    // The last one of another agent has just taken the parent with it.
    mkdirSync(path, { recursive: true });
  }
}

/** In version 2 a group hands its controllers on to its children by name. */
function handOn(path: string): void {
  for (const group of [dirname(dirname(path)), dirname(path)]) {
    for (const controller of ["+cpu", "+memory"]) {
      try {
        writeFileSync(join(group, "cgroup.subtree_control"), controller);
      } catch {
        // Handed on already, or not there: setting the limit tells.
      }
    }
  }
}

function read(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
