import { addressOf, reservedHosts, type Zone } from "@holdfast/kernel";
import type { RegistryPlace } from "../discovery/registries.ts";

/** Zone name → port of its registry: the first ports of the block, for ever, so that nobody has to look them up. */
export function registryPorts(zones: readonly Zone[], portBase: number): Record<string, number> {
  return Object.fromEntries(zones.map((zone, index) => [zone.name, portBase + index]));
}

/** Base URLs of all registries, in the order of the zones. */
export function registryUrls(zones: readonly Zone[], portBase: number): string[] {
  return zones.map((zone, index) => `http://${addressOf(zone, reservedHosts.registry)}:${portBase + index}`);
}

/** The registries by name (that of their zone) and base URL, in the order of the zones. */
export function registryPlaces(zones: readonly Zone[], portBase: number): RegistryPlace[] {
  const urls = registryUrls(zones, portBase);
  return zones.map((zone, index) => ({ name: zone.name, url: urls[index] ?? "" }));
}
