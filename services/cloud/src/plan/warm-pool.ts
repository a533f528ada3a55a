import type { InstanceId } from "@holdfast/kernel";
import type { InstanceObservation } from "@holdfast/wire";
import { isSuspended, type ServerGroup } from "../group.ts";
import type { Action, PlanInput } from "./action.ts";
import { liveIn, type ZoneView } from "./classify.ts";

/** How many should wait: up to `maxPreparedCapacity` (default `max`) together with those in the group, at least `minSize`. */
export function warmPoolSize(group: ServerGroup): number {
  const { warmPool } = group.settings;
  if (warmPool === undefined) return 0;
  const prepared = warmPool.maxPreparedCapacity ?? group.definition.scale.max;
  return Math.max(warmPool.minSize, prepared - group.desired);
}

/** Those of a zone's warm pool that can serve now. */
export function readyIn({ group, instances, leaving }: PlanInput, zone: string): InstanceId[] {
  if (group.settings.warmPool === undefined) return [];
  return instances
    .filter(({ spec, state }) => {
      const warm = group.marks[spec.id]?.warm;
      const isReady = warm === "stopped" ? state !== "stopped" : warm === "running" && state === "up";
      return isReady && spec.zone.name === zone && !leaving.has(spec.id);
    })
    .map(({ spec }) => spec.id);
}

/** Fills the warm pool, in the zone that has fewest of it, one at a time, and only once the group itself is at strength. */
export function planWarmPool(input: PlanInput, views: readonly ZoneView[], actions: Action[]): void {
  const { group, leaving } = input;
  const drawn = new Set(actions.flatMap((action) => (action.kind === "draw" ? [action.id] : [])));
  const warm = input.instances.filter(
    ({ spec: { id }, state }) =>
      isWaiting(group, id) && state !== "stopped" && state !== "draining" && !leaving.has(id) && !drawn.has(id),
  );
  const wanted = warmPoolSize(group);
  const inZone = (zone: string): InstanceObservation[] => warm.filter(({ spec }) => spec.zone.name === zone);
  if (warm.length > wanted) {
    const fullest = views.toSorted((a, b) => inZone(b.zone.name).length - inZone(a.zone.name).length)[0];
    const victim = fullest === undefined ? undefined : inZone(fullest.zone.name)[0];
    if (victim === undefined || fullest?.zone.state !== "reachable" || isSuspended(group, "Terminate")) return;
    const cause = `the warm pool of ${group.name} should have ${wanted}`;
    actions.push({ kind: "terminate", id: victim.spec.id, zone: fullest.zone.name, cause });
    return;
  }
  const live = views.reduce((sum, view) => sum + liveIn(view), 0);
  const isBusy = actions.length > 0 || live < group.desired || warm.some(({ state }) => state === "starting");
  if (isBusy || warm.length === wanted || isSuspended(group, "Launch") || input.hold !== undefined) return;
  const zone = views
    .filter((view) => view.zone.state === "reachable" && !input.delays.has(view.zone.name))
    .toSorted((a, b) => inZone(a.zone.name).length - inZone(b.zone.name).length)[0];
  if (zone === undefined) return;
  const cause = `the warm pool of ${group.name} should have ${wanted}`;
  actions.push({ kind: "launch", zone: zone.zone.name, cause, warm: true });
}

function isWaiting(group: ServerGroup, id: InstanceId): boolean {
  const warm = group.marks[id]?.warm;
  return warm !== undefined && warm !== "leaving";
}
