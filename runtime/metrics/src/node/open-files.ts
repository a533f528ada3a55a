import { readdir, readdirSync, readFileSync } from "node:fs";
import type { MeterRegistry } from "../registry/meter-registry.ts";

/** Listing so many takes a while: they are counted beside, for the read after. Few are counted at once, without a thread. */
const manyFiles = 500;
const directory = "/proc/self/fd";

/** How many files and sockets are open, and how many may be (`nodejs.openFd`, `nodejs.maxFd`), where /proc tells. */
export class OpenFiles {
  readonly #meters: MeterRegistry;
  readonly #most: number | undefined;
  #isCounting = false;
  #open = 0;

  constructor(meters: MeterRegistry) {
    this.#meters = meters;
    this.#most = openFilesMax();
  }

  read(): void {
    if (this.#most === undefined) return;
    if (this.#open < manyFiles) this.#counted(readdirSync(directory));
    else if (!this.#isCounting) {
      this.#isCounting = true;
      readdir(directory, (error, names) => {
        this.#isCounting = false;
        if (error === null) this.#counted(names);
      });
    }
    this.#meters.gauge("nodejs.maxFd").set(this.#most);
    this.#meters.gauge("nodejs.openFd").set(this.#open);
  }

  /** One of them is that of the look itself. */
  #counted(names: readonly string[]): void {
    this.#open = names.length - 1;
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
