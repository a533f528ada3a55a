/** A zone at one moment, as far as affinity to it depends on that. */
export interface ZoneState {
  /** Servers there, ejected ones included. */
  readonly servers: number;
  /** Of those, ejected ones. */
  readonly ejected: number;
  /** Calls under way at those that are not ejected. */
  readonly outstanding: number;
}

/** When a caller stops keeping to its own zone. */
export interface ZoneAffinityLimits {
  /** Ribbon's `zoneAffinity.maxBlackOutServesrPercentage`: from this share of ejected servers on (0 to 1). */
  readonly ejectedShare: number;
  /** Ribbon's `zoneAffinity.maxLoadPerServer`: from so many calls under way per server that is not ejected on. */
  readonly loadPerServer: number;
  /** Ribbon's `zoneAffinity.minAvailableServers`: with fewer servers that are not ejected. */
  readonly availableMin: number;
}

/** Ribbon's. The load is low for today's servers: behind event loops, 0.6 calls under way are an idle server. */
export const zoneAffinityDefaults: ZoneAffinityLimits = { ejectedShare: 0.8, loadPerServer: 0.6, availableMin: 2 };

/**
 * May a caller keep to its own zone (Ribbon's `ZoneAffinityServerListFilter`)? All or nothing: at the limit all its calls
 * go to all zones. `zoneShares` moves only as many as do not fit; this is for callers that want Ribbon's switch.
 */
export function keepsToZone(zone: ZoneState, limits: ZoneAffinityLimits = zoneAffinityDefaults): boolean {
  const available = zone.servers - zone.ejected;
  if (available < limits.availableMin) return false;
  // Without any available server the load is not a number or without end: below no limit.
  return zone.ejected / zone.servers < limits.ejectedShare && zone.outstanding / available < limits.loadPerServer;
}
