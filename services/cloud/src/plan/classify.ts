import type { InstanceObservation } from "@holdfast/wire";
import { isOutdated } from "../group.ts";
import type { Action, PlanInput, PlanZone } from "./action.ts";

/** One zone as the planner sees it: who is capacity, who only holds a place. */
export interface ZoneView {
  readonly zone: PlanZone;
  /** Starting or up, of the wanted version. */
  readonly current: InstanceObservation[];
  /** Starting or up, to be replaced by a rollout. */
  readonly outdated: InstanceObservation[];
  /** Still there, but on its way out. */
  leaving: number;
  /** Somebody here is ended by this very plan: whether its successor must wait is known in the next one. */
  isEnding: boolean;
}

/** Sorts the instances of a group by zone and role, and says which must be ended because they do not serve. */
export function classify(input: PlanInput): { readonly views: ZoneView[]; readonly actions: Action[] } {
  const actions: Action[] = [];
  const views: ZoneView[] = [];
  for (const zone of input.zones) {
    // What a lost zone still runs is surplus once it comes back, and nothing until then.
    if (zone.state === "lost") continue;
    const view: ZoneView = { zone, current: [], outdated: [], leaving: 0, isEnding: false };
    for (const instance of input.instances) {
      if (instance.spec.zone.name === zone.name) place(input, view, instance, actions);
    }
    views.push(view);
  }
  return { views, actions };
}

function place(input: PlanInput, view: ZoneView, instance: InstanceObservation, actions: Action[]): void {
  if (instance.state === "stopped") return;
  if (instance.state === "draining" || input.leaving.has(instance.spec.id)) {
    view.leaving++;
    return;
  }
  const ending = view.zone.state === "reachable" ? endingOf(input, instance) : undefined;
  if (ending !== undefined) {
    actions.push(ending);
    view.isEnding = true;
    view.leaving++;
    return;
  }
  (isOutdated(input.group, instance) ? view.outdated : view.current).push(instance);
}

function endingOf(input: PlanInput, instance: InstanceObservation): Action | undefined {
  const { id, zone, health } = instance.spec;
  if (instance.state === "unhealthy") {
    return { kind: "kill", id, zone: zone.name, cause: `${id} is unhealthy: ${instance.reason}` };
  }
  if (instance.state !== "starting" || input.nowMs - instance.startedAtMs <= health.startTimeoutMs) return undefined;
  const seconds = Math.round(health.startTimeoutMs / 1_000);
  const cause = `${id} was not healthy within ${seconds} s: ${instance.reason}`;
  return { kind: "terminate", id, zone: zone.name, cause, startTimedOut: true };
}

/** Instances of a zone that are, or are about to be, capacity. */
export function liveIn(view: ZoneView): number {
  return view.current.length + view.outdated.length;
}

/** Instances of a zone that serve now. */
export function upIn(view: ZoneView): number {
  return [...view.current, ...view.outdated].filter((instance) => instance.state === "up").length;
}
