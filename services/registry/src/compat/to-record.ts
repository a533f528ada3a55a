import { coordinatesOf, makeZones } from "@holdfast/kernel";
import type { InstanceStatus, RegistryProfile } from "@holdfast/wire";
import { type EurekaInstance, eurekaIdOf, eurekaOwnKeys } from "@holdfast/wire/eureka";
import { type GroupName, groupNameOf } from "./frigga.ts";
import { appKey, idKey } from "./keys.ts";
import type { Unstamped } from "./store.ts";

/** What an instance does not say of itself. */
export interface RecordDefaults {
  readonly profile: RegistryProfile;
  readonly region: string;
  readonly zone: string;
}

/** Eureka's lease, when a client states none or nothing usable: `LeaseInfo.DEFAULT_LEASE_DURATION`. */
const leaseSecondsDefault = 90;
/** A client cannot have its lease kept for longer than this. */
const leaseSecondsMax = 24 * 3_600;
/** The limits the registry's own API sets on a record; the whole of a longer account stays in `eureka`. */
const textMax = 256;
const metadataMax = 64;
const metadataValueMax = 4_096;

/**
 * Makes the registry's record of what an Eureka client registered. `status` is what the status rules made of the client's
 * own word. In profile `compat` a lease lives twice as long as the client asks for, as with Netflix
 * (`Lease.isExpired` adds the duration a second time).
 */
export function toRecord(instance: EurekaInstance, status: InstanceStatus, defaults: RecordDefaults): Unstamped {
  const place = placeOf(instance, defaults);
  const names = groupOf(instance);
  return {
    app: appKey(instance.app),
    id: idKey(eurekaIdOf(instance)),
    status,
    region: text(place.region, defaults.region),
    zone: text(place.zone, defaults.zone),
    address: text(instance.ipAddr, instance.hostName),
    port: portOf(instance),
    application: text(names.application, instance.app),
    cluster: text(names.cluster, instance.app),
    serverGroup: text(names.serverGroup, instance.app),
    verifiesIdentity: instance.metadata[eurekaOwnKeys.verifiesIdentity] === "true",
    ...adminPortOf(instance),
    metadata: metadataOf(instance.metadata),
    leaseMs: leaseMsOf(instance, defaults.profile),
    eureka: instance,
  };
}

function portOf({ port, securePort }: EurekaInstance): number {
  const used = port.enabled || !securePort.enabled ? port.port : securePort.port;
  return Number.isInteger(used) && used >= 0 && used <= 65_535 ? used : 0;
}

/** Where Spring's actuator, or our admin server, listens. */
function adminPortOf({ metadata }: EurekaInstance): { adminPort?: number } {
  const port = Number(metadata[eurekaOwnKeys.adminPort]);
  return Number.isInteger(port) && port > 0 && port <= 65_535 ? { adminPort: port } : {};
}

function leaseMsOf(instance: EurekaInstance, profile: RegistryProfile): number {
  const asked = instance.leaseInfo?.durationInSecs ?? leaseSecondsDefault;
  const seconds = asked > 0 ? Math.min(asked, leaseSecondsMax) : leaseSecondsDefault;
  return Math.round(seconds * 1_000) * (profile === "compat" ? 2 : 1);
}

/** Amazon's zone, else what the metadata says, else the coordinates in a loopback address of ours, else the server's. */
function placeOf(instance: EurekaInstance, defaults: RecordDefaults): { region: string; zone: string } {
  const amazon = instance.dataCenterInfo?.metadata?.["availability-zone"];
  const said = amazon ?? instance.metadata["zone"];
  const derived = said === undefined ? derivedPlace(instance.ipAddr) : undefined;
  const zone = said ?? derived?.zone ?? defaults.zone;
  const region = instance.metadata["region"] ?? derived?.region ?? regionOfZone(zone) ?? defaults.region;
  return { region, zone };
}

function derivedPlace(address: string): { region: string; zone: string } | undefined {
  const at = coordinatesOf(address);
  if (at === undefined) return undefined;
  const zone = makeZones(at.region, at.zone).at(-1);
  return zone === undefined ? undefined : { region: zone.regionName, zone: zone.name };
}

/** `us-east-1c` is in `us-east-1`, `local-1b` in `local-1`. */
function regionOfZone(zone: string): string | undefined {
  return /^(.+-\d+)[a-z]$/.exec(zone)?.[1];
}

function groupOf(instance: EurekaInstance): GroupName {
  const app = instance.app.toLowerCase();
  if (instance.asgName !== undefined && instance.asgName !== "") return groupNameOf(instance.asgName);
  return { application: app, cluster: app, serverGroup: app };
}

function metadataOf(metadata: Readonly<Record<string, string>>): Record<string, string> {
  const fitting = Object.entries(metadata).filter(([, value]) => value !== "" && value.length <= metadataValueMax);
  // `fromEntries` defines what it is given, so that a key `__proto__` is only a key.
  return Object.fromEntries(fitting.slice(0, metadataMax));
}

function text(value: string, otherwise: string): string {
  return (value || otherwise || "unknown").slice(0, textMax);
}
