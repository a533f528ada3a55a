import type { Random } from "@holdfast/kernel";

/** What is known of one zone. */
export interface ZoneCapacity {
  readonly zone: string;
  /** Healthy servers there. */
  readonly servers: number;
  /** What these can take together: the sum of their weights. */
  readonly capacity: number;
  /** Callers of this kind there (instances of the calling app); `undefined`: not known. */
  readonly callers: number | undefined;
}

/** How many of a caller's calls go to a zone: more than 0; all shares together are 1. */
export interface ZoneShare {
  readonly zone: string;
  readonly share: number;
}

/** Envoy's `zone_aware_lb_config.min_cluster_size`. */
export const minClusterSizeDefault = 6;

/**
 * Envoy's zone-aware routing: as much as possible stays in the caller's zone, and each server gets as much as any other.
 * The own zone has share p of all callers and u of the capacity. Where u ≥ p all calls stay; else u / p of them, and the
 * rest goes to the zones that have capacity to spare (their u over their p), in proportion to that.
 *
 * `undefined` (zones do not count: take any server) with fewer than `minClusterSize` servers, with servers in one zone or
 * none, and without a zone of one's own. A zone whose callers are not known has none: its capacity is to spare; the own
 * zone has one at least. Where no zone's callers are known, they count as equally many in each zone.
 */
export function zoneShares(
  zones: readonly ZoneCapacity[],
  ownZone: string | undefined,
  minClusterSize: number = minClusterSizeDefault,
): readonly ZoneShare[] | undefined {
  const serving = zones.filter((zone) => zone.servers > 0 && zone.capacity > 0);
  let servers = 0;
  let capacity = 0;
  for (const zone of serving) {
    servers += zone.servers;
    capacity += zone.capacity;
  }
  if (ownZone === undefined || serving.length < 2 || servers < minClusterSize) return undefined;
  const callers = callerShares(zones, ownZone);
  const own = serving.find((zone) => zone.zone === ownZone);
  const local = own === undefined ? 0 : Math.min(1, own.capacity / capacity / (callers.get(ownZone) ?? 1));
  const shares: ZoneShare[] = local > 0 ? [{ zone: ownZone, share: local }] : [];
  if (local >= 1) return shares;
  const spareOf = (zone: ZoneCapacity): number =>
    zone === own ? 0 : Math.max(0, zone.capacity / capacity - (callers.get(zone.zone) ?? 0));
  let spare = 0;
  for (const zone of serving) spare += spareOf(zone);
  for (const zone of serving) {
    const share = ((1 - local) * spareOf(zone)) / spare;
    if (share > 0) shares.push({ zone: zone.zone, share });
  }
  return shares;
}

/** Each zone's share of all callers, by name. */
function callerShares(zones: readonly ZoneCapacity[], ownZone: string): ReadonlyMap<string, number> {
  const isKnown = zones.some((zone) => zone.callers !== undefined);
  const counts = new Map<string, number>();
  for (const { zone, callers } of zones) counts.set(zone, isKnown ? Math.max(0, callers ?? 0) : 1);
  counts.set(ownZone, Math.max(1, counts.get(ownZone) ?? 0));
  let total = 0;
  for (const count of counts.values()) total += count;
  return new Map([...counts].map(([zone, count]) => [zone, count / total]));
}

/** One zone by its share. */
export function zoneByShare(shares: readonly ZoneShare[], random: Random): string | undefined {
  let left = random.next();
  let last: string | undefined;
  for (const { zone, share } of shares) {
    left -= share;
    last = zone;
    if (left < 0) return zone;
  }
  return last;
}
