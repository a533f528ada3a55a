import type { Override } from "./lease.ts";
import { keyOf } from "./lease.ts";

/** An override of an instance that is gone, or one taken back, is remembered so long (Eureka: an hour after last use). */
const keepMs = 3_600_000;
const rememberedMax = 50_000;

interface Kept {
  readonly override: Override;
  touchedAtMs: number;
}

/** Operators' words: for each instance the latest, also the latest "no more". */
export class Overrides {
  readonly #kept = new Map<string, Kept>();

  /** In force. */
  get(key: string): Override | undefined {
    const override = this.#kept.get(key)?.override;
    return override?.status === null ? undefined : override;
  }

  /** In force or taken back. */
  latest(key: string): Override | undefined {
    return this.#kept.get(key)?.override;
  }

  /** In force. */
  *list(): Generator<Override> {
    for (const { override } of this.#kept.values()) if (override.status !== null) yield override;
  }

  all(): Override[] {
    return Array.from(this.#kept.values(), (kept) => kept.override);
  }

  /** True when it is later than what was known. */
  put(override: Override, nowMs: number): boolean {
    const key = keyOf(override.app, override.id);
    const known = this.#kept.get(key);
    if (known !== undefined && !isLater(override, known.override)) return false;
    this.#kept.delete(key);
    this.#kept.set(key, { override, touchedAtMs: nowMs });
    if (this.#kept.size > rememberedMax) this.#forgetOne();
    return true;
  }

  /** All stamps move, because the cluster's time turned out to be another. */
  rebase(deltaStamps: number): void {
    for (const [key, kept] of this.#kept) {
      const override = { ...kept.override, stamp: kept.override.stamp + deltaStamps };
      this.#kept.set(key, { ...kept, override });
    }
  }

  /** Drops what has not been needed for an hour; call now and then. */
  forget(nowMs: number, isLive: (key: string) => boolean): Override[] {
    const dropped: Override[] = [];
    for (const [key, kept] of this.#kept) {
      if (kept.override.status !== null && isLive(key)) kept.touchedAtMs = nowMs;
      if (nowMs - kept.touchedAtMs <= keepMs) continue;
      this.#kept.delete(key);
      dropped.push(kept.override);
    }
    return dropped;
  }

  #forgetOne(): void {
    for (const [key, kept] of this.#kept) {
      if (kept.override.status !== null) continue;
      this.#kept.delete(key);
      return;
    }
  }
}

/** Two stamps alike come once in a lifetime; then all peers must still choose the same. */
function isLater(a: Override, b: Override): boolean {
  return a.stamp === b.stamp ? String(a.status) > String(b.status) : a.stamp > b.stamp;
}
