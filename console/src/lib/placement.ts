import type { InstanceView, ServiceView, ZoneView } from "@holdfast/wire/control";

/** What one zone holds of each service, in an order that all zones share, so that their columns line up. */
export interface ZoneColumn {
  readonly zone: ZoneView;
  readonly rows: readonly PlacementRow[];
}

export interface PlacementRow {
  readonly service: string;
  readonly kind: InstanceView["kind"];
  readonly instances: readonly InstanceView[];
}

/** True for what Holdfast runs for itself. */
export function isPlatform(kind: InstanceView["kind"]): boolean {
  return kind !== "app";
}

/** False for what has ended, and for control, which answers for itself: `holdfast up` restarts it. */
export function canBeKilled(instance: InstanceView): boolean {
  return instance.status !== "stopped" && instance.kind !== "control";
}

/** The application's services by name, then the platform's. */
export function servicesInOrder(services: readonly ServiceView[]): readonly ServiceView[] {
  return [...services].sort(
    (a, b) => Number(isPlatform(a.kind)) - Number(isPlatform(b.kind)) || a.name.localeCompare(b.name),
  );
}

/** One column a zone, one row a service. What has ended is history, not placement. */
export function placeInZones(
  zones: readonly ZoneView[],
  services: readonly ServiceView[],
  instances: readonly InstanceView[],
): readonly ZoneColumn[] {
  const zoneNames = new Set(zones.map((zone) => zone.name));
  const placed = instances
    .filter((instance) => zoneNames.has(instance.zone) && instance.status !== "stopped")
    .sort((a, b) => a.startedAt.localeCompare(b.startedAt) || a.id.localeCompare(b.id));
  const present = new Set(placed.map((instance) => instance.name));
  const shown = servicesInOrder(services).filter((service) => service.kind === "app" || present.has(service.name));
  return zones.map((zone) => ({
    zone,
    rows: shown.map(({ name, kind }) => ({
      service: name,
      kind,
      instances: placed.filter((instance) => instance.zone === zone.name && instance.name === name),
    })),
  }));
}

/** Instances that live in no zone: the operator's side, such as balancer and control. */
export function outsideZones(zones: readonly ZoneView[], instances: readonly InstanceView[]): readonly InstanceView[] {
  const zoneNames = new Set(zones.map((zone) => zone.name));
  return instances.filter((instance) => !zoneNames.has(instance.zone) && instance.status !== "stopped");
}

/** `local-1a` as `1a` where that still tells all zones apart; the full names otherwise. */
export function shortZoneNames(names: readonly string[]): ReadonlyMap<string, string> {
  const short = names.map((name) => name.slice(name.lastIndexOf("-") + 1));
  const distinct = new Set(short).size === names.length;
  return new Map(names.map((name, index) => [name, distinct ? (short[index] ?? name) : name]));
}
