import { MemoryStore } from "../src/index.ts";
import type { StoreWrite } from "../src/store/state-store.ts";

/** A store whose process is killed in the middle of a write: before it counts, or after it does but before anybody hears. */
export class CrashingStore extends MemoryStore {
  /** So many writes from now on the process dies; never when undefined. */
  #left: number | undefined;
  #kept = false;
  #dead = false;
  writes = 0;
  onDeath: () => void = () => {};

  /** The `after`-th write from now (1: the next) is the last; `kept` tells whether it is on the disk. */
  dieAt(after: number, kept: boolean): void {
    this.#left = after;
    this.#kept = kept;
  }

  /** The next process opens the same file. */
  revive(): void {
    this.#left = undefined;
    this.#dead = false;
  }

  override async write(changes: readonly StoreWrite[]): Promise<void> {
    // A dead process neither writes nor hears anything any more.
    if (this.#dead) return new Promise(() => {});
    this.writes++;
    if (this.#left !== undefined && --this.#left === 0) {
      this.#dead = true;
      if (this.#kept) await super.write(changes);
      this.onDeath();
      return new Promise(() => {});
    }
    await super.write(changes);
  }
}
