import { type Random, SeededRandom } from "@holdfast/kernel";
import { LeaseTable, leaseDefaults, Preservation } from "@holdfast/registry-server";
import { type BenchContext, size } from "../bench-context.ts";
import type { Measured } from "../figure.ts";
import { recordOf } from "./records.ts";

/** How a registry and its clients keep a lease, as documented. */
interface LeaseScheme {
  readonly name: string;
  readonly heartbeatMs: number;
  readonly expiryMs: number;
  /** The registry looks for expired leases so often. */
  readonly lookMs: number;
  /** A heartbeat that is lost is tried again so often at once (at other registries). */
  readonly retries: number;
}

/**
 * Ours; Eureka's defaults (`Lease.java`'s doubled 90 s, evicted each 60 s, self-preservation off so that it removes at
 * all); Nacos (`Constants.java`: beat 5 s, deleted after 30 s, looked at each 5 s); Consul's shortest service TTL in its
 * documents' example (10 s, refreshed at half of it) with the shortest `DeregisterCriticalServiceAfter` of one minute,
 * reaped each 30 s.
 */
const schemes: readonly LeaseScheme[] = [
  { name: "ours, fast", heartbeatMs: 3_000, expiryMs: 9_000, lookMs: 1_000, retries: 2 },
  { name: "Eureka", heartbeatMs: 30_000, expiryMs: 180_000, lookMs: 60_000, retries: 2 },
  { name: "Nacos", heartbeatMs: 5_000, expiryMs: 30_000, lookMs: 5_000, retries: 0 },
  { name: "Consul TTL", heartbeatMs: 5_000, expiryMs: 70_000, lookMs: 30_000, retries: 0 },
];

/** What the instances live through, the same for every scheme. */
const world = {
  instances: 40,
  /** Of single calls. */
  loss: 0.05,
  /** Pauses of a process (garbage collection, a host that is short of CPU): so many an hour and instance, of this median. */
  pausesPerHour: 6,
  pauseMedianMs: 1_500,
  /** The way to all registries is gone: so many an hour and instance, of this median. */
  cutsPerHour: 2,
  cutMedianMs: 2_500,
} as const;

interface Span {
  readonly fromMs: number;
  readonly toMs: number;
}

/** Live instances taken out an hour under load, pauses and loss, and how long a dead one stays: two sides of one choice. */
export async function* falseRemovals(context: BenchContext): AsyncGenerator<Measured> {
  const hours = size(context, 1, 24);
  for (const scheme of schemes) {
    const random = new SeededRandom(7);
    let [removals, longest, freshWorst] = [0, 0, 0];
    for (let i = 0; i < world.instances; i++) {
      const stops = troubles(random.child(`${i}`), hours);
      const life = scheme === schemes[0] ? lifeInOurs : lifeInModel;
      removals += life(scheme, stops, random.child(`${scheme.name}-${i}`), hours * 3_600_000);
      for (const { fromMs, toMs } of stops) longest = Math.max(longest, toMs - fromMs);
      freshWorst = Math.max(freshWorst, scheme.expiryMs + scheme.lookMs);
    }
    const perHour = removals / (world.instances * hours);
    yield {
      case: `${scheme.name}: live instances removed an hour and instance`,
      ours: perHour,
      unit: "/h",
      note:
        `${removals} in ${world.instances} × ${hours} h with ${world.loss * 100} % loss, ${world.pausesPerHour} pauses/h (median ${world.pauseMedianMs / 1_000} s), ` +
        `${world.cutsPerHour} cuts/h (median ${world.cutMedianMs / 1_000} s), the longest ${(longest / 1_000).toFixed(0)} s; a dead one stays up to ${freshWorst / 1_000} s at the registry itself`,
    };
  }
}

/** When an instance cannot renew: lognormal lengths, so that most are short and a few are very long. */
function troubles(random: Random, hours: number): Span[] {
  const spans: Span[] = [];
  const add = (perHour: number, medianMs: number): void => {
    for (let i = 0; i < perHour * hours; i++) {
      const fromMs = random.next() * hours * 3_600_000;
      const normal = Math.sqrt(-2 * Math.log(1 - random.next())) * Math.cos(2 * Math.PI * random.next());
      spans.push({ fromMs, toMs: fromMs + medianMs * Math.exp(0.6 * normal) });
    }
  };
  add(world.pausesPerHour, world.pauseMedianMs);
  add(world.cutsPerHour, world.cutMedianMs);
  return spans.sort((a, b) => a.fromMs - b.fromMs);
}

/** When the heartbeats of one life arrive: late by a pause, lost by chance. */
function* heartbeats(scheme: LeaseScheme, stops: readonly Span[], random: Random, endMs: number): Generator<number> {
  let next = 0;
  for (let atMs = 0; atMs < endMs; atMs += scheme.heartbeatMs * (0.9 + 0.2 * random.next())) {
    while ((stops[next]?.toMs ?? endMs) < atMs) next += 1;
    const stop = stops[next];
    if (stop !== undefined && stop.fromMs <= atMs) atMs = stop.toMs;
    const lost = Array.from({ length: scheme.retries + 1 }, () => random.next() < world.loss);
    if (lost.includes(false)) yield atMs;
  }
}

/** The lease as a rule: removed when a look finds it older than its time; back with the next heartbeat. */
function lifeInModel(scheme: LeaseScheme, stops: readonly Span[], random: Random, endMs: number): number {
  let [last, removals] = [0, 0];
  for (const atMs of heartbeats(scheme, stops, random, endMs)) {
    const firstLookMs = Math.ceil((last + scheme.expiryMs) / scheme.lookMs) * scheme.lookMs;
    if (firstLookMs < atMs) removals += 1;
    last = atMs;
  }
  return removals;
}

/** The real lease table, told the time. */
function lifeInOurs(scheme: LeaseScheme, stops: readonly Span[], random: Random, endMs: number): number {
  let removals = 0;
  const observer = {
    changed: (change: { readonly removal?: unknown }) => void (removals += change.removal === undefined ? 0 : 1),
    tell: () => {},
    noted: () => {},
  };
  const time = { nowMs: () => 0, stamp: () => 1 };
  const table = new LeaseTable("a", 1, time, new Preservation(), observer, leaseDefaults);
  const record = recordOf("i-1", { incarnation: 1 });
  const reach = { anyDown: false, allDown: false, anyPeers: true };
  let lookMs = 0;
  for (const atMs of heartbeats(scheme, stops, random, endMs)) {
    for (; lookMs < atMs; lookMs += scheme.lookMs) table.expire(lookMs, reach);
    if (!table.renew(record.app, record.id, record, atMs)) table.register(record, atMs);
  }
  return removals;
}
