import type { EurekaReplication } from "@holdfast/wire/eureka";

/** Something a peer is to be told. */
export interface ReplicationTask {
  /** What it replaces when it still waits: `Register#API/i-1`. */
  readonly key: string;
  readonly app: string;
  readonly id: string;
  /** Monotonic ms after which it is no news any more. */
  readonly expiresAtMs: number;
  readonly addedAtMs: number;
  /** What to say, made when it is said. `undefined`: there is nothing to say any more. */
  readonly say: () => EurekaReplication | undefined;
}

/**
 * What one peer is still to be told, oldest first: of one key only the newest, and no more than `max` (Netflix's
 * `maxElementsInPeerReplicationPool`), for which the oldest go.
 */
export class ReplicationQueue {
  readonly #tasks = new Map<string, ReplicationTask>();
  readonly #max: number;
  #dropped = 0;

  constructor(max: number) {
    this.#max = max;
  }

  get size(): number {
    return this.#tasks.size;
  }

  /** Tasks that were never told, because there were too many or they were too old. */
  get dropped(): number {
    return this.#dropped;
  }

  get oldestAddedAtMs(): number | undefined {
    return this.#tasks.values().next().value?.addedAtMs;
  }

  add(task: ReplicationTask): void {
    // A newer one goes to the end: told in the old one's place it would be overtaken by what was said in between.
    this.#tasks.delete(task.key);
    this.#tasks.set(task.key, task);
    if (this.#tasks.size <= this.#max) return;
    const oldest = this.#tasks.keys().next().value;
    if (oldest !== undefined) this.#tasks.delete(oldest);
    this.#dropped += 1;
  }

  /** Puts back what could not be told, in front, unless something newer of its kind waits by now. */
  putBack(tasks: readonly ReplicationTask[]): void {
    const later = [...this.#tasks.values()];
    this.#tasks.clear();
    const newer = new Set(later.map((task) => task.key));
    const kept = tasks.filter((task) => !newer.has(task.key));
    const all = [...kept, ...later];
    const over = Math.max(0, all.length - this.#max);
    this.#dropped += over;
    for (const task of all.slice(over)) this.#tasks.set(task.key, task);
  }

  /** Takes up to `count`, leaving out what is no news any more. */
  take(count: number, nowMs: number): ReplicationTask[] {
    const taken: ReplicationTask[] = [];
    for (const [key, task] of this.#tasks) {
      if (taken.length === count) break;
      this.#tasks.delete(key);
      if (task.expiresAtMs > nowMs) taken.push(task);
      else this.#dropped += 1;
    }
    return taken;
  }

  clear(): void {
    this.#tasks.clear();
  }
}
