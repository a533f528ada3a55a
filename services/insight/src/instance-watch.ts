import { bucketCount, percentile } from "@holdfast/metrics";

/** What one instance has done. */
export interface InstanceCounts {
  requests: number;
  errors: number;
  readonly buckets: Float64Array;
}

export function noCounts(): InstanceCounts {
  return { requests: 0, errors: 0, buckets: new Float64Array(bucketCount) };
}

export function addCounts(to: InstanceCounts, from: InstanceCounts): void {
  to.requests += from.requests;
  to.errors += from.errors;
  for (let i = 0; i < bucketCount; i++) to.buckets[i] = (to.buckets[i] ?? 0) + (from.buckets[i] ?? 0);
}

export interface CountedTogether {
  readonly requests: number;
  /** Answers 5xx. */
  readonly errors: number;
  /** Null when nothing was measured. */
  readonly p99Ms: number | null;
}

export function countedTogether(all: readonly InstanceCounts[]): CountedTogether {
  const sum = noCounts();
  for (const counts of all) addCounts(sum, counts);
  return { requests: sum.requests, errors: sum.errors, p99Ms: percentile(sum.buckets, 0.99) ?? null };
}

/**
 * Counts what instances do from a moment on, each by itself. What an instance did between the last look before that moment
 * and the first one after it is left out, because nobody can tell on which side of it that was; but not of those that were
 * looked at just before.
 */
export class InstanceWatch {
  readonly #openedAtMs: number;
  readonly #counts = new Map<string, InstanceCounts>();
  readonly #onClose: () => void;

  constructor(openedAtMs: number, justLookedAt: Iterable<string>, onClose: () => void) {
    this.#openedAtMs = openedAtMs;
    for (const instance of justLookedAt) this.#counts.set(instance, noCounts());
    this.#onClose = onClose;
  }

  /** Takes what an instance, which has run since `startedAtMs`, did since the look before. */
  add(instance: string, startedAtMs: number, counts: InstanceCounts): void {
    const known = this.#counts.get(instance);
    if (known !== undefined) return addCounts(known, counts);
    const first = noCounts();
    if (startedAtMs >= this.#openedAtMs) addCounts(first, counts);
    this.#counts.set(instance, first);
  }

  /** What these did together. */
  together(instances: ReadonlySet<string>): CountedTogether {
    const all = [...this.#counts].filter(([instance]) => instances.has(instance)).map(([, counts]) => counts);
    return countedTogether(all);
  }

  /** Counts no more. */
  close(): void {
    this.#onClose();
  }
}
