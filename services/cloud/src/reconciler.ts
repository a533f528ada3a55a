import { type Clock, hasCode, type InstanceId, type Log, messageOf, type Timer } from "@holdfast/kernel";
import type { Engine, InstanceObservation } from "@holdfast/wire";
import type { Activities } from "./activities.ts";
import type { Fleet } from "./fleet.ts";
import type { ServerGroup } from "./group.ts";
import { launchSpec } from "./launch-spec.ts";
import type { Action, LaunchDelay } from "./plan/action.ts";
import { planGroup } from "./plan/plan.ts";
import type { PortRing } from "./slots.ts";
import type { ZoneWatch } from "./zone-watch.ts";

/** Everything is looked at again so often, even when nothing was heard. */
const slowTickMs = 3_000;
/** While an agent does not answer it is asked again so often, at first and later. */
const searchTickMs = { soon: 250, later: 1_000 } as const;
const searchSoonForMs = 15_000;
/** At a cold start the others wait so long for the registries, and no longer. */
const registriesFirstMs = 2_000;

export interface ReconcilerParts {
  readonly clock: Clock;
  readonly log: Log;
  readonly engine: Engine;
  readonly fleet: Fleet;
  readonly zones: ZoneWatch;
  readonly ports: PortRing;
  readonly activities: Activities;
  /** The groups as they should be now. */
  readonly groups: () => readonly ServerGroup[];
  /** True for an instance without a group that is to be ended. */
  readonly isUnwanted: (instance: InstanceObservation) => boolean;
  readonly newId: () => InstanceId;
  /** Called after each round. */
  readonly onRound: () => void;
  /** Called once when another controller has taken over. */
  readonly onDeposed: (error: Error) => void;
}

/** Why launches of a group wait, by zone. */
export type Waits = ReadonlyMap<string, readonly { readonly zone: string; readonly reason: string }[]>;

/**
 * The loop that makes what is into what should be. Runs a round right after each piece of news and each three seconds;
 * a round plans each group and carries the plan out. With the engine silent or the store read-only it goes on from memory.
 */
export class Reconciler {
  readonly #parts: ReconcilerParts;
  #scheduled: Timer | undefined;
  #wake: Timer | undefined;
  #tick: Timer | undefined;
  #listing = false;
  #firstAnswerMs: number | undefined;
  #stopped = false;
  #waits = new Map<string, { zone: string; reason: string }[]>();

  constructor(parts: ReconcilerParts) {
    this.#parts = parts;
  }

  get waits(): Waits {
    return this.#waits;
  }

  start(): void {
    void this.#lookAround();
  }

  stop(): void {
    this.#stopped = true;
    for (const timer of [this.#scheduled, this.#wake, this.#tick]) timer?.cancel();
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
      for (const { name } of zones.zones) {
        if (silent.has(name)) zones.silent(name, clock.monotonicMs());
        else zones.answered(name);
      }
      if (silent.size < zones.zones.length) this.#firstAnswerMs ??= clock.monotonicMs();
      fleet.list(listing, askedAtMs, (zone) => !silent.has(zone));
    } catch (error) {
      log.warn("cloud.list-failed", { error });
      for (const { name } of zones.zones) zones.silent(name, clock.monotonicMs());
    }
    this.#listing = false;
    if (this.#stopped) return;
    this.poke();
    this.#tick = clock.after(this.#tickMs(), () => void this.#lookAround());
  }

  #tickMs(): number {
    const silentMs = this.#parts.zones.silentForMs(this.#parts.clock.monotonicMs());
    if (silentMs === undefined) return slowTickMs;
    return silentMs < searchSoonForMs ? searchTickMs.soon : searchTickMs.later;
  }

  #round(): void {
    const { clock, fleet, groups } = this.#parts;
    let wakeMs = Number.POSITIVE_INFINITY;
    this.#waits = new Map();
    for (const group of groups()) {
      fleet.settle(group);
      for (const action of this.#plan(group)) {
        if (action.kind === "wait" && action.waitMs !== undefined) wakeMs = Math.min(wakeMs, action.waitMs);
        this.#carryOut(group, action);
      }
    }
    for (const instance of fleet.all()) {
      if (instance.state === "stopped" || instance.state === "draining" || !this.#parts.isUnwanted(instance)) continue;
      if (fleet.leaving.has(instance.spec.id)) continue;
      const { service, zone, id } = instance.spec;
      this.#terminate(service, { zone: zone.name, id, cause: `${service} is no longer in the application` });
    }
    // Whoever waited for the registries is looked at again when that wait is over.
    const holdMs = registriesFirstMs - (clock.monotonicMs() - (this.#firstAnswerMs ?? clock.monotonicMs()));
    if (holdMs > 0) wakeMs = Math.min(wakeMs, holdMs);
    this.#wake?.cancel();
    if (Number.isFinite(wakeMs)) this.#wake = clock.after(wakeMs, () => this.poke());
    this.#parts.onRound();
  }

  #plan(group: ServerGroup): Action[] {
    const { clock, fleet, zones } = this.#parts;
    const nowMs = clock.monotonicMs();
    const delays = new Map<string, LaunchDelay>();
    for (const [zone, backoff] of fleet.backoffs(group.cluster)) {
      const delay = backoff.delay(nowMs);
      if (delay !== undefined) delays.set(zone, delay);
    }
    const hold = this.#holdOf(group, nowMs);
    const lost = fleet.lost(group.cluster);
    const actions = planGroup({
      group,
      instances: fleet.of(group.cluster),
      zones: zones.states(nowMs),
      nowMs: clock.wallMs(),
      delays,
      lost,
      leaving: fleet.leaving,
      ...(hold === undefined ? {} : { hold }),
    });
    // Losses in zones where there is nothing to do were made good elsewhere, or were surplus.
    const busy = new Set(actions.map((action) => action.zone));
    for (const { id, zone } of lost) if (!busy.has(zone)) fleet.replaced(id);
    return actions;
  }

  #holdOf(group: ServerGroup, nowMs: number): string | undefined {
    if (group.definition.kind === "registry") return undefined;
    if (nowMs - (this.#firstAnswerMs ?? nowMs) >= registriesFirstMs) return undefined;
    const registry = this.#parts.groups().find((candidate) => candidate.definition.kind === "registry");
    if (registry === undefined) return undefined;
    const up = this.#parts.fleet.of(registry.cluster).filter((instance) => instance.state === "up").length;
    return up >= registry.desired ? undefined : "waits for the registries to start";
  }

  #carryOut(group: ServerGroup, action: Action): void {
    switch (action.kind) {
      case "launch":
        void this.#launch(group, action);
        return;
      case "terminate":
        this.#terminate(group.definition.service, action);
        return;
      case "kill":
        this.#kill(group.definition.service, action);
        return;
      case "wait": {
        const waits = this.#waits.get(group.cluster) ?? [];
        waits.push({ zone: action.zone, reason: action.reason });
        this.#waits.set(group.cluster, waits);
        return;
      }
      default:
        action satisfies never;
    }
  }

  async #launch(group: ServerGroup, action: Extract<Action, { kind: "launch" }>): Promise<void> {
    const { fleet, zones, ports, activities, engine, clock, log } = this.#parts;
    const zone = zones.zone(action.zone);
    if (zone === undefined) return;
    const id = this.#parts.newId();
    if (action.replaces !== undefined) fleet.replaced(action.replaces);
    const activity = activities.begin({
      kind: action.replaces === undefined ? "launch" : "replace",
      service: group.definition.service,
      zone: action.zone,
      instance: id,
      actor: "reconciler",
      cause: action.cause,
    });
    const startedMs = clock.monotonicMs();
    try {
      const spec = launchSpec(group, zone, id, ports, fleet.all());
      fleet.launching(spec);
      fleet.observe(await engine.launch(spec));
    } catch (error) {
      const reason = messageOf(error);
      fleet.notLaunched(id);
      activities.end(activity, "failed", reason);
      log.warn("cloud.launch-failed", { service: group.definition.service, zone: action.zone, error });
      if (this.#wasDeposed(error)) return;
      if (hasCode(error, "AGENT_UNREACHABLE")) zones.silent(action.zone, clock.monotonicMs());
      else {
        const ending = { wasHealthy: false, livedMs: clock.monotonicMs() - startedMs, reason };
        fleet.backoff(group.cluster, action.zone).ended(ending, clock.monotonicMs());
      }
    }
    this.poke();
  }

  #terminate(service: string, action: Omit<Extract<Action, { kind: "terminate" }>, "kind">): void {
    const { fleet, engine } = this.#parts;
    const instance = fleet.get(action.id);
    if (action.startTimedOut && instance !== undefined) {
      fleet.replace(instance, action.cause);
      this.poke();
    } else fleet.leave(action.id, "wanted");
    void this.#end(service, action, () => engine.terminate(action.id, action.cause));
  }

  #kill(service: string, action: Extract<Action, { kind: "kill" }>): void {
    const { fleet, engine } = this.#parts;
    const instance = fleet.get(action.id);
    if (instance !== undefined) fleet.replace(instance, action.cause);
    this.poke();
    void this.#end(service, action, () => engine.signal(action.id, "SIGKILL", action.cause));
  }

  async #end(
    service: string,
    action: { readonly zone: string; readonly id: InstanceId; readonly cause: string },
    order: () => Promise<void>,
  ): Promise<void> {
    const { activities, fleet, zones, clock } = this.#parts;
    const { zone, id, cause } = action;
    const activity = activities.begin({ kind: "terminate", service, zone, instance: id, actor: "reconciler", cause });
    try {
      await order();
    } catch (error) {
      fleet.stay(id);
      activities.end(activity, "failed", messageOf(error));
      if (this.#wasDeposed(error)) return;
      if (hasCode(error, "AGENT_UNREACHABLE")) zones.silent(zone, clock.monotonicMs());
    }
  }

  /** Another controller holds a higher epoch: whatever this one still believes, it must do nothing more. */
  #wasDeposed(error: unknown): boolean {
    if (!hasCode(error, "EPOCH_STALE")) return false;
    if (!this.#stopped) {
      this.stop();
      this.#parts.onDeposed(error);
    }
    return true;
  }
}
