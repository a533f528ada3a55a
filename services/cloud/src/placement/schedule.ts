import type { PlacementOutcome, PlacementTask, Placer } from "./placer.ts";
import { dominantShare, sumOf } from "./resources.ts";

/**
 * Places many at once (Fenzo's `scheduleOnce`): the largest first, by the largest part that each takes of all that there
 * is, since small ones fit into what large ones leave and not the other way round; of equals the first given. One outcome
 * for each, in the order given.
 */
export function scheduleOnce(placer: Placer, tasks: readonly PlacementTask[], zone?: string): PlacementOutcome[] {
  const whole = sumOf(placer.loads.map(({ host }) => host.capacity));
  const sized = tasks.map((task, index) => ({ task, index, share: dominantShare(task.request, whole) }));
  sized.sort((a, b) => b.share - a.share || a.index - b.index);
  const placed = sized.map(({ task, index }) => ({ index, outcome: placer.place(task, zone) }));
  return placed.toSorted((a, b) => a.index - b.index).map(({ outcome }) => outcome);
}

/** How many hosts have a task. */
export function hostsInUse(placer: Placer): number {
  let used = 0;
  for (const { tasks } of placer.loads) if (tasks.size > 0) used++;
  return used;
}
