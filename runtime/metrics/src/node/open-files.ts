import { readdir, readFileSync } from "node:fs";
import type { MeterRegistry } from "../registry/meter-registry.ts";

/**
 * How many files and sockets are open, and how many may be (`nodejs.openFd`, `nodejs.maxFd`), where /proc tells. Counting
 * thousands takes a while, so it is done beside: a read shows what the read before has asked for.
 */
export class OpenFiles {
  readonly #meters: MeterRegistry;
  readonly #most: number | undefined;
  #isCounting = false;
  #open: number | undefined;

  constructor(meters: MeterRegistry) {
    this.#meters = meters;
    this.#most = openFilesMax();
  }

  read(): void {
    if (this.#most === undefined) return;
    this.#meters.gauge("nodejs.maxFd").set(this.#most);
    if (this.#open !== undefined) this.#meters.gauge("nodejs.openFd").set(this.#open);
    if (this.#isCounting) return;
    this.#isCounting = true;
    readdir("/proc/self/fd", (error, names) => {
      this.#isCounting = false;
      // One is that of the look itself.
      this.#open = error === null ? names.length - 1 : undefined;
    });
  }
}

function openFilesMax(): number | undefined {
  try {
    const soft = /^Max open files\s+(\d+)/m.exec(readFileSync("/proc/self/limits", "utf8"));
    return soft === null ? undefined : Number(soft[1]);
  } catch {
    return undefined;
  }
}
