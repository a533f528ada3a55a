import { makeZones, OptionError, type Zone } from "@holdfast/kernel";
import type { PortName } from "@holdfast/wire";
import type { NamedApplication } from "../app-file/load.ts";
import type { EngineName } from "../stack/container-engine.ts";
import type { Isolation } from "../stack/isolation.ts";

/** What a person asked `holdfast up` for. */
export interface UpOptions {
  /** The application's directory or file. */
  readonly where: string;
  /** Zones in each region; default: what the application says, else 3. */
  readonly zones: number | undefined;
  /** Regions; default: what the application says, else 1. */
  readonly regions: number | undefined;
  /** 0 is any free port. */
  readonly ports: Readonly<Partial<Record<PortName, number>>>;
  /** A state directory and ports of its own, so that several stacks run side by side. */
  readonly isolated: boolean;
  /** Where the state goes; default: `.holdfast` beside the application file, or a temporary directory when isolated. */
  readonly state: string | undefined;
  /** How zones are kept apart; `auto` when nobody says. */
  readonly isolation: Isolation | "auto";
  /** What instances of the application run in. */
  readonly engine: EngineName;
  /** Ready when control has taken the application, healthy or not. */
  readonly noWait: boolean;
}

/**
 * The zones of a stack: as the application names them, unless the options count them.
 *
 * @throws OptionError outside 1–99 regions or 1–9 zones.
 */
export function planZones(
  application: Pick<NamedApplication, "regions">,
  options: Pick<UpOptions, "zones" | "regions">,
): Zone[] {
  const named = Object.entries(application.regions ?? {});
  if (named.length === 0 || options.regions !== undefined) {
    const names = named.map(([name]) => name).slice(0, options.regions);
    return makeZones(options.regions ?? 1, options.zones ?? 3, names);
  }
  const zones: Zone[] = [];
  for (const [index, [regionName, region]] of named.entries()) {
    const region1 = index + 1;
    const wanted = options.zones ?? region.zones;
    const made = makeZones(1, typeof wanted === "number" ? wanted : wanted.length, [regionName]);
    for (const zone of made) {
      const name = typeof wanted === "number" ? zone.name : (wanted[zone.zone - 1] ?? zone.name);
      zones.push({ ...zone, name, region: region1 });
    }
  }
  const twice = zones.find((zone, i) => zones.findIndex((other) => other.name === zone.name) !== i);
  if (twice !== undefined) throw new OptionError("regions", "zones with names that differ", twice.name);
  return zones;
}

/** How many processes the stack will have, for the check of limits: agents, control, platform and application. */
export function plannedProcesses(application: NamedApplication, zones: number): number {
  let instances = 0;
  for (const service of Object.values(application.services)) {
    instances += service.scale?.desired ?? service.scale?.min ?? zones;
  }
  return zones * 3 + 3 + instances;
}
