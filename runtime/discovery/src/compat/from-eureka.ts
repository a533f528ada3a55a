import { coordinatesOf, hash32, type InstanceId, makeZones, parseInstanceId } from "@holdfast/kernel";
import type { InstanceRecord } from "@holdfast/wire";
import { type EurekaInstance, eurekaIdOf, eurekaOwnKeys } from "@holdfast/wire/eureka";

/** What Eureka gives an instance that names no zone. */
const zoneDefault = "default";

/**
 * What our callers need to know of an instance that an Eureka server names; `undefined` when it has no address or no port
 * that one could call. Instances of ours get back what {@link eurekaOwnKeys} kept for them.
 */
export function fromEureka(instance: EurekaInstance): InstanceRecord | undefined {
  const address = instance.ipAddr === "" ? instance.hostName : instance.ipAddr;
  const port = instance.port.enabled || !instance.securePort.enabled ? instance.port.port : instance.securePort.port;
  if (address === "" || !Number.isInteger(port) || port < 1 || port > 65_535) return undefined;
  const app = instance.app.toLowerCase();
  const own = new Map(Object.entries(instance.metadata));
  const { zone, region } = placeOf(instance, own, address);
  const group = own.get(eurekaOwnKeys.serverGroup) ?? instance.asgName ?? app;
  const adminPort = Number(own.get(eurekaOwnKeys.adminPort));
  const durationInSecs = instance.leaseInfo?.durationInSecs ?? 0;
  return {
    app,
    id: idOf(eurekaIdOf(instance)),
    incarnation: numberOf(own.get(eurekaOwnKeys.incarnation)),
    version: numberOf(own.get(eurekaOwnKeys.version)),
    status: instance.status,
    region,
    zone,
    address,
    port,
    ...(Number.isInteger(adminPort) && adminPort > 0 && adminPort < 65_536 ? { adminPort } : {}),
    application: own.get(eurekaOwnKeys.application) ?? group.split("-")[0] ?? app,
    cluster: own.get(eurekaOwnKeys.cluster) ?? group.replace(/-v\d{3,}$/, ""),
    serverGroup: group,
    verifiesIdentity: own.get(eurekaOwnKeys.verifiesIdentity) === "true",
    metadata: foreignMetadata(instance),
    ...(durationInSecs > 0 ? { leaseMs: durationInSecs * 1_000 } : {}),
    eureka: instance,
  };
}

/** Amazon's zone, else what the metadata says (Spring Cloud's convention), else what an address of ours says. */
function placeOf(
  instance: EurekaInstance,
  own: ReadonlyMap<string, string>,
  address: string,
): Pick<InstanceRecord, "zone" | "region"> {
  const amazon = instance.dataCenterInfo?.metadata?.["availability-zone"];
  const zone = amazon ?? own.get(eurekaOwnKeys.zone) ?? zoneOfAddress(address) ?? zoneDefault;
  return { zone, region: own.get(eurekaOwnKeys.region) ?? zone.replace(/(\d)[a-z]$/, "$1") };
}

function zoneOfAddress(address: string): string | undefined {
  const place = coordinatesOf(address);
  if (place === undefined) return undefined;
  return makeZones(place.region, place.zone).at(-1)?.name;
}

/** Eureka allows any text: what cannot be an id of ours is made one, the same each time. */
function idOf(id: string): InstanceId {
  const known = parseInstanceId(id);
  if (known !== undefined) return known;
  const readable = id.replaceAll(/[^A-Za-z0-9._:-]/g, "-").slice(0, 100);
  return `e-${readable}-${hash32(id).toString(16)}` as InstanceId;
}

function foreignMetadata(instance: EurekaInstance): Readonly<Record<string, string>> {
  const metadata: [string, string][] = Object.entries(instance.metadata);
  return Object.fromEntries(metadata.filter(([key]) => !key.startsWith("holdfast.")));
}

function numberOf(text: string | undefined): number {
  const value = Number(text);
  return text !== undefined && Number.isFinite(value) && value >= 0 ? value : 0;
}
