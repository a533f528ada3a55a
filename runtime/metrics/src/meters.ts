import { bucketCount, bucketOf } from "./meters/buckets.ts";

export type Tags = Readonly<Record<string, string>>;

/** Counts events; never goes down. */
export class Counter {
  #count = 0;

  increment(by = 1): void {
    if (by > 0) this.#count += by;
  }

  get count(): number {
    return this.#count;
  }
}

/** Holds the last value set. */
export class Gauge {
  #value = Number.NaN;

  set(value: number): void {
    this.#value = value;
  }

  get value(): number {
    return this.#value;
  }
}

/** Counts durations in ms: how many, how long in all, the longest, and a histogram that merges over instances. */
export class Timer {
  #count = 0;
  #totalMs = 0;
  #maxMs = 0;
  #maxBeforeMs = 0;
  readonly #buckets = new Float64Array(bucketCount);

  /** Records one duration; negative and non-finite ones are ignored. Allocates nothing. */
  record(ms: number): void {
    if (!(ms >= 0) || ms === Number.POSITIVE_INFINITY) return;
    this.#count += 1;
    this.#totalMs += ms;
    if (ms > this.#maxMs) this.#maxMs = ms;
    const bucket = bucketOf(ms);
    this.#buckets[bucket] = (this.#buckets[bucket] ?? 0) + 1;
  }

  get count(): number {
    return this.#count;
  }

  get totalMs(): number {
    return this.#totalMs;
  }

  /** The longest since the last but one call of {@link rollMax}. */
  get maxMs(): number {
    return Math.max(this.#maxMs, this.#maxBeforeMs);
  }

  get buckets(): Float64Array {
    return this.#buckets;
  }

  /** Forgets the longest of the window before this one and begins a new window. */
  rollMax(): void {
    this.#maxBeforeMs = this.#maxMs;
    this.#maxMs = 0;
  }
}
