import { reservedHosts, type Zone } from "@holdfast/kernel";
import type { RegistryPlace } from "../discovery/registries.ts";
import { addressIn } from "../stack/isolation.ts";
import type { ControlSettings } from "./settings.ts";

type Where = Pick<ControlSettings, "zones" | "portBase" | "mode">;

/** Zone name → port of its registry: the first ports of the block, for ever, so that nobody has to look them up. */
export function registryPorts(zones: readonly Zone[], portBase: number): Record<string, number> {
  return Object.fromEntries(zones.map((zone, index) => [zone.name, portBase + index]));
}

/** Base URLs of all registries, in the order of the zones. */
export function registryUrls({ zones, portBase, mode }: Where): string[] {
  return zones.map((zone, index) => `http://${addressIn(mode, zone, reservedHosts.registry)}:${portBase + index}`);
}

/** The registries by name (that of their zone) and base URL, in the order of the zones. */
export function registryPlaces(where: Where): RegistryPlace[] {
  const urls = registryUrls(where);
  return where.zones.map((zone, index) => ({ name: zone.name, url: urls[index] ?? "" }));
}
