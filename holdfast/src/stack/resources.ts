import { readFileSync, statfsSync } from "node:fs";

/** How much of something the machine has left. */
export interface Resource {
  readonly name: "disk" | "memory" | "files" | "processes";
  readonly state: "ok" | "warning" | "bad";
  /** One sentence, with the next step where it is not `ok`. */
  readonly text: string;
}

const [mb, gb] = [1024 ** 2, 1024 ** 3];

/** What is read of the machine; parts that a system does not tell are absent. */
export interface Readings {
  readonly disk?: { readonly freeBytes: number; readonly totalBytes: number; readonly path: string };
  readonly memory?: { readonly availableBytes: number; readonly totalBytes: number };
  /** Open files of all processes together. */
  readonly files?: { readonly open: number; readonly most: number };
  /** Processes and threads. */
  readonly processes?: { readonly running: number; readonly most: number };
}

/**
 * Judges what is left before it is gone. A warning leaves time to do something: an image of a mid-sized application is some 100 MB, an
 * instance some 70 MB.
 */
export function judgeResources({ disk, memory, files, processes }: Readings): Resource[] {
  const resources: Resource[] = [];
  if (disk !== undefined) {
    const { freeBytes, totalBytes, path } = disk;
    const state = stateOf(freeBytes, 256 * mb, Math.min(gb, totalBytes * 0.05));
    const next = state === "ok" ? "" : "; free some: holdfast images gc, old logs, other files";
    resources.push({ name: "disk", state, text: `${size(freeBytes)} of ${size(totalBytes)} left at ${path}${next}` });
  }
  if (memory !== undefined) {
    const { availableBytes, totalBytes } = memory;
    const state = stateOf(availableBytes, 192 * mb, Math.min(gb, totalBytes * 0.1));
    const next = state === "ok" ? "" : "; scale something down before the system kills what it likes";
    resources.push({ name: "memory", state, text: `${size(availableBytes)} of ${size(totalBytes)} available${next}` });
  }
  if (files !== undefined) {
    const state = stateOf(files.most - files.open, files.most * 0.05, files.most * 0.2);
    const next = state === "ok" ? "" : "; raise fs.file-max";
    resources.push({ name: "files", state, text: `${files.open} of ${files.most} open on this machine${next}` });
  }
  if (processes !== undefined) {
    const { running, most } = processes;
    const state = stateOf(most - running, most * 0.05, most * 0.15);
    const next = state === "ok" ? "" : "; raise it with ulimit -u, or scale something down";
    resources.push({ name: "processes", state, text: `${running} of ${most} processes and threads${next}` });
  }
  return resources;
}

/** Never throws: what cannot be read is not judged. */
export function readResources(directory: string): Readings {
  return {
    ...part("disk", () => {
      const { bavail, blocks, bsize } = statfsSync(directory);
      return { freeBytes: bavail * bsize, totalBytes: blocks * bsize, path: directory };
    }),
    ...part("memory", () => memoryOf(readFileSync("/proc/meminfo", "utf8"))),
    ...part("files", () => {
      const [open = 0, , most = 0] = readFileSync("/proc/sys/fs/file-nr", "utf8").trim().split(/\s+/).map(Number);
      // The default of a 64-bit kernel is more than there can be.
      return most > 0 && most < 1e12 ? { open, most } : undefined;
    }),
    ...part("processes", () => {
      const running = Number(readFileSync("/proc/loadavg", "utf8").split(" ")[3]?.split("/")[1]);
      const own = /^Max processes\s+(\S+)/m.exec(readFileSync("/proc/self/limits", "utf8"))?.[1];
      const all = Number(readFileSync("/proc/sys/kernel/threads-max", "utf8"));
      const most = own === undefined || own === "unlimited" ? all : Math.min(all, Number(own));
      return Number.isFinite(running) && most > 0 ? { running, most } : undefined;
    }),
  };
}

function part<K extends keyof Readings>(name: K, read: () => Readings[K] | undefined): Pick<Readings, K> | object {
  try {
    const value = read();
    return value === undefined ? {} : { [name]: value };
  } catch {
    return {};
  }
}

function memoryOf(text: string): Readings["memory"] | undefined {
  const kb = (name: string): number => Number(new RegExp(`^${name}:\\s+(\\d+) kB`, "m").exec(text)?.[1]);
  const [available, total] = [kb("MemAvailable"), kb("MemTotal")];
  return available >= 0 && total > 0 ? { availableBytes: available * 1024, totalBytes: total * 1024 } : undefined;
}

function stateOf(left: number, bad: number, warning: number): Resource["state"] {
  if (left < bad) return "bad";
  return left < warning ? "warning" : "ok";
}

function size(bytes: number): string {
  return bytes >= gb ? `${(bytes / gb).toFixed(1)} GB` : `${Math.round(bytes / mb)} MB`;
}
