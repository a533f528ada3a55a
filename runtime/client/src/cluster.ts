import type { Clock, Random, Timer } from "@holdfast/kernel";
import type { Timeouts } from "@holdfast/resilience";
import type { AttemptReport, CallReport, InstanceRecord } from "@holdfast/wire";
import type { AppOptions } from "./app-options.ts";
import { RecentLatency } from "./latency.ts";
import type { ClientOptions } from "./options.ts";
import { HostHealth } from "./outlier/host-health.ts";
import { OutlierDetector } from "./outlier/outlier-detector.ts";
import { outlierOptions } from "./outlier/outlier-options.ts";
import { RecentCalls } from "./recent-calls.ts";
import { RetryBudget } from "./retry-budget.ts";
import { ServerPool, vanishedGraceMs } from "./server-pool.ts";
import { type CallersByZone, ServerSet } from "./server-set.ts";

/** However slow everything is. */
const slowHedgeMs = 2_000;
/** New servers are warmed up within so long, each caller at a moment of its own. */
const warmUpSpreadMs = 500;
/** Hedges come at multiples of this, so that few lists hold all of them. */
const hedgeStepMs = 10;

/** What the pick of a server depends on, of the call. */
export interface PickHints {
  readonly hashKey?: string | undefined;
  readonly stickyTo?: string | undefined;
}

/** All servers of one app as this caller knows them, with its budget and its idea of their speed. */
export class Cluster {
  readonly app: string;
  readonly clock: Clock;
  readonly settings: AppOptions;
  readonly budget: RetryBudget;
  readonly latency = new RecentLatency();
  /** Since the process began. */
  calls = 0;
  retries = 0;
  hedges = 0;
  budgetRefused = 0;
  readonly #random: Random;
  readonly #timeouts: Timeouts;
  readonly #recent = new RecentCalls();
  readonly #warming = new Set<Timer>();
  readonly #leaving = new Map<ServerPool, Timer>();
  #servers: readonly ServerPool[] = [];
  readonly set: ServerSet<ServerPool>;
  readonly detector: OutlierDetector;

  constructor(
    app: string,
    clock: Clock,
    random: Random,
    timeouts: Timeouts,
    settings: AppOptions,
    callers: CallersByZone = () => new Map(),
  ) {
    this.app = app;
    this.clock = clock;
    this.settings = settings;
    const options = settings.current;
    this.#random = random;
    this.set = new ServerSet(random.child("pick"), callers, options);
    this.detector = new OutlierDetector(clock, random.child("outliers"), outlierOptions(options.outlier), options, () =>
      this.set.markStale(),
    );
    this.#timeouts = timeouts;
    this.budget = new RetryBudget(options.budgetShare, options.budgetPerSecond, clock.monotonicMs());
    settings.onChange((now) => {
      this.detector.options = outlierOptions(now.outlier);
      this.detector.outOfReach = now;
      this.budget.configure(now.budgetShare, now.budgetPerSecond);
      this.set.configure(now);
    });
  }

  get options(): ClientOptions {
    return this.settings.current;
  }

  get servers(): readonly ServerPool[] {
    return this.#servers;
  }

  /** The latest calls that needed more than one try or failed, latest last. */
  get recentCalls(): readonly CallReport[] {
    return this.#recent.list();
  }

  /**
   * Takes the registry's new list. A server that is not UP any more gets no new call and its idle connections are closed
   * at once (that is what a draining server waits for); a new identity at an old address gets connections of its own.
   */
  update(records: readonly InstanceRecord[]): void {
    const nowMs = this.clock.monotonicMs();
    const known = new Map(this.#servers.map((server) => [identityOf(server.record), server]));
    const next: ServerPool[] = [];
    // A fresh start must not slow itself down: who is there from the beginning is as warm as all the others.
    const sinceMs = this.#servers.length === 0 ? Number.NEGATIVE_INFINITY : nowMs;
    for (const record of records) {
      const server = known.get(identityOf(record));
      if (record.status === "UP") {
        server?.describe(record);
        next.push(server ?? this.#newServer(record, nowMs, sinceMs));
      } else server?.retire();
    }
    const listed = new Set(records.map(identityOf));
    const kept = new Set(next);
    for (const [identity, server] of known) {
      if (kept.has(server)) continue;
      server.retire();
      if (!listed.has(identity)) this.#destroyLater(server);
    }
    this.#servers = next;
    this.detector.watch(next.map((server) => server.health));
    this.set.list(next);
  }

  /** A server for the next try of a call that has tried `tried`. */
  pick(tried: readonly ServerPool[], hints: PickHints, idempotent: boolean, nowMs: number): ServerPool | undefined {
    return this.set.pick(tried, hints, idempotent, nowMs);
  }

  /** Where a try waits until it is time to ask a second server. */
  hedgeList(): ReturnType<Timeouts["list"]> {
    return this.#timeouts.list(Math.ceil(this.hedgeAfterMs() / hedgeStepMs) * hedgeStepMs);
  }

  /**
   * When to ask a second server: three times the usual slow answer, within the stated bounds. Where even usual answers
   * take longer than that, everything is slow: asking twice would only make it slower, and waits twice the usual.
   */
  hedgeAfterMs(): number {
    const { hedgeMinMs, hedgeMaxMs, tryTimeoutMs } = this.options;
    const afterMs = this.#hedgeAfterMs(hedgeMinMs, hedgeMaxMs);
    return tryTimeoutMs > 0 ? Math.min(afterMs, tryTimeoutMs) : afterMs;
  }

  #hedgeAfterMs(hedgeMinMs: number, hedgeMaxMs: number): number {
    const p95Ms = this.latency.p95Ms;
    if (p95Ms === undefined) return hedgeMaxMs;
    if (p95Ms > hedgeMaxMs / 2) return Math.min(slowHedgeMs, Math.max(hedgeMaxMs, 2 * p95Ms));
    return Math.min(hedgeMaxMs, Math.max(hedgeMinMs, 3 * p95Ms));
  }

  /** Keeps a call that people may want to look at. */
  keep(
    request: { readonly method: string; readonly path: string },
    startedAtMs: number,
    outcome: string,
    attempts: readonly AttemptReport[],
  ): void {
    this.#recent.add(this.clock, request, startedAtMs, outcome, attempts);
  }

  /** Ends all connections, those of servers that have left too. */
  close(): Promise<void[]> {
    this.settings.close();
    for (const timer of this.#leaving.values()) timer.cancel();
    for (const timer of this.#warming) timer.cancel();
    const all = [...this.#servers, ...this.#leaving.keys()];
    return Promise.all(all.map((server) => server.destroy()));
  }

  #newServer(record: InstanceRecord, nowMs: number, sinceMs: number): ServerPool {
    const { connectionAgeMaxMs } = this.options;
    const ageMs =
      connectionAgeMaxMs === 0 ? Number.POSITIVE_INFINITY : connectionAgeMaxMs * (0.9 + 0.2 * this.#random.next());
    const health = new HostHealth(record.id, this.detector);
    const server = new ServerPool(record, health, this.options, nowMs, sinceMs, ageMs);
    if (this.options.warmUpPath !== undefined) this.#warmUpSoon(server, this.options.warmUpPath);
    return server;
  }

  /** Not at once: all callers hear of a new server in the same moment. */
  #warmUpSoon(server: ServerPool, path: string): void {
    const timer = this.clock.after(this.#random.next() * warmUpSpreadMs, () => {
      this.#warming.delete(timer);
      server.warmUp(path);
    });
    this.#warming.add(timer);
  }

  #destroyLater(server: ServerPool): void {
    const timer = this.clock.after(vanishedGraceMs, () => {
      this.#leaving.delete(server);
      void server.destroy();
    });
    this.#leaving.set(server, timer);
  }
}

/** A server that was told it is out of service and is UP again counts as the same. Another start does not. */
function identityOf(record: InstanceRecord): string {
  return `${record.id}/${record.incarnation}/${record.address}:${record.port}`;
}
