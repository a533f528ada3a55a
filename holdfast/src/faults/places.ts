import { addressOf, type Zone } from "@holdfast/kernel";

interface Standing {
  readonly spec: { readonly zone: Zone; readonly address: string; readonly port: number };
}

/**
 * Addresses that stand for instances where all have the same real one, by port: of their zone, in the order of their ports, so
 * that faults can be aimed at zones and instances as anywhere.
 */
export function standIns(instances: readonly Standing[]): Record<string, string> {
  const places: Record<string, string> = {};
  const next = new Map<string, number>();
  for (const { spec } of instances.toSorted((a, b) => a.spec.port - b.spec.port)) {
    const host = next.get(spec.zone.name) ?? 1;
    // More than a zone has addresses for share the last one.
    next.set(spec.zone.name, Math.min(253, host + 1));
    places[String(spec.port)] = addressOf(spec.zone, host);
  }
  return places;
}
