import { type Clock, hasCode, type InstanceId, type Log, messageOf, within } from "@holdfast/kernel";
import type { Engine, InstanceObservation, LaunchSpec } from "@holdfast/wire";
import type { Activities } from "./activities.ts";
import type { Fleet } from "./fleet.ts";
import type { ServerGroup } from "./group.ts";
import type { Hosts, Lodging } from "./hosts.ts";
import { launchedOutOfService, launchSpec } from "./launch-spec.ts";
import type { Action } from "./plan/action.ts";
import type { PortRing } from "./slots.ts";
import type { ZoneWatch } from "./zone-watch.ts";

export interface OrderParts {
  readonly clock: Clock;
  readonly log: Log;
  readonly engine: Engine;
  readonly fleet: Fleet;
  readonly zones: ZoneWatch;
  readonly ports: PortRing;
  readonly activities: Activities;
  readonly newId: () => InstanceId;
  readonly hosts: Hosts;
  /**
   * An instance is about to be launched: what sets it apart from the first moment on is to be kept now. Returns why it gets
   * no traffic at first, if so, and with it what to wait for: that this is on the disk.
   */
  readonly onLaunching: (group: ServerGroup, spec: LaunchSpec, isWarm: boolean) => Apartness;
  /** Called once when another controller has taken over. */
  readonly onDeposed: (error: Error) => void;
  /** True once nothing is to be decided any more. */
  readonly isStopped: () => boolean;
  /** Something happened that a round should look at. */
  readonly poke: () => void;
}

/** How a new instance begins, when not like all. */
export interface Apartness {
  /** Why callers are not to choose it at first; `undefined`: they may. */
  readonly outOfService: string | undefined;
  /** Resolves when what was said of it is kept, or cannot be; `undefined`: nothing was. */
  readonly kept: Promise<void> | undefined;
}

/** A disk that hangs does not keep launches waiting longer than this. */
const keptMaxMs = 2_000;
/** A zone without room is asked again so soon; meanwhile others take its launches. */
const roomRetryMs = 60_000;
/** What an engine or a placement refuses because there is no room, not because the program is bad. */
const noRoomCodes: readonly string[] = ["ZONE_FULL", "PORTS_EXHAUSTED", "NO_CAPACITY", "PLACEMENT_REFUSED"];

/** Gives the engine its orders and keeps fleet and diary in step with what became of them. */
export class Orders {
  readonly #parts: OrderParts;
  /** Group name and zone → monotonic time until which it counts as full. */
  readonly #fullUntilMs = new Map<string, number>();

  constructor(parts: OrderParts) {
    this.#parts = parts;
  }

  /** Zones that lately had no room for this group. */
  fullZones(group: ServerGroup): ReadonlySet<string> {
    const refused = this.#parts.hosts.refusedZones(group.name);
    if (this.#fullUntilMs.size === 0) return refused;
    const nowMs = this.#parts.clock.monotonicMs();
    const full = new Set(refused);
    for (const { name } of this.#parts.zones.zones) {
      if ((this.#fullUntilMs.get(`${group.name} ${name}`) ?? 0) > nowMs) full.add(name);
    }
    return full;
  }

  /** Why there is no host for it; `undefined`: it is being launched. */
  launchWhereRoom(group: ServerGroup, action: Extract<Action, { kind: "launch" }>): string | undefined {
    const lodging = this.#parts.hosts.lodge(group, action.zone, action.cause);
    if (lodging?.kind === "refused") return lodging.reason;
    void this.#launch(group, action, lodging);
    return undefined;
  }

  async #launch(
    group: ServerGroup,
    action: Extract<Action, { kind: "launch" }>,
    lodging: Extract<Lodging, { kind: "found" }> | undefined,
  ): Promise<void> {
    const { fleet, zones, ports, activities, engine, clock } = this.#parts;
    const zone = zones.zone(action.zone);
    if (zone === undefined) return;
    const id = lodging?.id ?? this.#parts.newId();
    if (action.replaces !== undefined) fleet.replaced(group.cluster, action.replaces);
    const activity = activities.begin({
      kind: action.replaces === undefined ? "launch" : "replace",
      service: group.definition.service,
      group: group.name,
      zone: action.zone,
      instance: id,
      actor: "reconciler",
      cause: action.cause,
    });
    const startedMs = clock.monotonicMs();
    try {
      const plain = launchSpec(group, zone, id, ports, fleet.standing, lodging?.place);
      const { outOfService, kept } = this.#parts.onLaunching(group, plain, action.warm === true);
      const spec = outOfService === undefined ? plain : launchedOutOfService(plain, outOfService);
      fleet.launching(spec);
      // Control may die in between: who is launched before its hook is on the disk would serve without anybody's leave.
      if (kept !== undefined) await within(clock, keptMaxMs, "keeping what sets it apart", kept).catch(() => {});
      // Whoever has been told to decide nothing any more meanwhile launches nobody.
      if (this.#parts.isStopped()) return fleet.notLaunched(id);
      fleet.observe(await engine.launch(spec));
    } catch (error) {
      fleet.notLaunched(id);
      this.#parts.hosts.release(id);
      activities.end(activity, "failed", messageOf(error));
      this.#launchFailed(group, action.zone, startedMs, error);
    }
    this.#parts.poke();
  }

  #launchFailed(group: ServerGroup, zone: string, startedMs: number, error: unknown): void {
    const { fleet, zones, clock, log } = this.#parts;
    log.warn("cloud.launch-failed", { service: group.definition.service, zone, error });
    if (this.#wasDeposed(error)) return;
    if (hasCode(error, "AGENT_UNREACHABLE")) return zones.silent(zone, clock.monotonicMs());
    if (error instanceof Error && "code" in error && noRoomCodes.includes(String(error.code))) {
      this.#fullUntilMs.set(`${group.name} ${zone}`, clock.monotonicMs() + roomRetryMs);
    }
    const ending = { wasHealthy: false, livedMs: clock.monotonicMs() - startedMs, reason: messageOf(error) };
    fleet.backoff(group.name, zone).ended(ending, clock.monotonicMs());
  }

  terminate(service: string, action: Omit<Extract<Action, { kind: "terminate" }>, "kind">): void {
    const { fleet, engine } = this.#parts;
    const instance = fleet.get(action.id);
    if (action.startTimedOut && instance !== undefined) {
      fleet.replace(instance, action.cause);
      this.#parts.poke();
    } else fleet.leave(action.id, "wanted");
    void this.#end(service, action, instance, () => engine.terminate(action.id, action.cause));
  }

  kill(service: string, action: Extract<Action, { kind: "kill" }>): void {
    const { fleet, engine } = this.#parts;
    const instance = fleet.get(action.id);
    if (instance !== undefined) fleet.replace(instance, action.cause);
    this.#parts.poke();
    void this.#end(service, action, instance, () => engine.signal(action.id, "SIGKILL", action.cause));
  }

  async #end(
    service: string,
    action: { readonly zone: string; readonly id: InstanceId; readonly cause: string },
    instance: InstanceObservation | undefined,
    order: () => Promise<void>,
  ): Promise<void> {
    const { activities, fleet, zones, clock } = this.#parts;
    const { zone, id, cause } = action;
    const activity = activities.begin({
      kind: "terminate",
      service,
      ...(instance === undefined ? {} : { group: instance.spec.serverGroup }),
      zone,
      instance: id,
      actor: "reconciler",
      cause,
    });
    try {
      await order();
    } catch (error) {
      fleet.stay(id);
      activities.end(activity, "failed", messageOf(error));
      if (this.#wasDeposed(error)) return;
      if (hasCode(error, "AGENT_UNREACHABLE")) zones.silent(zone, clock.monotonicMs());
      this.#parts.poke();
    }
  }

  /** An instance that runs comes into the group from its warm pool, or goes there; a signal may go with it. */
  warm(group: ServerGroup, action: Extract<Action, { kind: "draw" | "pool" }>, signal: "SIGCONT" | undefined): void {
    const { fleet, activities } = this.#parts;
    const isDraw = action.kind === "draw";
    if (isDraw && action.replaces !== undefined) fleet.replaced(group.cluster, action.replaces);
    activities.begin({
      kind: isDraw ? "launch" : "terminate",
      service: group.definition.service,
      group: group.name,
      zone: action.zone,
      instance: action.id,
      actor: "reconciler",
      cause: `${action.cause}: ${isDraw ? "out of" : "back into"} the warm pool`,
      outcome: "succeeded",
    });
    if (signal !== undefined) void this.signal(action.id, signal, action.cause, () => {});
    this.#parts.poke();
  }

  /** A signal that is no end. `onSent` is called once the agent has it. */
  async signal(id: InstanceId, signal: "SIGSTOP" | "SIGCONT", cause: string, onSent: () => void): Promise<void> {
    try {
      await this.#parts.engine.signal(id, signal, cause);
      onSent();
    } catch (error) {
      this.#parts.log.warn("cloud.signal-failed", { instance: id, signal, error });
      this.#wasDeposed(error);
    }
  }

  /** Another controller holds a higher epoch: whatever this one still believes, it must do nothing more. */
  #wasDeposed(error: unknown): boolean {
    if (!hasCode(error, "EPOCH_STALE")) return false;
    this.#parts.onDeposed(error);
    return true;
  }
}
