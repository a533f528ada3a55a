import type { InstanceId } from "@holdfast/kernel";
import type { InstanceObservation, LaunchSpec } from "@holdfast/wire";
import type { AwakeClock } from "../awake-clock.ts";
import type { Fleet } from "../fleet.ts";
import { type InstanceMark, isOutdated, isSuspended, type ServerGroup, withMark } from "../group.ts";
import type { Apartness } from "../orders.ts";
import type { Action } from "../plan/action.ts";
import { rolloutCrashesMax } from "../progress.ts";
import type { DurableState } from "../store/durable-state.ts";
import type { ZoneWatch } from "../zone-watch.ts";
import type { GroupBook } from "./group-book.ts";
import { hookWait, timedOut } from "./lifecycle.ts";
import { stepRefresh } from "./refresh.ts";
import { noTrafficReason, type TrafficKeeper } from "./traffic.ts";

export interface GroupUpkeepParts {
  readonly clock: AwakeClock;
  readonly book: GroupBook;
  readonly fleet: Fleet;
  readonly zones: ZoneWatch;
  readonly state: DurableState;
  readonly traffic: TrafficKeeper;
}

/** What happens to a group without anybody asking: hooks whose time is up, refreshes, rollouts that pause, marks of the dead. */
export class GroupUpkeep {
  readonly #parts: GroupUpkeepParts;

  constructor(parts: GroupUpkeepParts) {
    this.#parts = parts;
  }

  /** Before a group is planned. Returns it as it then is; what changed is kept. */
  onPlanning(given: ServerGroup, instances: readonly InstanceObservation[]): ServerGroup {
    let group = this.#pauseWhenZoneIsLost(given, instances);
    group = this.#stepRefresh(group, instances);
    if (Object.keys(group.marks).length > 0) group = this.#tendMarks(group);
    if (group.supersedes.length > 0) group = this.#forgetSuperseded(group, instances);
    if (group !== given) this.#keep(group);
    for (const instance of instances) if (instance.state !== "stopped") this.#parts.traffic.keep(group, instance);
    return group;
  }

  /** True while time alone changes something about it. */
  isRestless(group: ServerGroup, instances: readonly InstanceObservation[]): boolean {
    const { traffic } = this.#parts;
    if (
      group.supersedes.length > 0 ||
      group.settings.maxInstanceLifetimeMs !== undefined ||
      group.settings.healthCheckGraceMs > 0
    )
      return true;
    return (
      Object.keys(group.marks).length > 0 || instances.some((one) => one.state === "up" && !traffic.keep(group, one))
    );
  }

  /** What sets a new instance apart from its first moment. */
  onLaunching(given: ServerGroup, spec: LaunchSpec, isWarm: boolean): Apartness {
    const group = this.#parts.book.get(given.name) ?? given;
    const wait = hookWait(group, "launching", this.#parts.clock.wallMs());
    const isUnlisted = isSuspended(group, "AddToLoadBalancer") && group.disabledAtMs === undefined;
    const mark: InstanceMark = {
      ...(isWarm ? { warm: "pending" } : {}),
      ...(wait === undefined || isWarm ? {} : { hook: wait }),
      ...(group.settings.newInstancesProtected ? { protected: true } : {}),
      ...(isUnlisted ? { unlisted: true } : {}),
    };
    const isApart = Object.keys(mark).length > 0;
    const marked = isApart ? withMark(group, spec.id, mark) : group;
    if (isApart) this.#keep(marked);
    return {
      outOfService: noTrafficReason(marked, spec.id),
      kept: isApart ? this.#parts.state.settled() : undefined,
    };
  }

  /** True when a hook holds up the end that was planned: it is asked first. */
  holdsEnd(given: ServerGroup, action: Extract<Action, { kind: "terminate" | "kill" }>): boolean {
    const group = this.#parts.book.get(given.name) ?? given;
    const mark = group.marks[action.id];
    const hasServed = action.kind === "kill" || action.startTimedOut === undefined;
    if (mark?.hook?.proceeding === true || group.deletingAtMs !== undefined || !hasServed) return false;
    const wait = hookWait(group, "terminating", this.#parts.clock.wallMs(), action.cause);
    if (wait === undefined) return false;
    const { doomed: _, ...rest } = mark ?? {};
    this.#keep(withMark(group, action.id, { ...rest, hook: wait }));
    return true;
  }

  /** Out of the warm pool: it goes through the hooks of a launch, and wakes up first when it was stopped. */
  draw(given: ServerGroup, id: InstanceId): "was-running" | "was-stopped" {
    const group = this.#parts.book.get(given.name) ?? given;
    const { warm, ...rest } = group.marks[id] ?? {};
    const nowMs = this.#parts.clock.wallMs();
    const hook = hookWait(group, "launching", nowMs);
    const asleep = warm === "stopped";
    this.#keep(
      withMark(group, id, {
        ...rest,
        ...(hook === undefined ? {} : { hook }),
        ...(asleep ? { warm: "leaving", leavingSinceMs: nowMs } : {}),
      }),
    );
    return asleep ? "was-stopped" : "was-running";
  }

  /** Into the warm pool. */
  pool(given: ServerGroup, id: InstanceId): void {
    const group = this.#parts.book.get(given.name) ?? given;
    this.#keep(withMark(group, id, { ...group.marks[id], warm: "running" }));
  }

  /** Instances of the warm pool that are to be stopped now: they serve nobody any more, and nobody believes that they do. */
  toStop(group: ServerGroup, instances: readonly InstanceObservation[]): readonly InstanceId[] {
    if (group.settings.warmPool?.state !== "Stopped") return [];
    const { traffic } = this.#parts;
    return instances
      .filter(
        ({ spec, state }) =>
          group.marks[spec.id]?.warm === "running" && state === "up" && traffic.isOutOrUntold(spec.id),
      )
      .map(({ spec }) => spec.id);
  }

  /** It was stopped. */
  stopped(given: ServerGroup, id: InstanceId): void {
    const group = this.#parts.book.get(given.name) ?? given;
    this.#keep(withMark(group, id, { ...group.marks[id], warm: "stopped" }));
  }

  /** A machine that slept moves the hooks' deadlines. */
  shiftDeadlines(byMs: number): void {
    for (const group of this.#parts.book.all()) {
      let so = group;
      for (const [id, mark] of Object.entries(group.marks)) {
        if (mark.hook === undefined) continue;
        const { sinceMs, untilMs } = mark.hook;
        so = withMark(so, id, { ...mark, hook: { ...mark.hook, sinceMs: sinceMs + byMs, untilMs: untilMs + byMs } });
      }
      const waitsUntilMs = so.refresh?.waitsUntilMs;
      if (so.refresh !== undefined && waitsUntilMs !== undefined) {
        so = { ...so, refresh: { ...so.refresh, waitsUntilMs: waitsUntilMs + byMs } };
      }
      if (so !== group) this.#keep(so);
    }
  }

  /** A rollout during the loss of a zone waits for somebody's word: who serves is not put at risk twice. */
  #pauseWhenZoneIsLost(group: ServerGroup, instances: readonly InstanceObservation[]): ServerGroup {
    const { rollout } = group;
    if (rollout === undefined || rollout.paused !== undefined) return group;
    if (!instances.some((instance) => instance.state !== "stopped" && isOutdated(group, instance))) return group;
    const lost = this.#parts.zones
      .states(this.#parts.clock.monotonicMs())
      .filter(({ name, state }) => state === "lost" && rollout.without?.includes(name) !== true)
      .map(({ name }) => name);
    if (lost.length === 0) return group;
    const paused = `paused since ${lost.join(", ")} cannot be reached; next: holdfast group continue ${group.name}`;
    return { ...group, rollout: { ...rollout, paused } };
  }

  #stepRefresh(group: ServerGroup, instances: readonly InstanceObservation[]): ServerGroup {
    if (group.refresh === undefined) return group;
    let failure: string | undefined;
    for (const { crashes, reason } of this.#parts.fleet.backoffs(group.name).values()) {
      if (crashes >= rolloutCrashesMax) failure = reason;
    }
    const stepped = stepRefresh(group, { members: instances, nowMs: this.#parts.clock.wallMs(), failure });
    // The way back begins with a clean record.
    if (failure !== undefined && stepped !== group) this.#parts.fleet.forgetCrashes(group.name);
    return stepped;
  }

  /** Names of former groups are free again once nobody bears them. */
  #forgetSuperseded(group: ServerGroup, instances: readonly InstanceObservation[]): ServerGroup {
    const { zones } = this.#parts;
    if (group.rollout !== undefined || !zones.allListed || !zones.allReachable) return group;
    const isLeft = instances.some(({ spec, state }) => state !== "stopped" && spec.serverGroup !== group.name);
    return isLeft ? group : { ...group, supersedes: [] };
  }

  /** Ends the waits whose time is up and forgets what was said of instances that are gone. */
  #tendMarks(group: ServerGroup): ServerGroup {
    const { fleet, clock, zones } = this.#parts;
    let so = timedOut(group, clock.wallMs()).group;
    for (const [id, mark] of Object.entries(so.marks)) {
      const instance = fleet.get(id as InstanceId);
      const isGone = instance === undefined ? zones.allListed : instance.state === "stopped";
      if (isGone) so = withMark(so, id, undefined);
      else if (mark.warm === "pending" && instance?.state === "up") so = withMark(so, id, { ...mark, warm: "running" });
      else if (mark.warm === "leaving" && hasLeft(mark, instance, clock.wallMs())) {
        const { warm: _warm, leavingSinceMs: _since, ...rest } = mark;
        so = withMark(so, id, rest);
      } else if (mark.unlisted === true && !isSuspended(so, "AddToLoadBalancer") && so.disabledAtMs === undefined) {
        // AWS leaves these to be registered by hand; resuming the process is that hand.
        const { unlisted: _, ...rest } = mark;
        so = withMark(so, id, rest);
      }
    }
    return so;
  }

  #keep(group: ServerGroup): void {
    this.#parts.book.put(group);
    this.#parts.state.note({ kind: "group", group });
  }
}

/** It answers again, or has had as long as a start may take: then it is judged like any other. */
function hasLeft(mark: InstanceMark, instance: InstanceObservation | undefined, nowMs: number): boolean {
  if (instance === undefined || instance.state === "up") return true;
  return nowMs - (mark.leavingSinceMs ?? 0) > instance.spec.health.startTimeoutMs;
}
