import { bucketCount, bucketOf, type MeterSnapshot, percentile, percentileBounds } from "@holdfast/metrics";
import {
  addCounts,
  type CountedTogether,
  countedTogether,
  type InstanceCounts,
  InstanceWatch,
  noCounts,
} from "./instance-watch.ts";

/** One minute of one service. */
interface Minute {
  readonly startMs: number;
  requests: number;
  errors: number;
  readonly buckets: Float64Array;
}

export interface AggregatePoint {
  /** Wall ms, start of the minute. */
  readonly startMs: number;
  readonly requests: number;
  readonly errors: number;
  readonly p50Ms: number | null;
  readonly p99Ms: number | null;
}

export interface LastMinute {
  readonly requestsPerSecond: number | null;
  readonly errorPercent: number | null;
  readonly p99Ms: number | null;
}

interface Seen {
  /** Wall ms when the instance was last among those that are looked at. */
  lookedAtMs: number;
  readonly requests: Map<string, number>;
  readonly buckets: Map<string, Map<number, number>>;
  readonly total: InstanceCounts;
}

const minuteMs = 60_000;
const minutesKept = 24 * 60;
/** An instance that was not up for a while and comes back has not made its requests anew. */
const forgetAfterMs = 10 * minuteMs;
/** A look so long ago is as good as one now. */
const justMs = 1_500;
/** The meter every service of ours records without being asked. */
const meterName = "ipc.server.call";
/** Spectator's 276 buckets in the 78 that are kept here: a day of them would take three times the memory. */
const nsPerMs = 1e6;
const coarser = Uint8Array.from(percentileBounds, (ns) => bucketOf(ns / nsPerMs));
/** What "the last minute" is made of: the running minute and the one before, weighed by time. */
const nothing: LastMinute = { requestsPerSecond: null, errorPercent: null, p99Ms: null };

/**
 * Per service, a day of minutes of requests, errors (5xx) and latency, made from the growing counts that instances show.
 * An instance's counts are kept by its id, so a new process starts from zero by itself; counts that have become smaller are
 * those of a new process under an old id. Pure: told the time.
 */
export class GroupAggregates {
  readonly #services = new Map<string, Minute[]>();
  #firstAtMs: number | undefined;
  readonly #instances = new Map<string, Seen>();
  readonly #watches = new Set<InstanceWatch>();

  /**
   * Takes what one instance shows now. One that `startedAtMs` says is older than what is kept here has counted before we
   * looked: its first figures are where counting begins, not requests of this minute.
   */
  add(
    service: string,
    instance: string,
    snapshots: readonly MeterSnapshot[],
    nowMs: number,
    startedAtMs = nowMs,
  ): void {
    this.#firstAtMs ??= nowMs;
    const known = this.#instances.get(instance);
    const seen: Seen = known ?? { lookedAtMs: nowMs, requests: new Map(), buckets: new Map(), total: noCounts() };
    seen.lookedAtMs = nowMs;
    this.#instances.set(instance, seen);
    const isBaseline = known === undefined && startedAtMs < this.#firstAtMs;
    const counts = noCounts();
    for (const snapshot of snapshots) {
      if (snapshot.name !== meterName) continue;
      if (snapshot.kind !== "timer" && snapshot.kind !== "percentile-timer") continue;
      addSeries(counts, seen, snapshot);
    }
    addCounts(seen.total, counts);
    if (isBaseline) return;
    addCounts(this.#minute(service, nowMs), counts);
    for (const watch of this.#watches) watch.add(instance, startedAtMs, counts);
  }

  /** Begins to count what each instance does from now on, until it is closed. */
  watch(nowMs: number): InstanceWatch {
    const fresh = [...this.#instances].filter(([, seen]) => nowMs - seen.lookedAtMs <= justMs).map(([id]) => id);
    const watch = new InstanceWatch(nowMs, fresh, () => this.#watches.delete(watch));
    this.#watches.add(watch);
    return watch;
  }

  /** What these instances have done together, as far back as they tell. */
  together(instances: ReadonlySet<string>): CountedTogether {
    const all = [...this.#instances].filter(([id]) => instances.has(id)).map(([, seen]) => seen.total);
    return countedTogether(all);
  }

  /** Forgets the counts of instances that have not been looked at for ten minutes. Their part in the minutes stays. */
  forgetOld(nowMs: number): void {
    for (const [id, seen] of this.#instances) {
      if (nowMs - seen.lookedAtMs > forgetAfterMs) this.#instances.delete(id);
    }
  }

  /** The minutes of a service from `sinceMs` on, oldest first. */
  view(service: string, sinceMs: number): AggregatePoint[] {
    return (this.#services.get(service) ?? [])
      .filter((minute) => minute.startMs >= sinceMs)
      .map((minute) => ({
        startMs: minute.startMs,
        requests: minute.requests,
        errors: minute.errors,
        p50Ms: percentile(minute.buckets, 0.5) ?? null,
        p99Ms: percentile(minute.buckets, 0.99) ?? null,
      }));
  }

  /** Rates over the running minute and the one before it; nulls while nothing was measured. */
  lastMinute(service: string, nowMs: number): LastMinute {
    const startMs = Math.floor(nowMs / minuteMs) * minuteMs;
    const minutes = (this.#services.get(service) ?? []).filter((minute) => minute.startMs >= startMs - minuteMs);
    const [first] = minutes;
    if (first === undefined) return nothing;
    // A control that has just started has looked at a part of the minute only.
    const fromMs = Math.max(first.startMs, this.#firstAtMs ?? 0);
    const seconds = Math.max(5, (nowMs - fromMs) / 1_000);
    const requests = minutes.reduce((sum, minute) => sum + minute.requests, 0);
    const errors = minutes.reduce((sum, minute) => sum + minute.errors, 0);
    const buckets = first.buckets.map((count, i) =>
      minutes.slice(1).reduce((sum, minute) => sum + (minute.buckets[i] ?? 0), count),
    );
    return {
      requestsPerSecond: requests / seconds,
      errorPercent: requests === 0 ? 0 : (100 * errors) / requests,
      p99Ms: percentile(buckets, 0.99) ?? null,
    };
  }

  #minute(service: string, nowMs: number): Minute {
    const startMs = Math.floor(nowMs / minuteMs) * minuteMs;
    const minutes = this.#services.get(service) ?? [];
    this.#services.set(service, minutes);
    const last = minutes.at(-1);
    if (last !== undefined && last.startMs >= startMs) return last;
    const made = newMinute(startMs);
    minutes.push(made);
    if (minutes.length > minutesKept) minutes.shift();
    return made;
  }
}

function newMinute(startMs: number): Minute {
  return { startMs, requests: 0, errors: 0, buckets: new Float64Array(bucketCount) };
}

type Timed = Extract<MeterSnapshot, { readonly totalMs: number }>;

function addSeries(minute: InstanceCounts, seen: Seen, snapshot: Timed): void {
  const key = JSON.stringify(snapshot.tags);
  const countBefore = seen.requests.get(key) ?? 0;
  const hasRestarted = snapshot.count < countBefore;
  const requests = hasRestarted ? snapshot.count : snapshot.count - countBefore;
  seen.requests.set(key, snapshot.count);
  minute.requests += requests;
  const status = snapshot.tags["http.status"] ?? snapshot.tags["status"];
  if (status?.startsWith("5") === true) minute.errors += requests;
  const before = (hasRestarted ? undefined : seen.buckets.get(key)) ?? new Map<number, number>();
  seen.buckets.set(key, new Map(snapshot.buckets));
  for (const [bucket, count] of snapshot.buckets) {
    const index = snapshot.kind === "timer" ? bucket : (coarser[bucket] ?? bucketCount - 1);
    minute.buckets[index] = (minute.buckets[index] ?? 0) + Math.max(0, count - (before.get(bucket) ?? 0));
  }
}
