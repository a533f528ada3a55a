import type { InstanceObservation } from "@holdfast/wire";
import { isExclusive } from "../group.ts";
import type { Action, LostInstance, PlanInput } from "./action.ts";
import { classify, liveIn, upIn, type ZoneView } from "./classify.ts";
import { spread } from "./spread.ts";

/**
 * What to do now so that a group comes to its wanted strength; pure, and the empty list when there is nothing to do.
 *
 * - `desired` instances, spread over the zones that answer, no two zones more than one apart.
 * - What does not serve (unhealthy, not healthy within its start timeout) is ended and replaced in its zone.
 * - A zone whose agent does not answer is left alone while `unknown`; once `lost`, other zones take over.
 * - A rollout starts the new instance first and ends an outdated one only when the zone has more than its share up, so
 *   that the healthy capacity never falls below `desired`. One successor starts at a time: a start costs processor time that
 *   the others' callers would wait for, and one that cannot start stays the only one. A group that cannot have two side by side (fixed ports)
 *   goes zone by zone instead, and only while all the others are up.
 * - Instances that are starting count as capacity, those on their way out do not.
 */
export function planGroup(input: PlanInput): Action[] {
  const { views, actions } = classify(input);
  if (views.length === 0) {
    return input.group.desired === 0 ? [] : [{ kind: "wait", zone: "", reason: "no zone's agent answers" }];
  }
  const names = views.map((view) => view.zone.name);
  const live = new Map(views.map((view) => [view.zone.name, liveIn(view)]));
  const targets = spread(input.group.cluster, input.group.desired, names, live);
  const lost = [...input.lost];
  const rollout: Rollout = { isStarting: views.some(hasStartingSuccessor) };
  for (const view of views) planLaunches(input, view, targets.get(view.zone.name) ?? 0, { lost, rollout }, actions);
  if (isExclusive(input.group.definition.placement)) planExclusiveRollout(input, views, targets, actions);
  planTerminations(input, views, targets, actions);
  return actions;
}

/** What a round has already decided for the zones before. */
interface Rollout {
  isStarting: boolean;
}

function hasStartingSuccessor(view: ZoneView): boolean {
  return view.outdated.length > 0 && view.current.some((instance) => instance.state === "starting");
}

function planLaunches(
  input: PlanInput,
  view: ZoneView,
  target: number,
  { lost, rollout }: { readonly lost: LostInstance[]; readonly rollout: Rollout },
  actions: Action[],
): void {
  const exclusive = isExclusive(input.group.definition.placement);
  const surge = view.outdated.length > 0 && !exclusive && !rollout.isStarting ? 1 : 0;
  const missing = Math.min(target - view.current.length, target + surge - liveIn(view));
  if (missing <= 0 || view.isEnding) return;
  const waits = waitOf(input, view, exclusive);
  if (waits !== undefined) {
    actions.push(waits);
    return;
  }
  for (let i = 0; i < missing; i++) {
    const index = lost.findIndex((instance) => instance.zone === view.zone.name);
    const replaced = index < 0 ? undefined : lost.splice(index, 1)[0];
    const isSurge = liveIn(view) + i >= target;
    if (isSurge) rollout.isStarting = true;
    const cause = replaced?.cause ?? (isSurge ? rolloutCause(input) : strengthCause(input));
    actions.push({
      kind: "launch",
      zone: view.zone.name,
      cause,
      ...(replaced === undefined ? {} : { replaces: replaced.id }),
    });
  }
}

function waitOf(input: PlanInput, view: ZoneView, exclusive: boolean): Action | undefined {
  const zone = view.zone.name;
  if (view.zone.state === "unknown") return { kind: "wait", zone, reason: `${zone}: its agent does not answer` };
  if (input.hold !== undefined) return { kind: "wait", zone, reason: input.hold };
  if (exclusive && view.leaving > 0) {
    return { kind: "wait", zone, reason: `${zone}: the predecessor still holds the port` };
  }
  const delay = input.delays.get(zone);
  return delay === undefined ? undefined : { kind: "wait", zone, reason: delay.reason, waitMs: delay.waitMs };
}

function rolloutCause(input: PlanInput): string {
  const { group } = input;
  if (group.rollout?.kind === "restart") return `rolling restart of ${group.definition.service}`;
  return `${group.name} takes over`;
}

function strengthCause(input: PlanInput): string {
  const lostZones = input.zones.filter((zone) => zone.state === "lost").map((zone) => zone.name);
  const wanted = `${input.group.definition.service} should have ${input.group.desired}`;
  return lostZones.length === 0 ? wanted : `${wanted}, and ${lostZones.join(", ")} cannot be reached`;
}

function planTerminations(
  input: PlanInput,
  views: readonly ZoneView[],
  targets: ReadonlyMap<string, number>,
  actions: Action[],
): void {
  let spare = views.reduce((sum, view) => sum + upIn(view), 0) - input.group.desired;
  // The fullest zone gives first.
  const excessOf = (view: ZoneView): number => liveIn(view) - (targets.get(view.zone.name) ?? 0);
  for (const view of views.toSorted((a, b) => excessOf(b) - excessOf(a))) {
    if (view.zone.state !== "reachable") continue;
    const target = targets.get(view.zone.name) ?? 0;
    let excess = excessOf(view);
    let zoneSpare = upIn(view) - target;
    for (const instance of leastMissed(view)) {
      const isOld = view.outdated.includes(instance);
      if (instance.state === "up") {
        // Someone who serves goes only when, here and in the whole group, enough others do.
        if (excess <= 0 || spare <= 0 || zoneSpare <= 0) continue;
        spare--;
        zoneSpare--;
      } else if (!isOld && (excess <= 0 || view.outdated.length > 0)) {
        // A successor that is still starting is what the rollout waits for; an outdated one nobody waits for.
        continue;
      }
      excess--;
      actions.push({ kind: "terminate", id: instance.spec.id, zone: view.zone.name, cause: endCause(input, isOld) });
    }
  }
}

/** Outdated before current, idle before serving, outdated ones oldest first, current ones newest first. */
function leastMissed(view: ZoneView): InstanceObservation[] {
  const idleFirst = (a: InstanceObservation, b: InstanceObservation): number =>
    Number(a.state === "up") - Number(b.state === "up");
  return [
    ...view.outdated.toSorted((a, b) => idleFirst(a, b) || a.startedAtMs - b.startedAtMs),
    ...view.current.toSorted((a, b) => idleFirst(a, b) || b.startedAtMs - a.startedAtMs),
  ];
}

function endCause(input: PlanInput, isOld: boolean): string {
  if (isOld) return rolloutCause(input);
  return `${input.group.definition.service} should have ${input.group.desired}`;
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
  if (!settled || actions.length > 0) return;
  const view = views.find((candidate) => candidate.outdated.length > 0);
  const instance = view?.outdated[0];
  if (view === undefined || instance === undefined) return;
  actions.push({ kind: "terminate", id: instance.spec.id, zone: view.zone.name, cause: rolloutCause(input) });
}
