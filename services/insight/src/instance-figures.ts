import type { MeterSnapshot } from "@holdfast/metrics";

/** Names of what is told of an instance without being asked for by its meter's name. */
export type InstanceFigure = "cpuPercent" | "requestsPerSecond" | "errorPercent";

/** Growing counts of one instance at one moment, and the gauges that somebody wants. */
interface Sample {
  readonly atMs: number;
  readonly cpuSeconds: number | undefined;
  readonly requests: number;
  readonly errors: number;
  /** Meter name → a counter's count, or a gauge's value. */
  readonly wanted: ReadonlyMap<string, Wanted>;
}

interface Wanted {
  readonly isCount: boolean;
  readonly value: number;
}

interface Seen {
  /** Wall ms: among those in service from … to. */
  firstMs: number;
  lastMs: number;
  readonly samples: Sample[];
}

/** Two hours at a look each ten seconds: an alarm of 120 periods of a minute can look back so far. */
const keptMs = 2 * 3_600_000;
/** Looks are ten seconds apart: an instance that was there at one and not at the next went half-way between, as far as we know. */
const halfLookMs = 5_000;
/** A process that began so recently showed its first figures at once; they are all of this moment's making. */
const youngMs = 30_000;
const cpuMeter = "nodejs.cpu";
const callMeter = "ipc.server.call";

/**
 * Two hours of what each instance did: processor time, requests, errors, and meters asked for by name. Made from the growing
 * counts that instances show; a count that has become smaller is that of a new process under an old id. Pure: told the time.
 */
export class InstanceFigures {
  readonly #instances = new Map<string, Seen>();
  readonly #wanted = new Set<string>();
  #lookedAtMs = 0;

  /** These are in service now, whether they show anything or not. */
  look(instances: Iterable<string>, nowMs: number): void {
    this.#lookedAtMs = nowMs;
    for (const id of instances) {
      const seen = this.#instances.get(id);
      if (seen === undefined) this.#instances.set(id, { firstMs: nowMs, lastMs: nowMs, samples: [] });
      else seen.lastMs = nowMs;
    }
    for (const [id, seen] of this.#instances) if (nowMs - seen.lastMs > keptMs) this.#instances.delete(id);
  }

  /** Takes what one instance shows now; `startedAtMs` is when its process began, with all counts at zero. */
  add(instance: string, snapshots: readonly MeterSnapshot[], nowMs: number, startedAtMs: number): void {
    const seen = this.#instances.get(instance);
    if (seen === undefined) return;
    const sample = sampleOf(snapshots, nowMs, this.#wanted);
    const last = seen.samples.at(-1);
    const isAnew =
      last !== undefined && (sample.requests < last.requests || isLess(sample.cpuSeconds, last.cpuSeconds));
    if (isAnew) seen.samples.length = 0;
    if (seen.samples.length === 0 && startedAtMs < nowMs && nowMs - startedAtMs < youngMs) {
      const cpuSeconds = sample.cpuSeconds === undefined ? undefined : 0;
      seen.samples.push({ atMs: startedAtMs, cpuSeconds, requests: 0, errors: 0, wanted: new Map() });
    }
    seen.samples.push(sample);
    const old = seen.samples.findIndex((item) => nowMs - item.atMs <= keptMs);
    if (old > 0) seen.samples.splice(0, old);
  }

  /** From when to when, within these times, an instance was in service; `undefined`: it was not. */
  presence(
    instance: string,
    fromMs: number,
    toMs: number,
  ): { readonly fromMs: number; readonly toMs: number } | undefined {
    const seen = this.#instances.get(instance);
    if (seen === undefined) return undefined;
    const isStillThere = seen.lastMs === this.#lookedAtMs;
    const first = Math.max(fromMs, seen.firstMs);
    const last = isStillThere ? toMs : Math.min(toMs, seen.lastMs + halfLookMs);
    return first < last ? { fromMs: first, toMs: last } : undefined;
  }

  /** Every instance that was seen in the last two hours. */
  known(): IterableIterator<string> {
    return this.#instances.keys();
  }

  /** What an instance did from … to; `undefined` when less than half of that time is known. */
  figure(instance: string, figure: InstanceFigure, fromMs: number, toMs: number): number | undefined {
    const ends = this.#ends(instance, fromMs, toMs);
    if (ends === undefined) return undefined;
    const [a, b] = ends;
    const seconds = (b.atMs - a.atMs) / 1_000;
    const requests = b.requests - a.requests;
    switch (figure) {
      case "requestsPerSecond":
        return requests / seconds;
      case "errorPercent":
        return requests <= 0 ? 0 : (100 * (b.errors - a.errors)) / requests;
      case "cpuPercent":
        if (a.cpuSeconds === undefined || b.cpuSeconds === undefined) return undefined;
        return (100 * (b.cpuSeconds - a.cpuSeconds)) / seconds;
    }
  }

  /** A meter of the program's own: a counter's rate a second, a gauge's mean. From the first time it is asked for on. */
  meter(instance: string, name: string, fromMs: number, toMs: number): number | undefined {
    this.#wanted.add(name);
    const ends = this.#ends(instance, fromMs, toMs);
    const last = ends?.[1].wanted.get(name);
    if (ends === undefined || last === undefined) return undefined;
    const [a, b] = ends;
    if (last.isCount) {
      const first = a.wanted.get(name);
      return first === undefined ? undefined : ((last.value - first.value) * 1_000) / (b.atMs - a.atMs);
    }
    const values = (this.#instances.get(instance)?.samples ?? [])
      .filter(({ atMs }) => atMs > fromMs && atMs <= toMs)
      .flatMap((sample) => sample.wanted.get(name)?.value ?? []);
    return values.length === 0 ? undefined : values.reduce((sum, value) => sum + value, 0) / values.length;
  }

  /** What the counts were at both ends, as far as they are known. */
  #ends(instance: string, fromMs: number, toMs: number): readonly [Sample, Sample] | undefined {
    const samples = this.#instances.get(instance)?.samples;
    if (samples === undefined) return undefined;
    const a = at(samples, fromMs, "first");
    const b = at(samples, toMs, "last");
    return a === undefined || b === undefined || b.atMs - a.atMs < (toMs - fromMs) / 2 ? undefined : [a, b];
  }
}

/** The counts at a moment, by a line between the samples around it; outside of them, the nearest on the inner side. */
function at(samples: readonly Sample[], atMs: number, edge: "first" | "last"): Sample | undefined {
  const next = samples.findIndex((sample) => sample.atMs >= atMs);
  const after = next < 0 ? undefined : samples[next];
  const before = next < 0 ? samples.at(-1) : samples[next - 1];
  if (after === undefined || before === undefined) return edge === "first" ? after : before;
  const share = (atMs - before.atMs) / (after.atMs - before.atMs);
  const between = (a: number, b: number): number => a + (b - a) * share;
  const wanted = new Map<string, Wanted>();
  for (const [name, { isCount, value }] of after.wanted) {
    const then = before.wanted.get(name);
    if (then !== undefined || !isCount) wanted.set(name, { isCount, value: between(then?.value ?? value, value) });
  }
  const hasCpu = before.cpuSeconds !== undefined && after.cpuSeconds !== undefined;
  return {
    atMs,
    cpuSeconds: hasCpu ? between(before.cpuSeconds, after.cpuSeconds) : undefined,
    requests: between(before.requests, after.requests),
    errors: between(before.errors, after.errors),
    wanted,
  };
}

function sampleOf(snapshots: readonly MeterSnapshot[], atMs: number, wantedNames: ReadonlySet<string>): Sample {
  let cpuSeconds: number | undefined;
  let requests = 0;
  let errors = 0;
  const wanted = new Map<string, Wanted>();
  for (const snapshot of snapshots) {
    if (snapshot.name === cpuMeter && snapshot.kind === "counter") cpuSeconds = (cpuSeconds ?? 0) + snapshot.count;
    if (snapshot.name === callMeter && "totalMs" in snapshot) {
      requests += snapshot.count;
      const status = snapshot.tags["http.status"] ?? snapshot.tags["status"];
      if (status?.startsWith("5") === true) errors += snapshot.count;
    }
    if (!wantedNames.has(snapshot.name)) continue;
    const isCount = snapshot.kind !== "gauge";
    const value = snapshot.kind === "gauge" ? snapshot.value : snapshot.count;
    wanted.set(snapshot.name, { isCount, value: (wanted.get(snapshot.name)?.value ?? 0) + value });
  }
  return { atMs, cpuSeconds, requests, errors, wanted };
}

function isLess(now: number | undefined, before: number | undefined): boolean {
  return now !== undefined && before !== undefined && now < before;
}
