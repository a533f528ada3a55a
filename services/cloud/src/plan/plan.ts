import { isExclusive, isSuspended } from "../group.ts";
import type { Action, LostInstance, PlanInput } from "./action.ts";
import { rolloutCause } from "./causes.ts";
import { classify, liveIn, upIn, type ZoneView } from "./classify.ts";
import { startsSuccessorsFirst } from "./pace.ts";
import { planTerminations } from "./plan-terminations.ts";
import { targetsOf } from "./targets.ts";
import { planWarmPool, readyIn } from "./warm-pool.ts";

/** While the zones are brought into balance a group may have so much more than `max`: a tenth, or one (AWS). */
const rebalanceMargin = 0.1;

/**
 * What to do now so that a group comes to its wanted strength; pure, and the empty list when there is nothing to do.
 *
 * - `desired` instances, spread over the zones that answer, no two zones more than one apart.
 * - What does not serve (unhealthy, not healthy within its start timeout) is ended and replaced in its zone; when more than
 *   half of the group looks unhealthy at once, one after the other (a tenth at a time).
 * - A zone whose agent does not answer is left alone while `unknown`; once `lost`, other zones take over. Zones come back into
 *   balance by launching first, at most a tenth (or one) above `max`.
 * - A rollout starts the new instance first and ends an outdated one only when the zone has more than its share up, so
 *   that the healthy capacity never falls below `desired` (or the share its pace allows). One successor starts at a time:
 *   a start costs processor time that the others' callers would wait for, and one that cannot start stays the only one. A
 *   group that cannot have two side by side (fixed ports) goes zone by zone instead, and only while all the others are up.
 *   While it is paused nothing outdated is replaced.
 * - Instances that are starting count as capacity, those on their way out, on standby or in the warm pool do not.
 * - What is suspended is not done; what is protected is not chosen.
 */
export function planGroup(input: PlanInput): Action[] {
  const { views, actions } = classify(input);
  const { group } = input;
  if (views.length === 0) {
    return group.desired === 0 ? [] : [{ kind: "wait", zone: "", reason: "no zone's agent answers" }];
  }
  const held = heldPlaces(input);
  const targets = targetsOf(group.cluster, group.desired, views, input.fullZones ?? noZones, (zone) => {
    return readyIn(input, zone).length > 0;
  });
  const round: Round = {
    lost: [...input.lost],
    surge: surgeOf(input, views),
    surgePerZone: 0,
    budget: launchBudget(input, views, held.size),
  };
  round.surgePerZone = Math.ceil(round.surge / Math.max(1, views.filter(hasOutdated).length));
  for (const view of views) {
    const target = (targets.get(view.zone.name) ?? 0) - (held.get(view.zone.name) ?? 0);
    planLaunches(input, view, target, round, actions);
  }
  if (isExclusive(group.definition.placement)) planExclusiveRollout(input, views, targets, actions);
  if (!isSuspended(group, "Terminate")) planTerminations(input, views, targets, actions);
  if (group.settings.warmPool !== undefined) planWarmPool(input, views, actions);
  return actions;
}

const noZones: ReadonlySet<string> = new Set();
const noPlaces: ReadonlyMap<string, number> = new Map();

/** With ReplaceUnhealthy suspended the dead hold their places. */
function heldPlaces({ group, lost }: PlanInput): ReadonlyMap<string, number> {
  if (lost.length === 0 || !isSuspended(group, "ReplaceUnhealthy")) return noPlaces;
  const held = new Map<string, number>();
  for (const { zone } of lost) held.set(zone, (held.get(zone) ?? 0) + 1);
  return held;
}

/** What a round has already decided for the zones before. */
interface Round {
  readonly lost: LostInstance[];
  /** Successors that may still be started beside those they replace. */
  surge: number;
  /** Of them in one zone, so that all zones get on alike. */
  surgePerZone: number;
  budget: number;
}

/** How many may be launched: what is missing, or what balance needs within its margin. Successors of a rollout come on top. */
function launchBudget({ group }: PlanInput, views: readonly ZoneView[], held: number): number {
  const live = views.reduce((sum, view) => sum + liveIn(view), held);
  const missing = Math.max(0, group.desired - live);
  if (isSuspended(group, "AZRebalance")) return missing;
  const max = Math.max(group.definition.scale.max, group.desired);
  return Math.max(missing, max + Math.max(1, Math.floor(max * rebalanceMargin)) - live);
}

/**
 * How many successors may be started beside those they replace: one at a time, or as many as the rollout's own pace leaves
 * room for above `desired`.
 */
function surgeOf(input: PlanInput, views: readonly ZoneView[]): number {
  const { group } = input;
  if (isExclusive(group.definition.placement) || isPaused(input) || !startsSuccessorsFirst(input)) return 0;
  const percent = group.rollout?.maxHealthyPercent;
  if (percent === undefined) return views.some(hasStartingSuccessor) ? 0 : 1;
  const live = views.reduce((sum, view) => sum + liveIn(view), 0);
  return Math.max(0, Math.ceil((group.desired * percent) / 100) - live);
}

function hasOutdated(view: ZoneView): boolean {
  return view.outdated.length > 0;
}

function hasStartingSuccessor(view: ZoneView): boolean {
  return view.outdated.length > 0 && view.current.some((instance) => instance.state === "starting");
}

function planLaunches(input: PlanInput, view: ZoneView, target: number, round: Round, actions: Action[]): void {
  const exclusive = isExclusive(input.group.definition.placement);
  const surge = Math.min(round.surge, round.surgePerZone, view.outdated.length);
  const missing = Math.min(target - view.current.length, target + surge - liveIn(view));
  if (missing <= 0 || view.isEnding) return;
  const waits = waitOf(input, view, exclusive);
  if (waits !== undefined) {
    actions.push(waits);
    return;
  }
  const warm = readyIn(input, view.zone.name);
  for (let i = 0; i < missing; i++) {
    const isSurge = liveIn(view) + i >= target;
    if (isSurge) round.surge--;
    else if (round.budget-- <= 0) return;
    const index = round.lost.findIndex((instance) => instance.zone === view.zone.name);
    const replaced = index < 0 ? undefined : round.lost.splice(index, 1)[0];
    const cause = replaced?.cause ?? (isSurge ? rolloutCause(input) : strengthCause(input));
    const replaces = replaced === undefined ? {} : { replaces: replaced.id };
    // What waits in the pool may run what a rollout replaces.
    const drawn = input.group.rollout === undefined ? warm.pop() : undefined;
    if (drawn === undefined) actions.push({ kind: "launch", zone: view.zone.name, cause, ...replaces });
    else actions.push({ kind: "draw", id: drawn, zone: view.zone.name, cause, ...replaces });
  }
}

/** A rollout that waits for somebody's word replaces nothing. */
function isPaused({ group }: PlanInput): boolean {
  return group.rollout?.paused !== undefined || isSuspended(group, "Terminate");
}

function waitOf(input: PlanInput, view: ZoneView, exclusive: boolean): Action | undefined {
  const zone = view.zone.name;
  if (isSuspended(input.group, "Launch")) return { kind: "wait", zone, reason: "the process Launch is suspended" };
  if (view.zone.state === "unknown") return { kind: "wait", zone, reason: `${zone}: its agent does not answer` };
  if (input.hold !== undefined) return { kind: "wait", zone, reason: input.hold };
  if (exclusive && view.leaving > 0) {
    return { kind: "wait", zone, reason: `${zone}: the predecessor still holds the port` };
  }
  const delay = input.delays.get(zone);
  return delay === undefined ? undefined : { kind: "wait", zone, reason: delay.reason, waitMs: delay.waitMs };
}

function strengthCause(input: PlanInput): string {
  const lostZones = input.zones.filter((zone) => zone.state === "lost").map((zone) => zone.name);
  const wanted = `${input.group.definition.service} should have ${input.group.desired}`;
  return lostZones.length === 0 ? wanted : `${wanted}, and ${lostZones.join(", ")} cannot be reached`;
}

function planExclusiveRollout(
  input: PlanInput,
  views: readonly ZoneView[],
  targets: ReadonlyMap<string, number>,
  actions: Action[],
): void {
  const settled = views.every(
    (view) => view.zone.state === "reachable" && view.leaving === 0 && upIn(view) >= (targets.get(view.zone.name) ?? 0),
  );
  if (!settled || actions.length > 0 || isPaused(input)) return;
  const view = views.find((candidate) => candidate.outdated.length > 0);
  const instance = view?.outdated[0];
  if (view === undefined || instance === undefined) return;
  actions.push({ kind: "terminate", id: instance.spec.id, zone: view.zone.name, cause: rolloutCause(input) });
}
