import type { Clock, Log, Timer } from "@holdfast/kernel";
import type { InstanceRecord, ProbeView } from "@holdfast/wire";
import { keyOf } from "./lease.ts";
import type { LeaseTable } from "./lease-table.ts";
import type { ProbeCall, Probed } from "./probe.ts";
import { RegistryMeters } from "./registry-meters.ts";

export interface ProberOptions {
  readonly kind: "tcp" | "http";
  /** Where we stand: one vantage zone. */
  readonly zone: string;
  /** Each instance is looked at so often, as far as the budget allows. */
  readonly intervalMs: number;
  /** Probes per second at most. */
  readonly perSecondMax: number;
  readonly timeoutMs: number;
}

/** Twice a second finds a death within a second; 400 connections a second cost about 3 % of a core. */
export const proberDefaults: Omit<ProberOptions, "kind" | "zone"> = {
  intervalMs: 500,
  perSecondMax: 400,
  timeoutMs: 400,
};

/** A peer that can be asked for a second opinion. */
export interface Vantage {
  readonly zone: string | undefined;
  readonly isUp: boolean;
  /** What it sees of that instance now; `undefined` when it does not answer or does not know it. */
  probe(app: string, id: string): Promise<ProbeView | undefined>;
}

/** A verdict older than this says nothing. */
const freshMs = 3_000;
const sliceMs = 50;

interface Seen {
  readonly views: Map<string, ProbeView & { readonly atMs: number }>;
  asking: boolean;
}

/**
 * Looks whether instances are dead before their leases tell. A port that refuses connections, seen from two zones, ends
 * an instance at once; a prober that is itself cut off sees silence, not refusal, and ends nobody.
 */
export class Prober {
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #table: LeaseTable;
  readonly #options: ProberOptions;
  readonly #call: ProbeCall;
  readonly #vantages: () => readonly Vantage[];
  readonly #meters: RegistryMeters;
  readonly #seen = new Map<string, Seen>();
  #queue: string[] = [];
  #roundAtMs = 0;
  #timer: Timer | undefined;

  constructor(
    clock: Clock,
    log: Log,
    table: LeaseTable,
    options: ProberOptions,
    call: ProbeCall,
    vantages: () => readonly Vantage[],
    meters: RegistryMeters = new RegistryMeters(),
  ) {
    this.#meters = meters;
    this.#clock = clock;
    this.#log = log;
    this.#table = table;
    this.#options = options;
    this.#call = call;
    this.#vantages = vantages;
  }

  start(): void {
    this.#timer ??= this.#clock.every(sliceMs, () => this.#slice());
  }

  stop(): void {
    this.#timer?.cancel();
  }

  /** What the probes add up to, for self-preservation: refusal counts once the lease is over; only HTTP proves life. */
  probedAs(key: string): "dead" | "alive" | undefined {
    const nowMs = this.#clock.monotonicMs();
    let answer: "alive" | undefined;
    for (const view of this.#seen.get(key)?.views.values() ?? []) {
      if (nowMs - view.atMs > freshMs) continue;
      if (view.verdict === "dead") return "dead";
      // A frozen process still accepts connections: the system does that for it.
      if (view.verdict === "alive" && this.#options.kind === "http") answer = "alive";
    }
    return answer;
  }

  views(key: string): ProbeView[] {
    const views = this.#seen.get(key)?.views.values() ?? [];
    return Array.from(views, ({ zone, verdict, at, detail }) => ({ zone, verdict, at, detail }));
  }

  /** Looks now, for a peer that asks for a second opinion. */
  async look(record: InstanceRecord): Promise<ProbeView> {
    const probed = await this.#call(record, this.#options.kind, this.#options.timeoutMs);
    this.#meters.probed(probed.verdict);
    return this.#note(keyOf(record.app, record.id), this.#options.zone, probed);
  }

  #slice(): void {
    const nowMs = this.#clock.monotonicMs();
    if (this.#queue.length === 0 && nowMs - this.#roundAtMs >= this.#options.intervalMs) {
      this.#roundAtMs = nowMs;
      this.#queue = this.#ours();
      for (const key of this.#seen.keys()) if (!this.#isKnown(key)) this.#seen.delete(key);
    }
    const count = Math.ceil((this.#options.perSecondMax * sliceMs) / 1_000);
    for (const key of this.#queue.splice(0, count)) {
      const lease = this.#table.leaseAt(key);
      if (lease !== undefined) void this.#probe(lease.record);
    }
  }

  /** Each peer looks after its own zone, and after zones where no peer answers. */
  #ours(): string[] {
    const covered = new Set(this.#vantages().flatMap((one) => (one.isUp && one.zone !== undefined ? [one.zone] : [])));
    covered.delete(this.#options.zone);
    const keys: string[] = [];
    // One that says it is starting or out of service need not listen.
    for (const { key, record } of this.#table.leases()) {
      if (record.status === "UP" && record.port > 0 && !covered.has(record.zone)) keys.push(key);
    }
    return keys;
  }

  async #probe(record: InstanceRecord): Promise<void> {
    const key = keyOf(record.app, record.id);
    const view = await this.look(record);
    if (view.verdict !== "dead") return;
    const refusedAtMs = this.#clock.monotonicMs();
    const seen = this.#seen.get(key);
    if (seen === undefined || seen.asking) return;
    seen.asking = true;
    const others = this.#vantages().filter((one) => one.isUp && one.zone !== this.#options.zone);
    await Promise.all(
      others.map(async (vantage) => {
        const second = await vantage.probe(record.app, record.id);
        if (second === undefined || second.zone === this.#options.zone) return;
        this.#note(key, second.zone, second);
        if (second.verdict === "dead") this.#end(record, second, refusedAtMs);
      }),
    );
    seen.asking = false;
  }

  #end(record: InstanceRecord, second: ProbeView, refusedAtMs: number): void {
    const key = keyOf(record.app, record.id);
    const lease = this.#table.leaseAt(key);
    // It may have been replaced under the same id while we looked, or started anew at the same port.
    if (lease === undefined || lease.renewedAtMs > refusedAtMs) return;
    const { address, port, incarnation } = lease.record;
    if (address !== record.address || port !== record.port || incarnation !== record.incarnation) return;
    const cause = `probed dead: ${second.detail}, seen from ${this.#options.zone} and ${second.zone}`;
    if (!this.#table.confirmDead(key, cause, this.#clock.monotonicMs())) return;
    this.#log.warn("registry.probed-dead", { app: record.app, instance: record.id, cause });
  }

  #note(key: string, zone: string, probed: Probed): ProbeView {
    const { verdict, detail } = probed;
    const view = { zone, verdict, detail, at: new Date(this.#clock.wallMs()).toISOString() };
    if (!this.#isKnown(key)) return view;
    const seen = this.#seen.get(key) ?? { views: new Map(), asking: false };
    seen.views.set(zone, { ...view, atMs: this.#clock.monotonicMs() });
    this.#seen.set(key, seen);
    return view;
  }

  #isKnown(key: string): boolean {
    return this.#table.leaseAt(key) !== undefined;
  }
}
