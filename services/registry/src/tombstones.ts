import type { Tombstone } from "./lease.ts";
import { keyOf } from "./lease.ts";

/** Removals of ids nobody knows must not fill the memory. */
const rememberedMax = 50_000;

/** What was removed lately, so that nothing late brings it back. */
export class Tombstones {
  readonly #kept = new Map<string, Tombstone>();

  get size(): number {
    return this.#kept.size;
  }

  get(key: string): Tombstone | undefined {
    return this.#kept.get(key);
  }

  values(): Iterable<Tombstone> {
    return this.#kept.values();
  }

  put(tombstone: Tombstone): void {
    const key = keyOf(tombstone.app, tombstone.id);
    this.#kept.delete(key);
    this.#kept.set(key, tombstone);
    if (this.#kept.size <= rememberedMax) return;
    for (const oldest of this.#kept.keys()) {
      this.#kept.delete(oldest);
      return;
    }
  }

  delete(key: string): void {
    this.#kept.delete(key);
  }

  /** Drops what is old enough; call now and then. */
  forget(nowMs: number): void {
    for (const [key, tombstone] of this.#kept) {
      if (nowMs - tombstone.atMs > tombstone.keepMs) this.#kept.delete(key);
    }
  }

  /** All stamps after `from` move, because the cluster's time turned out to be another. */
  rebase(deltaStamps: number, from: number): void {
    for (const [key, tombstone] of this.#kept) {
      const { incarnation, version } = tombstone;
      // One for good has no stamp.
      if (incarnation !== 0 || version <= from || version === Number.MAX_SAFE_INTEGER) continue;
      this.#kept.set(key, { ...tombstone, version: version + deltaStamps });
    }
  }
}
