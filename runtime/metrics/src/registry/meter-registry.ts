import { wholeBetween } from "@holdfast/kernel";
import { Counter } from "../meters/counter.ts";
import { Distribution } from "../meters/distribution.ts";
import { DistributionSummary } from "../meters/distribution-summary.ts";
import { Gauge } from "../meters/gauge.ts";
import { MaxGauge } from "../meters/max-gauge.ts";
import type { Meter } from "../meters/meter.ts";
import { PercentileDistributionSummary } from "../meters/percentile-summary.ts";
import { type PercentileRange, PercentileTimer } from "../meters/percentile-timer.ts";
import type { Tags } from "../meters/tags.ts";
import { Timer } from "../meters/timer.ts";
import { type MeterKind, NameGroup } from "./name-group.ts";
import { type MeterSnapshot, snapshotOf } from "./snapshot.ts";

export interface MeterRegistryOptions {
  /** Series (tag combinations) kept for one name; more go into one series tagged `overflow=true`. Default 1 000. */
  readonly seriesMax: number;
  /** Names; the meters of more are counted nowhere but in `metrics.names.refused`. Default 10 000. */
  readonly namesMax: number;
  /** What is not used for so long is let go. Default 900 000 ms (Atlas' `meterTTL`). */
  readonly ttlMs: number;
}

export const meterRegistryDefaults: MeterRegistryOptions = { seriesMax: 1_000, namesMax: 10_000, ttlMs: 900_000 };

const noTags: Tags = Object.freeze({});
const maxWindowMs = 60_000;

/**
 * The meters of one process. Resolve a meter once and keep it: using one allocates nothing. Looking one up by name and tags
 * builds no key either; with a frozen tags object it is quickest.
 *
 * What nobody uses for 15 min is let go: gauges are shown no more, counts are shown as long as somebody keeps the meter.
 *
 * @throws TypeError from each way to a meter when another kind of meter has the same name and tags.
 */
export class MeterRegistry {
  readonly #names = new Map<string, NameGroup>();
  readonly #options: MeterRegistryOptions;
  readonly #reads = new Set<() => void>();
  #windowFromMs = 0;

  /** @throws OptionError for a limit below 1. */
  constructor(options: Partial<MeterRegistryOptions> = {}) {
    const { seriesMax, namesMax, ttlMs } = { ...meterRegistryDefaults, ...options };
    this.#options = {
      seriesMax: wholeBetween("seriesMax", seriesMax, 1, 1_000_000),
      namesMax: wholeBetween("namesMax", namesMax, 1, 1_000_000),
      ttlMs: wholeBetween("ttlMs", ttlMs, 1, Number.MAX_SAFE_INTEGER),
    };
  }

  counter(name: string, tags: Tags = noTags): Counter {
    return this.#find(name, tags, Counter) ?? this.#resolve(name, tags, Counter, () => new Counter());
  }

  gauge(name: string, tags: Tags = noTags): Gauge {
    return this.#find(name, tags, Gauge) ?? this.#resolve(name, tags, Gauge, () => new Gauge());
  }

  maxGauge(name: string, tags: Tags = noTags): MaxGauge {
    return this.#find(name, tags, MaxGauge) ?? this.#resolve(name, tags, MaxGauge, () => new MaxGauge());
  }

  timer(name: string, tags: Tags = noTags): Timer {
    return this.#find(name, tags, Timer) ?? this.#resolve(name, tags, Timer, () => new Timer());
  }

  summary(name: string, tags: Tags = noTags): DistributionSummary {
    const kind = DistributionSummary;
    return this.#find(name, tags, kind) ?? this.#resolve(name, tags, kind, () => new DistributionSummary());
  }

  /** The range (ms) is that of who asks first; default: none. */
  percentileTimer(name: string, tags: Tags = noTags, rangeMs?: PercentileRange): PercentileTimer {
    const kind = PercentileTimer;
    return this.#find(name, tags, kind) ?? this.#resolve(name, tags, kind, timerIn(rangeMs));
  }

  /** The range is that of who asks first; default: none. */
  percentileSummary(name: string, tags: Tags = noTags, range?: PercentileRange): PercentileDistributionSummary {
    const kind = PercentileDistributionSummary;
    return this.#find(name, tags, kind) ?? this.#resolve(name, tags, kind, summaryIn(range));
  }

  /**
   * Calls `bring` each time before somebody reads, for values that cost something to know: nobody looks, nothing runs. What it
   * throws is counted in `metrics.polls.failed`. Returns the way to end it.
   */
  beforeRead(bring: () => void): () => void {
    this.#reads.add(bring);
    return () => void this.#reads.delete(bring);
  }

  /**
   * All series now. `nowMs` (monotonic) lets the maxima forget what is older than a minute or two and lets go what is not
   * used; without it, all is kept.
   */
  snapshot(nowMs?: number): MeterSnapshot[] {
    if (nowMs !== undefined) this.#rollMaxima(nowMs);
    const snapshots: MeterSnapshot[] = [];
    this.read(nowMs, (name, tags, meter) => {
      const snapshot = snapshotOf(name, tags, meter);
      if (snapshot !== undefined) snapshots.push(snapshot);
    });
    return snapshots;
  }

  /** Shows `visit` every meter that is there, after {@link beforeRead}; as in {@link snapshot}, `nowMs` lets old ones go. */
  read(nowMs: number | undefined, visit: (name: string, tags: Tags, meter: Meter) => void): void {
    for (const bring of this.#reads) {
      try {
        bring();
      } catch {
        this.counter("metrics.polls.failed").increment();
      }
    }
    if (nowMs !== undefined) this.#sweep(nowMs);
    for (const group of this.#groups()) {
      for (const series of group.series) {
        const meter = series.alive;
        const isOver = series.meter === undefined && (meter instanceof Gauge || meter instanceof MaxGauge);
        if (meter !== undefined && !isOver) visit(series.name, series.tags, meter);
      }
    }
  }

  #find<M extends Meter>(name: string, tags: Tags, kind: abstract new (...args: never[]) => M): M | undefined {
    const group = this.#names.get(name);
    const found = group?.kind === kind ? group.find(tags) : group?.of(kind)?.find(tags);
    // A group holds meters of its kind alone.
    return found as M | undefined;
  }

  #resolve<M extends Meter>(
    name: string,
    tags: Tags,
    kind: MeterKind & (new (...args: never[]) => M),
    make: () => M,
  ): M {
    const named = this.#names.get(name);
    let group = named?.of(kind);
    if (group === undefined) {
      if (named === undefined && this.#names.size >= this.#options.namesMax) return this.#refused(make);
      refuseTaken(named, undefined, tags, kind);
      group = new NameGroup(name, kind);
      group.next = named;
      this.#names.set(name, group);
    } else refuseTaken(named, group, tags, kind);
    return group.resolve(tags, this.#options.seriesMax, make) as M;
  }

  #refused<M extends Meter>(make: () => M): M {
    const name = "metrics.names.refused";
    const group = this.#names.get(name) ?? new NameGroup(name, Counter);
    this.#names.set(name, group);
    const refused = group.resolve(noTags, 1, () => new Counter());
    if (refused instanceof Counter) refused.increment();
    return make();
  }

  #rollMaxima(nowMs: number): void {
    if (nowMs - this.#windowFromMs < maxWindowMs) return;
    this.#windowFromMs = nowMs;
    for (const group of this.#groups()) {
      for (const { alive } of group.series) {
        if (alive instanceof Distribution || alive instanceof MaxGauge) alive.recent.roll();
      }
    }
  }

  #sweep(nowMs: number): void {
    for (const [name, first] of this.#names) {
      let kept: NameGroup | undefined;
      for (let group: NameGroup | undefined = first; group !== undefined; ) {
        const { next }: { next: NameGroup | undefined } = group;
        if (!group.sweep(nowMs, this.#options.ttlMs)) {
          group.next = kept;
          kept = group;
        }
        group = next;
      }
      if (kept === undefined) this.#names.delete(name);
      else if (kept !== first) this.#names.set(name, kept);
    }
  }

  *#groups(): Generator<NameGroup> {
    for (const first of this.#names.values()) {
      for (let group: NameGroup | undefined = first; group !== undefined; group = group.next) yield group;
    }
  }
}

// Not written where they are used: a closure there would cost every look-up the memory of what it closes over.
function timerIn(rangeMs: PercentileRange | undefined): () => PercentileTimer {
  return () => new PercentileTimer(rangeMs);
}

function summaryIn(range: PercentileRange | undefined): () => PercentileDistributionSummary {
  return () => new PercentileDistributionSummary(range);
}

function refuseTaken(first: NameGroup | undefined, own: NameGroup | undefined, tags: Tags, kind: MeterKind): void {
  for (let group = first; group !== undefined; group = group.next) {
    if (group !== own && group.has(tags)) {
      throw new TypeError(`${group.name}: is already a ${group.kind.name}, not a ${kind.name}`);
    }
  }
}
