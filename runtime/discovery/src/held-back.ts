import type { InstanceRecord } from "@holdfast/wire";

/** Ours: longer than the lease of 9 s, so that everybody alive has registered again. */
const youngRegistryMs = 10_000;
/** Eureka's clients come back with their next heartbeat: three of those of 30 s. */
const unknownAgeMs = 90_000;
/** A loss of more than this share at once is the registry's more likely than the instances'; Eureka's renewalPercentThreshold. */
const massLossShare = 0.15;

/**
 * Which instances are kept although a registry does not name them: a registry younger than an instance's lease cannot say
 * that the instance is gone. One that does not say its age is believed unless it would take away more than 15 %, and more
 * than one, at once. Pure; monotonic time.
 */
export class HeldBack {
  readonly #untilMs = new Map<string, number>();

  /** When the earliest of those held is given up, or `undefined` when none is. */
  get nextMs(): number | undefined {
    let next: number | undefined;
    for (const untilMs of this.#untilMs.values()) next = Math.min(next ?? untilMs, untilMs);
    return next;
  }

  get size(): number {
    return this.#untilMs.size;
  }

  /** A registry names it: when it is missing once more, its time begins anew. */
  named(record: InstanceRecord): void {
    this.#untilMs.delete(keyOf(record));
  }

  /**
   * Decides about the `missing` ones of `total` known, of a registry that has been up for `ageMs`; those for whom the
   * answer is true are kept.
   */
  decide(
    missing: readonly InstanceRecord[],
    total: number,
    ageMs: number | undefined,
    nowMs: number,
  ): (record: InstanceRecord) => boolean {
    // One of a few is an everyday loss; the only one, or two and more, may be the registry's.
    const isMassLoss = missing.length > total * massLossShare && (missing.length > 1 || total === 1);
    const held = new Map<string, number>();
    for (const record of missing) {
      const key = keyOf(record);
      // A registry that says its age says each time anew what it can know: one that has heard no peer since its start
      // grows no older.
      const known = ageMs === undefined ? this.#untilMs.get(key) : undefined;
      const untilMs = known ?? nowMs + holdMs(record, ageMs, isMassLoss);
      if (untilMs > nowMs) held.set(key, untilMs);
    }
    this.#untilMs.clear();
    for (const [key, untilMs] of held) this.#untilMs.set(key, untilMs);
    return (record) => held.has(keyOf(record));
  }
}

function holdMs(record: InstanceRecord, ageMs: number | undefined, isMassLoss: boolean): number {
  if (ageMs !== undefined) return Math.max(youngRegistryMs, record.leaseMs ?? 0) - ageMs;
  return isMassLoss ? Math.max(unknownAgeMs, record.leaseMs ?? 0) : 0;
}

function keyOf(record: InstanceRecord): string {
  return `${record.app}/${record.id}`;
}
