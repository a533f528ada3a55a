import { mkdir, open, readFile, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { codeOf } from "@holdfast/kernel";
import { isDead } from "./abandoned.ts";

/** What the lock guards takes well under a millisecond; a holder that takes longer was stopped in the middle of it. */
const triesMax = 2_000;

/**
 * Keeps a look and the deed that follows from it together, among all processes that use a store: "it is old, so it
 * goes" and "it is there, so it is young again" cannot both be right.
 *
 * A lock whose holder is dead is broken. Where none can be had (the disk is full, the holder hangs), the work is done
 * without it: garbage must be collected on a full disk, too.
 */
export class StoreLock {
  readonly #directory: string;
  readonly #file: string;
  #last: Promise<unknown> = Promise.resolve();

  constructor(directory: string) {
    this.#directory = directory;
    this.#file = join(directory, ".lock");
  }

  run<Result>(work: () => Promise<Result>): Promise<Result> {
    const result = this.#last.then(async () => {
      const locked = await this.#lock();
      try {
        return await work();
      } finally {
        if (locked) await rm(this.#file, { force: true });
      }
    });
    this.#last = result.catch(() => {});
    return result;
  }

  async #lock(): Promise<boolean> {
    for (let tries = 0; tries < triesMax; tries++) {
      try {
        const file = await open(this.#file, "wx");
        await file.writeFile(String(process.pid)).finally(() => file.close());
        return true;
      } catch (error) {
        const code = codeOf(error);
        if (code === "ENOENT") await mkdir(this.#directory, { recursive: true });
        else if (code !== "EEXIST") return false;
        else if (await this.#isStale()) await rm(this.#file, { force: true });
      }
    }
    return false;
  }

  /** Also the pause between two tries: each asks the file system. */
  async #isStale(): Promise<boolean> {
    await stat(this.#file).catch(() => undefined);
    const pid = Number(await readFile(this.#file, "utf8").catch(() => ""));
    return pid > 0 && isDead(pid);
  }
}
