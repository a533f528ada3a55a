import { wholeBetween } from "@holdfast/kernel";
import { Counter, Gauge, type Tags, Timer } from "./meters.ts";

export interface MeterRegistryOptions {
  /** Series (tag combinations) kept for one name; more go into one series tagged `overflow=true`. Default 1 000. */
  readonly seriesMax: number;
}

export const meterRegistryDefaults: MeterRegistryOptions = { seriesMax: 1_000 };

/** One series at one moment. All counts only ever grow while the process lives. */
export type MeterSnapshot =
  | { readonly kind: "counter"; readonly name: string; readonly tags: Tags; readonly count: number }
  | { readonly kind: "gauge"; readonly name: string; readonly tags: Tags; readonly value: number }
  | {
      readonly kind: "timer";
      readonly name: string;
      readonly tags: Tags;
      readonly count: number;
      readonly totalMs: number;
      /** The longest of the last minute or two. */
      readonly maxMs: number;
      /** `[bucket index, count]` for the buckets that are not empty. */
      readonly buckets: readonly (readonly [number, number])[];
    };

type Meter = Counter | Gauge | Timer;

type MeterKind = new () => Meter;

interface Series {
  readonly name: string;
  readonly tags: Tags;
  readonly meter: Meter;
}

const overflowTags: Tags = { overflow: "true" };
const maxWindowMs = 60_000;

/**
 * The meters of one process. Resolve a meter once and keep it: looking one up builds a key, using one allocates nothing.
 *
 * @throws TypeError from `counter`, `timer`, `gauge` when the name is already used by another kind of meter.
 */
export class MeterRegistry {
  readonly #series = new Map<string, Series>();
  readonly #names = new Map<string, { readonly kind: MeterKind; series: number }>();
  readonly #seriesMax: number;
  #windowFromMs = 0;

  constructor(options: Partial<MeterRegistryOptions> = {}) {
    this.#seriesMax = wholeBetween("seriesMax", options.seriesMax ?? meterRegistryDefaults.seriesMax, 1, 1_000_000);
  }

  counter(name: string, tags: Tags = {}): Counter {
    return this.#resolve(name, tags, Counter);
  }

  timer(name: string, tags: Tags = {}): Timer {
    return this.#resolve(name, tags, Timer);
  }

  gauge(name: string, tags: Tags = {}): Gauge {
    return this.#resolve(name, tags, Gauge);
  }

  /**
   * All series now, in the order in which they were made. `nowMs` (monotonic) lets the timers' `maxMs` forget what is
   * older than a minute or two; without it they keep the longest ever.
   */
  snapshot(nowMs?: number): MeterSnapshot[] {
    if (nowMs !== undefined) this.#rollMaxima(nowMs);
    return [...this.#series.values()].map(snapshotOf);
  }

  #resolve<M extends Meter>(name: string, tags: Tags, kind: new () => M): M {
    const key = keyOf(name, tags);
    const known = this.#series.get(key)?.meter;
    if (known instanceof kind) return known;
    const named = this.#names.get(name) ?? { kind, series: 0 };
    if (named.kind !== kind) throw new TypeError(`${name}: is already a ${named.kind.name}, not a ${kind.name}`);
    if (named.series >= this.#seriesMax && tags !== overflowTags) return this.#resolve(name, overflowTags, kind);
    named.series += 1;
    this.#names.set(name, named);
    const meter = new kind();
    this.#series.set(key, { name, tags: { ...tags }, meter });
    return meter;
  }

  #rollMaxima(nowMs: number): void {
    if (nowMs - this.#windowFromMs < maxWindowMs) return;
    this.#windowFromMs = nowMs;
    for (const { meter } of this.#series.values()) if (meter instanceof Timer) meter.rollMax();
  }
}

function keyOf(name: string, tags: Tags): string {
  let key = name;
  for (const tag of Object.keys(tags).sort()) key += `\u0000${tag}\u0001${tags[tag] ?? ""}`;
  return key;
}

function snapshotOf({ name, tags, meter }: Series): MeterSnapshot {
  if (meter instanceof Counter) return { kind: "counter", name, tags, count: meter.count };
  if (meter instanceof Gauge) return { kind: "gauge", name, tags, value: meter.value };
  const buckets: (readonly [number, number])[] = [];
  for (const [index, count] of meter.buckets.entries()) if (count > 0) buckets.push([index, count]);
  return { kind: "timer", name, tags, count: meter.count, totalMs: meter.totalMs, maxMs: meter.maxMs, buckets };
}
