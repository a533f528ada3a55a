import { type Clock, hasCode, type Log, type Timer } from "@holdfast/kernel";
import type { Engine, InstanceObservation } from "@holdfast/wire";
import type { Fleet } from "./fleet.ts";
import type { ServerGroup } from "./group.ts";
import type { GroupBook } from "./groups/group-book.ts";
import type { Orders } from "./orders.ts";
import type { Action, LaunchDelay, PlanZone } from "./plan/action.ts";
import { planGroup } from "./plan/plan.ts";
import { type LookAtInstance, witnessOf } from "./witnesses.ts";
import type { ZoneWatch } from "./zone-watch.ts";

/** Engines are asked again so often, even when nothing was heard. */
const slowTickMs = 3_000;
/** While an agent does not answer it is asked again so often, at first and later. */
const searchTickMs = { soon: 250, later: 1_000 } as const;
const searchSoonForMs = 15_000;
/** At a cold start the others wait so long for the registries, and no longer. */
const registriesFirstMs = 2_000;
/** Groups at rest are looked at again so often; whatever is on its way is at each tick. */
const sweepMs = 30_000;

export interface ReconcilerParts {
  readonly clock: Clock;
  readonly log: Log;
  readonly engine: Engine;
  readonly fleet: Fleet;
  readonly zones: ZoneWatch;
  readonly book: GroupBook;
  readonly orders: Orders;
  /** True for an instance without a group that is to be ended. */
  readonly isUnwanted: (instance: InstanceObservation) => boolean;
  /** What other checks than the engine's find wrong with an instance. */
  readonly sickness: (instance: InstanceObservation) => string | undefined;
  /** True for an instance that every check its group asks for has found well at some time. */
  readonly isProven: (instance: InstanceObservation) => boolean;
  /** True while something of the group has to be followed even when nothing happens to it. */
  readonly isRestless: (group: ServerGroup, instances: readonly InstanceObservation[]) => boolean;
  /** True when the end of an instance waits for somebody: it is not to be ended now. */
  readonly holdsEnd: (group: ServerGroup, action: Extract<Action, { kind: "terminate" | "kill" }>) => boolean;
  /** An instance changes between the group and its warm pool. */
  readonly onWarm: (group: ServerGroup, action: Extract<Action, { kind: "draw" | "pool" }>) => void;
  /** Looks at an instance whose zone's agent is silent. Without it silence alone decides. */
  readonly lookAt: LookAtInstance | undefined;
  /** Called before each round. */
  readonly onBegin: () => void;
  /** Called when another controller has taken over. */
  readonly onDeposed: (error: Error) => void;
  /** Called with each group before it is planned, and given its instances. The group to be planned comes back. */
  readonly onPlanning: (group: ServerGroup, instances: readonly InstanceObservation[]) => ServerGroup;
  /** Called after each round with the clusters that it looked at. */
  readonly onRound: (clusters: ReadonlySet<string>) => void;
}

export interface Wait {
  readonly zone: string;
  readonly reason: string;
}

/**
 * The loop that makes what is into what should be. Runs a round right after each piece of news and at each tick; a round
 * plans the clusters that something happened to, and carries the plans out. With the engine silent or the store read-only
 * it goes on from memory.
 */
export class Reconciler {
  readonly #parts: ReconcilerParts;
  #scheduled: Timer | undefined;
  #wake: Timer | undefined;
  #tick: Timer | undefined;
  #listing = false;
  #firstAnswerMs: number | undefined;
  #stopped = false;
  /** Group name → why launches wait. */
  readonly #waits = new Map<string, readonly Wait[]>();
  /** Clusters that something happened to since they were planned. */
  #touched = new Set<string>();
  /** Cluster → monotonic time at which it is to be planned again. */
  readonly #due = new Map<string, number>();
  /** Clusters to be planned at the next tick whatever happens. */
  readonly #restless = new Set<string>();
  /** Groups whose check was suspected when they were last planned. */
  readonly #suspected = new Set<string>();
  #zoneStates = "";
  #wasHeld = false;
  #sweptAtMs = Number.NEGATIVE_INFINITY;

  constructor(parts: ReconcilerParts) {
    this.#parts = parts;
    parts.fleet.onChanged = (cluster) => void this.#touched.add(cluster);
  }

  waits(group: string): readonly Wait[] {
    return this.#waits.get(group) ?? noWaits;
  }

  start(): void {
    void this.#lookAround();
  }

  stop(): void {
    this.#stopped = true;
    for (const timer of [this.#scheduled, this.#wake, this.#tick]) timer?.cancel();
  }

  get stopped(): boolean {
    return this.#stopped;
  }

  /** Something about this cluster's groups has changed. */
  touch(cluster: string): void {
    this.#touched.add(cluster);
    this.poke();
  }

  /** Something may concern every group. */
  touchAll(): void {
    this.#sweptAtMs = Number.NEGATIVE_INFINITY;
    this.poke();
  }

  /** Asks for a round; any number of requests before the next turn of the loop make one. */
  poke(): void {
    if (this.#stopped || this.#scheduled !== undefined) return;
    this.#scheduled = this.#parts.clock.after(0, () => {
      this.#scheduled = undefined;
      this.#round();
    });
  }

  /** Lists all instances, notes which agents answer, and comes back in a while. */
  async #lookAround(): Promise<void> {
    const { clock, engine, fleet, zones, log } = this.#parts;
    if (this.#listing || this.#stopped) return;
    this.#listing = true;
    const askedAtMs = clock.monotonicMs();
    try {
      const listing = await engine.list();
      const silent = new Set(listing.unreachableZones);
      const gone = new Set(listing.zonesWithoutAgent);
      for (const { name } of zones.zones) {
        if (silent.has(name)) zones.silent(name, clock.monotonicMs(), gone.has(name));
        else zones.listed(name);
      }
      await this.#askWitnesses();
      if (silent.size < zones.zones.length) this.#firstAnswerMs ??= clock.monotonicMs();
      fleet.list(listing, askedAtMs, (zone) => !silent.has(zone));
    } catch (error) {
      if (hasCode(error, "EPOCH_STALE")) return this.#parts.onDeposed(error);
      log.warn("cloud.list-failed", { error });
      for (const { name } of zones.zones) zones.silent(name, clock.monotonicMs());
    }
    this.#listing = false;
    if (this.#stopped) return;
    for (const cluster of this.#restless) this.#touched.add(cluster);
    this.poke();
    this.#tick = clock.after(this.#tickMs(), () => void this.#lookAround());
  }

  /** The news from a zone has broken off: it is asked now, not at the next tick. */
  lookNow(): void {
    this.#tick?.cancel();
    void this.#lookAround();
  }

  /** An agent that does not answer is one thing, instances that serve nobody another. */
  async #askWitnesses(): Promise<void> {
    const { clock, fleet, zones, lookAt } = this.#parts;
    if (lookAt === undefined) return;
    const askedAtMs = clock.monotonicMs();
    const asked = zones.inDoubt(askedAtMs).map(async (zone) => {
      zones.witnessed(zone, await witnessOf(fleet, zone, lookAt), askedAtMs);
    });
    await Promise.all(asked);
  }

  #tickMs(): number {
    const silentMs = this.#parts.zones.silentForMs(this.#parts.clock.monotonicMs());
    if (silentMs === undefined) return slowTickMs;
    return silentMs < searchSoonForMs ? searchTickMs.soon : searchTickMs.later;
  }

  #round(): void {
    const { clock, fleet, zones, book } = this.#parts;
    this.#parts.onBegin();
    const nowMs = clock.monotonicMs();
    const states = zones.states(nowMs);
    const clusters = this.#clustersToPlan(nowMs, states);
    for (const cluster of clusters) {
      this.#restless.delete(cluster);
      this.#due.delete(cluster);
      for (const group of book.cluster(cluster)) this.#look(group, states, nowMs);
      if (book.cluster(cluster).length === 0) this.#endUnwanted(fleet.of(cluster));
    }
    this.#setWake(nowMs);
    this.#parts.onRound(clusters);
  }

  /** Those that something happened to, those whose time has come, and all when it may concern all. */
  #clustersToPlan(nowMs: number, states: readonly PlanZone[]): ReadonlySet<string> {
    const { book } = this.#parts;
    const clusters = this.#touched;
    this.#touched = new Set();
    for (const [cluster, atMs] of this.#due) if (atMs <= nowMs) clusters.add(cluster);
    const key = states.map((zone) => zone.state).join();
    const isHeld = this.#isHoldTime(nowMs);
    if (key !== this.#zoneStates || isHeld || this.#wasHeld || nowMs - this.#sweptAtMs >= sweepMs) {
      this.#zoneStates = key;
      this.#wasHeld = isHeld;
      this.#sweptAtMs = nowMs;
      for (const cluster of book.clusters()) clusters.add(cluster);
      for (const cluster of this.#parts.fleet.clusters()) clusters.add(cluster);
    }
    return clusters;
  }

  #look(given: ServerGroup, states: readonly PlanZone[], nowMs: number): void {
    const { fleet, book } = this.#parts;
    fleet.settle(given);
    const instances = book.membersOf(given, fleet.of(given.cluster));
    const group = this.#parts.onPlanning(given, instances);
    const waits: Wait[] = [];
    let isSuspected = false;
    for (const action of this.#plan(group, instances, states, nowMs)) {
      if (action.kind === "launch") {
        const reason = this.#parts.orders.launchWhereRoom(group, action);
        if (reason !== undefined) waits.push({ zone: action.zone, reason });
        continue;
      }
      if (action.kind !== "wait") {
        this.#carryOut(group, action);
        continue;
      }
      waits.push({ zone: action.zone, reason: action.reason });
      if (action.suspectsCheck === true) isSuspected = true;
      if (action.waitMs === undefined) continue;
      const dueMs = Math.min(this.#due.get(group.cluster) ?? Number.POSITIVE_INFINITY, nowMs + action.waitMs);
      this.#due.set(group.cluster, dueMs);
    }
    if (isSuspected) this.#suspected.add(group.name);
    else this.#suspected.delete(group.name);
    if (waits.length > 0) this.#waits.set(group.name, waits);
    else this.#waits.delete(group.name);
    if (waits.length > 0 || fleet.backoffs(group.name).size > 0 || this.#parts.isRestless(group, instances)) {
      this.#restless.add(group.cluster);
    } else if (instances.some((instance) => instance.state !== "up" && instance.state !== "stopped")) {
      this.#restless.add(group.cluster);
    }
  }

  #endUnwanted(instances: readonly InstanceObservation[]): void {
    const { fleet, orders } = this.#parts;
    for (const instance of instances) {
      if (instance.state === "stopped" || instance.state === "draining" || !this.#parts.isUnwanted(instance)) continue;
      if (fleet.leaving.has(instance.spec.id)) continue;
      const { service, zone, id, cluster } = instance.spec;
      orders.terminate(service, { zone: zone.name, id, cause: `${service} is no longer in the application` });
      this.#restless.add(cluster);
    }
  }

  #setWake(nowMs: number): void {
    const { clock } = this.#parts;
    let wakeMs = Number.POSITIVE_INFINITY;
    for (const atMs of this.#due.values()) wakeMs = Math.min(wakeMs, atMs - nowMs);
    // Whoever waited for the registries is looked at again when that wait is over.
    if (this.#isHoldTime(nowMs))
      wakeMs = Math.min(wakeMs, registriesFirstMs - (nowMs - (this.#firstAnswerMs ?? nowMs)));
    this.#wake?.cancel();
    if (Number.isFinite(wakeMs)) this.#wake = clock.after(Math.max(0, wakeMs), () => this.poke());
  }

  #plan(
    group: ServerGroup,
    instances: readonly InstanceObservation[],
    zones: readonly PlanZone[],
    nowMs: number,
  ): Action[] {
    const { clock, fleet, book, orders } = this.#parts;
    const delays = this.#delaysOf(group, nowMs);
    const hold = this.#holdOf(group, nowMs);
    const missed = fleet.lost(group.cluster);
    const lost = missed.filter(
      ({ serverGroup }) => book.ownerOf({ cluster: group.cluster, serverGroup })?.name === group.name,
    );
    const actions = planGroup({
      group,
      instances,
      zones,
      nowMs: clock.wallMs(),
      delays,
      lost,
      leaving: fleet.leaving,
      ageMs: (id) => fleet.ageMs(id),
      sickness: this.#parts.sickness,
      isProven: this.#parts.isProven,
      isCheckSuspected: this.#suspected.has(group.name),
      fullZones: orders.fullZones(group),
      ...(hold === undefined ? {} : { hold }),
    });
    if (group.settings.suspended.includes("ReplaceUnhealthy") || lost.length === 0) return actions;
    // Losses in zones where there is nothing to do were made good elsewhere, or were surplus.
    const busy = new Set(actions.map((action) => action.zone));
    for (const { id, zone } of lost) if (!busy.has(zone)) fleet.replaced(group.cluster, id);
    return actions;
  }

  #delaysOf(group: ServerGroup, nowMs: number): ReadonlyMap<string, LaunchDelay> {
    const backoffs = this.#parts.fleet.backoffs(group.name);
    if (backoffs.size === 0) return noDelays;
    const delays = new Map<string, LaunchDelay>();
    for (const [zone, backoff] of backoffs) {
      const delay = backoff.delay(nowMs);
      if (delay !== undefined) delays.set(zone, delay);
    }
    return delays;
  }

  #isHoldTime(nowMs: number): boolean {
    return nowMs - (this.#firstAnswerMs ?? nowMs) < registriesFirstMs;
  }

  #holdOf(group: ServerGroup, nowMs: number): string | undefined {
    if (!this.#isHoldTime(nowMs) || group.definition.kind === "registry") return undefined;
    for (const registry of this.#parts.book.all()) {
      if (registry.definition.kind !== "registry") continue;
      const up = this.#parts.fleet.of(registry.cluster).filter((instance) => instance.state === "up").length;
      if (up < registry.desired) return "waits for the registries to start";
    }
    return undefined;
  }

  #carryOut(group: ServerGroup, action: Exclude<Action, { kind: "wait" | "launch" }>): void {
    const { orders } = this.#parts;
    switch (action.kind) {
      case "terminate":
        if (this.#parts.holdsEnd(group, action)) this.touch(group.cluster);
        else orders.terminate(group.definition.service, action);
        return;
      case "kill":
        if (this.#parts.holdsEnd(group, action)) this.touch(group.cluster);
        else orders.kill(group.definition.service, action);
        return;
      case "draw":
      case "pool":
        this.#parts.onWarm(group, action);
        this.touch(group.cluster);
        return;
      default:
        action satisfies never;
    }
  }
}

const noWaits: readonly Wait[] = [];
const noDelays: ReadonlyMap<string, LaunchDelay> = new Map();
