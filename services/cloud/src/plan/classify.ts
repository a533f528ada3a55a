import type { InstanceObservation } from "@holdfast/wire";
import { type InstanceMark, isOutdated, isSuspended } from "../group.ts";
import { type Action, ageOf, type PlanInput, type PlanZone } from "./action.ts";

/** One zone as the planner sees it: who is capacity, who only holds a place. */
export interface ZoneView {
  readonly zone: PlanZone;
  /** Starting or up, of the wanted version. */
  readonly current: InstanceObservation[];
  /** Starting or up, to be replaced by a rollout. */
  readonly outdated: InstanceObservation[];
  /** Still there, but on its way out. */
  leaving: number;
  /** Of `current` and `outdated`: never chosen to go. */
  protectedCount: number;
  /** Of `current`: up, and waited for by a rollout until their checks have passed them. */
  untried: number;
  /** Somebody here is ended by this very plan: whether its successor must wait is known in the next one. */
  isEnding: boolean;
}

/**
 * When more than half of at least two look unhealthy, the checker is suspected, until nobody looks so any more: only this
 * share goes at a time, and the next only once the successors of those before have passed the check.
 */
const suspectShare = 0.1;

interface Sick {
  readonly view: ZoneView;
  readonly instance: InstanceObservation;
  readonly action: Action;
}

/** Sorts the instances of a group by zone and role, and says which must be ended because they do not serve. */
export function classify(input: PlanInput): { readonly views: ZoneView[]; readonly actions: Action[] } {
  const actions: Action[] = [];
  const sick: Sick[] = [];
  const views: ZoneView[] = [];
  for (const zone of input.zones) {
    // What a lost zone still runs is surplus once it comes back, and nothing until then.
    if (zone.state === "lost") continue;
    const view: ZoneView = {
      zone,
      current: [],
      outdated: [],
      leaving: 0,
      protectedCount: 0,
      untried: 0,
      isEnding: false,
    };
    for (const instance of input.instances) {
      if (instance.spec.zone.name === zone.name) place(input, view, instance, actions, sick);
    }
    views.push(view);
  }
  endSick(input, views, sick, actions);
  const untried = views.reduce((sum, view) => sum + view.untried, 0);
  if (untried > 0) {
    const reason = `${untried} of its new instances ${untried === 1 ? "has" : "have"} not passed the group's checks yet`;
    actions.push({ kind: "wait", zone: "", reason });
  }
  return { views, actions };
}

function place(input: PlanInput, view: ZoneView, instance: InstanceObservation, actions: Action[], sick: Sick[]): void {
  const { id } = instance.spec;
  if (instance.state === "stopped") return;
  if (instance.state === "draining" || input.leaving.has(id)) {
    view.leaving++;
    return;
  }
  const mark = input.group.marks[id];
  if (mark !== undefined && isApart(input, view, instance, mark, actions)) return;
  const ending = view.zone.state === "reachable" ? endingOf(input, instance, mark) : undefined;
  if (ending?.kind === "kill") sick.push({ view, instance, action: ending });
  else if (ending !== undefined) end(view, ending, actions);
  else stand(input, view, instance, mark);
}

/** True for one that is no capacity by what was said of it. */
function isApart(
  input: PlanInput,
  view: ZoneView,
  instance: InstanceObservation,
  mark: InstanceMark,
  actions: Action[],
): boolean {
  const { id, zone } = instance.spec;
  const isReachable = view.zone.state === "reachable";
  const { hook, doomed } = mark;
  if (hook?.transition === "terminating") {
    view.leaving++;
    const cause = hook.cause ?? "its lifecycle hooks are done";
    if (hook.proceeding === true && isReachable) actions.push({ kind: "terminate", id, zone: zone.name, cause });
    return true;
  }
  if (doomed !== undefined) {
    if (isReachable) end(view, { kind: "terminate", id, zone: zone.name, cause: doomed }, actions);
    else view.leaving++;
    return true;
  }
  if (input.group.deletingAtMs !== undefined) return false;
  if (mark.standby === true) return true;
  if (mark.warm === undefined || mark.warm === "leaving") return false;
  // A stopped process answers nobody; the others must be able to serve when they are needed.
  const ending = isReachable && mark.warm !== "stopped" ? endingOf(input, instance, mark) : undefined;
  if (ending !== undefined) actions.push(ending);
  return true;
}

function end(view: ZoneView, action: Action, actions: Action[]): void {
  actions.push(action);
  view.isEnding = true;
  view.leaving++;
}

function stand(input: PlanInput, view: ZoneView, instance: InstanceObservation, mark: InstanceMark | undefined): void {
  const { group } = input;
  const lifetimeMs = group.settings.maxInstanceLifetimeMs;
  const isTooOld = lifetimeMs !== undefined && ageOf(input, instance) >= lifetimeMs;
  // A rollout waits until somebody takes the protection off: a successor now would only be one too many.
  const isProtected = mark?.protected === true && group.deletingAtMs === undefined;
  if (isProtected) view.protectedCount++;
  const isOld = !isProtected && (isTooOld || isOutdated(group, instance));
  const seen = asSeen(input, instance, mark);
  // A rollout goes on once its successors have passed the checks that the group asks for, not once they answer.
  const isUntried = !isOld && group.rollout !== undefined && seen.state === "up" && input.isProven?.(seen) === false;
  if (isUntried) view.untried++;
  (isOld ? view.outdated : view.current).push(isUntried ? { ...seen, state: "starting" } : seen);
}

/** Capacity that does not serve yet (a hook, the grace period) counts as starting; what nobody checks counts as up. */
function asSeen(input: PlanInput, instance: InstanceObservation, mark: InstanceMark | undefined): InstanceObservation {
  const isHeld = mark?.hook !== undefined || mark?.warm === "leaving";
  if (instance.state === "up") return isHeld ? { ...instance, state: "starting" } : instance;
  if (instance.state !== "unhealthy") return instance;
  return { ...instance, state: isSuspended(input.group, "HealthCheck") ? "up" : "starting" };
}

function endingOf(input: PlanInput, instance: InstanceObservation, mark: InstanceMark | undefined): Action | undefined {
  const { group } = input;
  const { id, zone, health } = instance.spec;
  if (isSuspended(group, "ReplaceUnhealthy") || isSuspended(group, "Terminate")) return undefined;
  if (mark?.warm === "leaving") return undefined;
  if (instance.state === "starting") {
    if (mark?.hook !== undefined || ageOf(input, instance) <= health.startTimeoutMs) return undefined;
    const seconds = Math.round(health.startTimeoutMs / 1_000);
    const cause = `${id} was not healthy within ${seconds} s: ${instance.reason}`;
    return { kind: "terminate", id, zone: zone.name, cause, startTimedOut: true };
  }
  if (isSuspended(group, "HealthCheck") || isInGrace(input, instance)) return undefined;
  const reason = instance.state === "unhealthy" ? instance.reason : input.sickness?.(instance);
  if (reason === undefined) return undefined;
  return { kind: "kill", id, zone: zone.name, cause: `${id} is unhealthy: ${reason}` };
}

/** In service for less than the group's grace period. */
function isInGrace(input: PlanInput, instance: InstanceObservation): boolean {
  const graceMs = input.group.settings.healthCheckGraceMs;
  if (graceMs === 0) return false;
  const startMs = Math.max(0, (instance.healthyAtMs ?? instance.startedAtMs) - instance.startedAtMs);
  return ageOf(input, instance) - startMs < graceMs;
}

/** Ends what is unhealthy; all of it, unless so much of the group looks so that the checker is the likelier fault. */
function endSick(input: PlanInput, views: readonly ZoneView[], sick: readonly Sick[], actions: Action[]): void {
  if (sick.length === 0) return;
  const standing = views.reduce((sum, view) => sum + liveIn(view), sick.length);
  const isSuspect = input.isCheckSuspected === true || (sick.length > 1 && sick.length * 2 > standing);
  const missing = Math.max(0, input.group.desired - standing);
  // A successor that the check has never passed does not speak for the check.
  const doubtful = sick.filter(({ instance }) => input.isProven?.(instance) === false).length;
  const underWay = views.reduce(
    (sum, view) => sum + view.leaving + startingIn(view) + unprovenIn(input, view),
    missing + doubtful,
  );
  const atATime = Math.max(1, Math.floor(standing * suspectShare));
  const allowed = isSuspect ? Math.max(0, atATime - underWay) : sick.length;
  for (const [index, { view, instance, action }] of sick.entries()) {
    if (index < allowed) end(view, action, actions);
    else stand(input, view, instance, input.group.marks[instance.spec.id]);
  }
  if (allowed >= sick.length) return;
  const reason = `${sick.length} of ${standing} look unhealthy at once: the check is suspected, ${atATime} replaced at a time`;
  actions.push({ kind: "wait", zone: "", reason, suspectsCheck: true });
}

/** Instances of a zone that are, or are about to be, capacity. */
export function liveIn(view: ZoneView): number {
  return view.current.length + view.outdated.length;
}

/** Instances of a zone that serve now. */
export function upIn(view: ZoneView): number {
  let up = 0;
  for (const instance of view.current) if (instance.state === "up") up++;
  for (const instance of view.outdated) if (instance.state === "up") up++;
  return up;
}

/** Up, not sick, and not yet found well by all who are asked. */
function unprovenIn({ isProven }: PlanInput, view: ZoneView): number {
  if (isProven === undefined) return 0;
  let unproven = 0;
  for (const one of view.current) if (one.state === "up" && !isProven(one)) unproven++;
  return unproven;
}

function startingIn(view: ZoneView): number {
  return liveIn(view) - upIn(view);
}
