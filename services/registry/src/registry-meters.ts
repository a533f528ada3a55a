import { type Counter, MeterRegistry, type Timer } from "@holdfast/metrics";
import type { ProbeVerdict, RegistryEventKind } from "@holdfast/wire";

/** What is there right now. */
export interface Standing {
  readonly instances: number;
  readonly held: number;
  readonly damped: number;
  readonly listeners: number;
  /** Changes that wait for peers. */
  readonly queued: number;
}

/** What a registry counts for its operator; each is resolved once, so that counting costs an addition. */
export class RegistryMeters {
  /** Heartbeats taken here, not through a peer. */
  readonly renewals: Counter;
  /** Messages written to listeners, one a listener. */
  readonly deltas: Counter;
  readonly snapshots: Counter;
  /** Characters of snapshots, which are as good as bytes. */
  readonly snapshotBytes: Counter;
  /** Listeners cut off because they do not read. */
  readonly cut: Counter;
  /** Calls to peers that answered, and how long they took. */
  readonly roundTrips: Timer;
  readonly failedCalls: Counter;
  readonly #meters: MeterRegistry;
  readonly #events = new Map<RegistryEventKind, Counter>();
  readonly #probes: Readonly<Record<ProbeVerdict, Counter>>;

  /** Default: meters that nobody reads. */
  constructor(meters: MeterRegistry = new MeterRegistry()) {
    this.#meters = meters;
    this.renewals = meters.counter("registry.renewals");
    this.deltas = meters.counter("registry.deltas");
    this.snapshots = meters.counter("registry.snapshots");
    this.snapshotBytes = meters.counter("registry.snapshot.bytes");
    this.cut = meters.counter("registry.listeners.cut");
    this.roundTrips = meters.timer("registry.peer.call");
    this.failedCalls = meters.counter("registry.peer.failed");
    const probe = (verdict: ProbeVerdict): Counter => meters.counter("registry.probes", { verdict });
    this.#probes = { alive: probe("alive"), dead: probe("dead"), silent: probe("silent") };
  }

  /** Registrations, status changes, evictions, removals, holds …: whatever the event log tells, by kind. */
  event(kind: RegistryEventKind): void {
    let counter = this.#events.get(kind);
    if (counter === undefined) {
      counter = this.#meters.counter("registry.events", { kind });
      this.#events.set(kind, counter);
    }
    counter.increment();
  }

  probed(verdict: ProbeVerdict): void {
    this.#probes[verdict].increment();
  }

  stand({ instances, held, damped, listeners, queued }: Standing): void {
    const set = (name: string, value: number): void => this.#meters.gauge(name).set(value);
    set("registry.instances", instances);
    set("registry.instances.held", held);
    set("registry.instances.damped", damped);
    set("registry.listeners", listeners);
    set("registry.peers.queued", queued);
  }
}
