import { liveIn, type ZoneView } from "./classify.ts";
import { spread } from "./spread.ts";

/**
 * How many instances each zone should have: an even spread, but no more than there are in a zone without room, and no
 * fewer than are protected in a zone; the others share what is left evenly.
 */
export function targetsOf(
  name: string,
  desired: number,
  views: readonly ZoneView[],
  fullZones: ReadonlySet<string>,
  hasWarm: (zone: string) => boolean = () => false,
): ReadonlyMap<string, number> {
  // Among equals the zone is chosen that has somebody waiting in the warm pool.
  const live = new Map(views.map((view) => [view.zone.name, liveIn(view) + (hasWarm(view.zone.name) ? 0.5 : 0)]));
  const fixed = new Map<string, number>();
  for (;;) {
    const free = views.map((view) => view.zone.name).filter((zone) => !fixed.has(zone));
    const given = [...fixed.values()].reduce((sum, count) => sum + count, 0);
    const targets = spread(name, Math.max(0, desired - given), free, live);
    const bound = views.filter((view) => !fixed.has(view.zone.name)).find((view) => limitOf(view, targets, fullZones));
    const isLastWithRoom = free.length === 1 && bound !== undefined && fullZones.has(free[0] ?? "");
    if (bound === undefined || isLastWithRoom) return new Map([...targets, ...fixed]);
    fixed.set(bound.zone.name, limitOf(bound, targets, fullZones)?.count ?? 0);
  }
}

function limitOf(
  view: ZoneView,
  targets: ReadonlyMap<string, number>,
  fullZones: ReadonlySet<string>,
): { readonly count: number } | undefined {
  const target = targets.get(view.zone.name) ?? 0;
  if (view.protectedCount > target) return { count: view.protectedCount };
  if (fullZones.has(view.zone.name) && target > liveIn(view)) return { count: liveIn(view) };
  return undefined;
}
