import type { InstanceStatus } from "../registry.ts";

/**
 * Eureka's `apps__hashcode`: the count of each status, by name: `DOWN_1_UP_2_`. Empty for no instances. A client whose
 * own view gives another hash fetches everything.
 */
export function hashcodeOf(statuses: Iterable<InstanceStatus>): string {
  const counts = new Map<string, number>();
  for (const status of statuses) counts.set(status, (counts.get(status) ?? 0) + 1);
  return hashcodeOfCounts(counts);
}

/** The same from counts kept elsewhere; zeros do not show. */
export function hashcodeOfCounts(counts: ReadonlyMap<string, number>): string {
  let hash = "";
  for (const status of [...counts.keys()].sort()) {
    const count = counts.get(status) ?? 0;
    if (count > 0) hash += `${status}_${count}_`;
  }
  return hash;
}
