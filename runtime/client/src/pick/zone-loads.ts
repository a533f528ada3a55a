import type { Random } from "@holdfast/kernel";

/** One zone as Ribbon's `ZoneSnapshot` tells it, and what came of it. */
export interface ZoneLoad {
  readonly zone: string;
  /** Servers there, ejected ones included. */
  count: number;
  /** Of those, ejected ones. */
  ejected: number;
  /** Calls under way at those that are not ejected. */
  outstanding: number;
  /** Written by {@link avoidZones}. */
  avoided: boolean;
}

/** From what load and from what share of ejected servers a zone is avoided. */
export interface ZoneLimits {
  /** Calls under way per server. */
  readonly loadPerServer: number;
  /** 0 to 1. */
  readonly ejectedShare: number;
}

/** Ribbon's `triggeringLoadPerServerThreshold` and `avoidZoneWithBlackoutPercetage`. */
export const zoneLimitDefaults: ZoneLimits = { loadPerServer: 0.2, ejectedShare: 0.99999 };

/** Loads so close are equally high. */
const sameLoad = 0.000001;

/**
 * Marks the zones to avoid (Ribbon's `ZoneAvoidanceRule.getAvailableZones`) and says how many there are: those that have no
 * server or nearly all of them ejected; and when there is such a one, or the highest load reaches the limit, one of the
 * zones with the highest load (by chance, in proportion to servers). A single zone is never avoided, nor the last that
 * can answer: Ribbon would avoid that one too, and fall back to all, dead ones included.
 */
export function avoidZones(zones: readonly ZoneLoad[], random: Random, limits: ZoneLimits = zoneLimitDefaults): number {
  let avoided = 0;
  let highest = 0;
  for (const zone of zones) {
    zone.avoided = zones.length > 1 && (zone.count === 0 || zone.ejected / zone.count >= limits.ejectedShare);
    if (zone.avoided) avoided += 1;
    else highest = Math.max(highest, loadOf(zone));
  }
  if (zones.length - avoided <= 1 || (avoided === 0 && highest < limits.loadPerServer)) return avoided;
  const worst = zoneByCount(zones, random, highest - sameLoad);
  if (worst === undefined) return avoided;
  worst.avoided = true;
  return avoided + 1;
}

/** One zone that is not avoided, in proportion to its servers; of those with `leastLoad` or more. */
export function zoneByCount<Z extends ZoneLoad>(zones: readonly Z[], random: Random, leastLoad = 0): Z | undefined {
  let total = 0;
  for (const zone of zones) if (!zone.avoided && loadOf(zone) >= leastLoad) total += zone.count;
  let left = random.below(total);
  for (const zone of zones) {
    if (zone.avoided || loadOf(zone) < leastLoad) continue;
    left -= zone.count;
    if (left < 0) return zone;
  }
  return undefined;
}

function loadOf(zone: ZoneLoad): number {
  const able = zone.count - zone.ejected;
  return able <= 0 ? 0 : zone.outstanding / able;
}
