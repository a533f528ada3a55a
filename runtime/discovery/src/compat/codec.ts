import { PlatformError } from "@holdfast/kernel";
import { type InstanceStatus, instanceStatuses } from "@holdfast/wire";
import type { EurekaAction, EurekaApplications, EurekaInstance, EurekaPort } from "@holdfast/wire/eureka";

// The JSON a client needs, until `@holdfast/wire/eureka` has Eureka's codecs; the same names and promises as there.

type Fields = Readonly<Record<string, unknown>>;
const actions: readonly EurekaAction[] = ["ADDED", "MODIFIED", "DELETED"];

/** @throws PlatformError `BODY_INVALID` (400) for what is no list of applications. */
export function decodeApplications(text: string, _format: "json"): EurekaApplications {
  const root = fieldsOf(parse(text));
  const applications = fieldsOf(root?.["applications"]);
  if (applications === undefined) throw invalid("applications: must be an object");
  return {
    versionsDelta: textOf(applications["versions__delta"]) ?? "1",
    appsHashcode: textOf(applications["apps__hashcode"]) ?? "",
    applications: listOf(applications["application"]).map((application) => {
      const name = (textOf(application["name"]) ?? "").toUpperCase();
      return { name, instances: listOf(application["instance"]).map((instance) => readInstance(instance, name)) };
    }),
  };
}

export function encodeInstance(instance: EurekaInstance, _format: "json", _shape: "full"): string {
  const { port, securePort, dataCenterInfo, isCoordinatingDiscoveryServer, ...plain } = instance;
  const center = { "@class": dataCenterInfo?.class, name: dataCenterInfo?.name, metadata: dataCenterInfo?.metadata };
  const written = {
    ...plain,
    port: { $: port.port, "@enabled": String(port.enabled) },
    securePort: { $: securePort.port, "@enabled": String(securePort.enabled) },
    dataCenterInfo: center,
    isCoordinatingDiscoveryServer: String(isCoordinatingDiscoveryServer),
    lastUpdatedTimestamp: String(instance.lastUpdatedTimestamp),
    lastDirtyTimestamp: String(instance.lastDirtyTimestamp ?? instance.lastUpdatedTimestamp),
  };
  return JSON.stringify({ instance: written });
}

/** `DOWN_1_UP_2_`: how many have which status, by name. */
export function hashcodeOf(statuses: Iterable<InstanceStatus>): string {
  const counts = new Map<InstanceStatus, number>();
  for (const status of statuses) counts.set(status, (counts.get(status) ?? 0) + 1);
  const sorted = [...counts].sort(([a], [b]) => (a < b ? -1 : 1));
  return sorted.map(([status, count]) => `${status}_${count}_`).join("");
}

function readInstance(fields: Fields, app: string): EurekaInstance {
  const instanceId = textOf(fields["instanceId"]);
  const center = fieldsOf(fields["dataCenterInfo"]);
  const lease = fieldsOf(fields["leaseInfo"]);
  const dirtyMs = fields["lastDirtyTimestamp"];
  const actionType = actions.find((action) => action === fields["actionType"]);
  const asgName = textOf(fields["asgName"]);
  return {
    ...(instanceId === undefined ? {} : { instanceId }),
    hostName: textOf(fields["hostName"]) ?? "",
    app: textOf(fields["app"])?.toUpperCase() ?? app,
    ipAddr: textOf(fields["ipAddr"]) ?? "",
    port: readPort(fields["port"], 7_001, true),
    securePort: readPort(fields["securePort"], 7_002, false),
    vipAddress: textOf(fields["vipAddress"]) ?? "",
    secureVipAddress: textOf(fields["secureVipAddress"]) ?? "",
    countryId: numberOf(fields["countryId"], 1),
    ...(center === undefined
      ? {}
      : {
          dataCenterInfo: {
            class: textOf(center["@class"]) ?? "",
            name: textOf(center["name"]) ?? "",
            metadata: readTexts(center["metadata"]),
          },
        }),
    status: readStatus(fields["status"]),
    overriddenStatus: readStatus(fields["overriddenStatus"] ?? fields["overriddenstatus"]),
    ...(lease === undefined ? {} : { leaseInfo: readLease(lease) }),
    isCoordinatingDiscoveryServer: String(fields["isCoordinatingDiscoveryServer"]) === "true",
    metadata: readTexts(fields["metadata"]),
    lastUpdatedTimestamp: numberOf(fields["lastUpdatedTimestamp"], 0),
    ...(dirtyMs === undefined ? {} : { lastDirtyTimestamp: numberOf(dirtyMs, 0) }),
    ...(actionType === undefined ? {} : { actionType }),
    ...(asgName === undefined ? {} : { asgName }),
  };
}

function readLease(lease: Fields): NonNullable<EurekaInstance["leaseInfo"]> {
  return {
    renewalIntervalInSecs: numberOf(lease["renewalIntervalInSecs"], 30),
    durationInSecs: numberOf(lease["durationInSecs"], 90),
    registrationTimestamp: numberOf(lease["registrationTimestamp"], 0),
    lastRenewalTimestamp: numberOf(lease["lastRenewalTimestamp"], 0),
    evictionTimestamp: numberOf(lease["evictionTimestamp"], 0),
    serviceUpTimestamp: numberOf(lease["serviceUpTimestamp"], 0),
  };
}

/** `{"$":7001,"@enabled":"true"}`, with a text or a number, a text or a truth value. */
function readPort(value: unknown, otherwise: number, enabled: boolean): EurekaPort {
  const fields = fieldsOf(value);
  const said = fields?.["@enabled"];
  return { port: numberOf(fields?.["$"], otherwise), enabled: said === undefined ? enabled : textOf(said) === "true" };
}

function readStatus(value: unknown): InstanceStatus {
  return instanceStatuses.find((status) => status === value) ?? "UNKNOWN";
}

/** Without Java's `@class`, with which it says that there are none. */
function readTexts(value: unknown): Readonly<Record<string, string>> {
  const entries = Object.entries(fieldsOf(value) ?? {});
  return Object.fromEntries(
    entries.flatMap(([key, item]) => {
      const text = key === "@class" ? undefined : textOf(item);
      return text === undefined ? [] : [[key, text]];
    }),
  );
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw invalid("body: is not JSON", error);
  }
}

function fieldsOf(value: unknown): Fields | undefined {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? { ...value } : undefined;
}

/** Old servers write a list of one as that one. */
function listOf(value: unknown): readonly Fields[] {
  const items: readonly unknown[] = Array.isArray(value) ? value : value === undefined || value === null ? [] : [value];
  return items.map((item) => fieldsOf(item) ?? refuseItem());
}

function refuseItem(): never {
  throw invalid("application, instance: must be objects");
}

function textOf(value: unknown): string | undefined {
  if (typeof value === "string") return value;
  return typeof value === "number" || typeof value === "boolean" ? String(value) : undefined;
}

function numberOf(value: unknown, otherwise: number): number {
  const number = typeof value === "string" && value !== "" ? Number(value) : value;
  return typeof number === "number" && Number.isFinite(number) ? number : otherwise;
}

function invalid(what: string, cause?: unknown): PlatformError<"BODY_INVALID"> {
  return new PlatformError("BODY_INVALID", what, { status: 400, cause });
}
