import type { InstanceRecord, InstanceStatus, OverrideView } from "@holdfast/wire";
import type { DiscoveryApp } from "@holdfast/wire/control";

interface Group {
  readonly zones: Record<string, Partial<Record<InstanceStatus, number>>>;
  readonly serverGroups: Set<string>;
  instances: number;
  up: number;
}

/** What a list of instances is in terms of apps, by name: zones × status, versions, and what is special about some. */
export function groupByApp(
  instances: readonly InstanceRecord[],
  overrides: readonly Pick<OverrideView, "app">[],
  held: ReadonlyMap<string, number>,
): DiscoveryApp[] {
  const groups = new Map<string, Group>();
  for (const { app, zone, status, serverGroup } of instances) {
    const group = groups.get(app) ?? { zones: {}, serverGroups: new Set(), instances: 0, up: 0 };
    groups.set(app, group);
    group.instances += 1;
    if (status === "UP") group.up += 1;
    if (serverGroup !== "") group.serverGroups.add(serverGroup);
    const counts = group.zones[zone] ?? {};
    group.zones[zone] = counts;
    counts[status] = (counts[status] ?? 0) + 1;
  }
  const overridden = Map.groupBy(overrides, ({ app }) => app);
  return [...groups]
    .map(([app, { zones, serverGroups, instances: all, up }]) => ({
      app,
      instances: all,
      up,
      zones,
      serverGroups: [...serverGroups].toSorted(),
      overridden: overridden.get(app)?.length ?? 0,
      held: held.get(app) ?? 0,
    }))
    .toSorted((a, b) => (a.app < b.app ? -1 : 1));
}

/** Zones of a list by name; those of instances that name none come last, as the empty name. */
export function zonesOf(instances: readonly Pick<InstanceRecord, "zone">[]): string[] {
  const names = [...new Set(instances.map(({ zone }) => zone))];
  return names.toSorted((a, b) => Number(a === "" || a === "-") - Number(b === "" || b === "-") || (a < b ? -1 : 1));
}
