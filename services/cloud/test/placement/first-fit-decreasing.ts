import type { Host } from "../../src/placement/host.ts";
import type { PlacementTask } from "../../src/placement/placer.ts";
import {
  addTo,
  dominantShare,
  type Resources,
  resourceKinds,
  resources,
  sumOf,
  type Tally,
} from "../../src/placement/resources.ts";

/** The yardstick, written apart from what it measures: hosts that first-fit-decreasing uses; `undefined` when it fails. */
export function firstFitDecreasing(hosts: readonly Host[], tasks: readonly PlacementTask[]): number | undefined {
  const whole = sumOf(hosts.map(({ capacity }) => capacity));
  const decreasing = tasks.toSorted((a, b) => dominantShare(b.request, whole) - dominantShare(a.request, whole));
  const used = hosts.map((): Tally => resources());
  for (const { request } of decreasing) {
    const index = hosts.findIndex(({ capacity }, at) => fits(used[at] ?? resources(), request, capacity));
    const tally = used[index];
    if (tally === undefined) return undefined;
    addTo(tally, request);
  }
  return used.filter((tally) => resourceKinds.some((kind) => tally[kind] > 0)).length;
}

function fits(used: Resources, request: Resources, capacity: Resources): boolean {
  return resourceKinds.every((kind) => used[kind] + request[kind] <= capacity[kind]);
}
