import type { InstanceRecord } from "@holdfast/wire";

/** What one registry lists. */
export interface Listed {
  readonly name: string;
  readonly instances: readonly InstanceRecord[];
}

/** How one registry's list differs from another's, a sentence each: who is missing where, who is seen differently. */
export function differencesOf(lists: readonly Listed[]): string[] {
  const seen = new Map<string, Map<string, InstanceRecord>>();
  for (const { name, instances } of lists) {
    for (const record of instances) {
      const key = `${record.app}/${record.id}`;
      const views = seen.get(key) ?? new Map<string, InstanceRecord>();
      seen.set(key, views.set(name, record));
    }
  }
  const differences: string[] = [];
  for (const [key, views] of seen) {
    const missing = lists.filter(({ name }) => !views.has(name)).map(({ name }) => name);
    const statuses = Map.groupBy(views, ([, { status }]) => status);
    const starts = new Set([...views.values()].map(({ incarnation }) => incarnation));
    const seenAt = [...statuses].map(([status, at]) => `${status} at ${at.map(([name]) => name).join(", ")}`);
    if (missing.length > 0) differences.push(`${key} is missing at ${missing.join(", ")}; it is ${seenAt.join("; ")}`);
    else if (statuses.size > 1) differences.push(`${key} is ${seenAt.join(" but ")}`);
    else if (starts.size > 1)
      differences.push(`${key} is known by different starts at ${[...views.keys()].join(", ")}`);
  }
  return differences.toSorted();
}

/** What stays of `before` a moment later: a change under way is none. */
export function lasting(before: readonly string[], after: readonly string[]): string[] {
  const still = new Set(after);
  return before.filter((difference) => still.has(difference));
}

/** Of registries too large to compare one by one: who lists how many. */
export function countDifferences(
  summaries: readonly { readonly name: string; readonly instances: number; readonly up: number }[],
): string[] {
  const counts = Map.groupBy(summaries, ({ instances, up }) => `${instances} instances, ${up} up`);
  if (counts.size < 2) return [];
  return [...counts].map(([words, at]) => `${at.map(({ name }) => name).join(", ")}: ${words}`);
}
