import { hashOf, keyOf, type Override, type OverrideReplica } from "./lease.ts";

/** An override of an instance that is gone, or one taken back, is remembered so long (Eureka: an hour after last use). */
const keepMs = 3_600_000;
const rememberedMax = 50_000;

interface Kept {
  readonly override: Override;
  readonly hash: number;
  /** When its instance was last there. */
  touchedAtMs: number;
}

/** Operators' words: for each instance the latest, also the latest "no more". */
export class Overrides {
  readonly #kept = new Map<string, Kept>();
  #digest = 0;

  get size(): number {
    return this.#kept.size;
  }

  /** Of those in force. */
  get digest(): number {
    return this.#digest;
  }

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

  /** What a peer is to know, `isWanted` by the hash of the key. */
  *replicas(nowMs: number, isWanted: (hash: number) => boolean): Generator<OverrideReplica> {
    for (const { override, hash, touchedAtMs } of this.#kept.values()) {
      if (isWanted(hash)) yield { kind: "override", ...override, idleMs: Math.max(0, Math.round(nowMs - touchedAtMs)) };
    }
  }

  /** True when it is later than what was known. `idleMs`: since its instance was last there. */
  put(override: Override, nowMs: number, idleMs = 0): boolean {
    const key = keyOf(override.app, override.id);
    const known = this.#kept.get(key);
    if (known !== undefined && !isLater(override, known.override)) {
      // Peers forget it within the same minute, and do not teach it to each other again for ever.
      if (override.stamp === known.override.stamp) known.touchedAtMs = Math.max(known.touchedAtMs, nowMs - idleMs);
      return false;
    }
    if (known !== undefined) this.#drop(key, known);
    this.#digest ^= digestOf(override);
    this.#kept.set(key, { override, hash: hashOf(key), touchedAtMs: nowMs - idleMs });
    if (this.#kept.size > rememberedMax) this.#forgetOne();
    return true;
  }

  /** All stamps after `from` move, because the cluster's time turned out to be another. */
  rebase(deltaStamps: number, from: number): void {
    for (const [key, kept] of this.#kept) {
      if (kept.override.stamp <= from) continue;
      const override = { ...kept.override, stamp: kept.override.stamp + deltaStamps };
      this.#digest ^= digestOf(kept.override) ^ digestOf(override);
      this.#kept.set(key, { ...kept, override });
    }
  }

  /** Drops what has not been needed for an hour; call now and then. */
  forget(nowMs: number, isLive: (key: string) => boolean): void {
    for (const [key, kept] of this.#kept) {
      if (kept.override.status !== null && isLive(key)) kept.touchedAtMs = nowMs;
      if (nowMs - kept.touchedAtMs > keepMs) this.#drop(key, kept);
    }
  }

  /** One that was taken back, if there is any; else the oldest. */
  #forgetOne(): void {
    let victim: [string, Kept] | undefined;
    for (const entry of this.#kept) {
      victim ??= entry;
      if (entry[1].override.status !== null) continue;
      victim = entry;
      break;
    }
    if (victim !== undefined) this.#drop(...victim);
  }

  #drop(key: string, kept: Kept): void {
    this.#kept.delete(key);
    this.#digest ^= digestOf(kept.override);
  }
}

/** Two stamps alike come once in a lifetime; then all peers must still choose the same. */
function isLater(a: Override, b: Override): boolean {
  return a.stamp === b.stamp ? String(a.status) > String(b.status) : a.stamp > b.stamp;
}

function digestOf({ app, id, status, stamp }: Override): number {
  return status === null ? 0 : hashOf(`${app}/${id} ${status} ${stamp}`);
}
