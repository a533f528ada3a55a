import { parseName } from "./names.ts";

/** Sorts things with server groups' names by cluster, in the order they come. Those without a name are under `null`. */
export function groupByClusterName<Item>(
  items: Iterable<Item>,
  nameOf: (item: Item) => string,
): Map<string | null, Item[]> {
  const clusters = new Map<string | null, Item[]>();
  for (const item of items) {
    const { cluster } = parseName(nameOf(item));
    const members = clusters.get(cluster);
    if (members === undefined) clusters.set(cluster, [item]);
    else members.push(item);
  }
  return clusters;
}

export function groupAsgNamesByClusterName(names: Iterable<string>): Map<string | null, string[]> {
  return groupByClusterName(names, (name) => name);
}
