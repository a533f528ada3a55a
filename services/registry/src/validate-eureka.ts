import { type InstanceStatus, instanceStatuses } from "@holdfast/wire";
import type { EurekaAction, EurekaDataCenter, EurekaInstance, EurekaLease, EurekaPort } from "@holdfast/wire/eureka";
import { object, refuse, text, whole } from "./read-fields.ts";

/** As in wire's codec, which refuses longer ones. */
const textMax = 16 * 1024;
const optionalTexts = [
  "instanceId",
  "appGroupName",
  "sid",
  "homePageUrl",
  "statusPageUrl",
  "healthCheckUrl",
  "secureHealthCheckUrl",
  "vipAddress",
  "secureVipAddress",
  "asgName",
] as const;
const actions: readonly EurekaAction[] = ["ADDED", "MODIFIED", "DELETED"];

/**
 * Checks what a Eureka client said of itself, field by field: it is written into the answers for all Eureka clients,
 * where one wrong type would spoil everybody's.
 *
 * @throws PlatformError `BODY_INVALID`.
 */
export function readEureka(path: string, value: unknown): EurekaInstance {
  const fields = object(path, value);
  const { dataCenterInfo, leaseInfo, lastDirtyTimestamp, actionType } = fields;
  const texts: { [K in (typeof optionalTexts)[number]]?: string } = {};
  for (const name of optionalTexts) {
    if (fields[name] !== undefined) texts[name] = text(`${path}.${name}`, fields[name], textMax, 0);
  }
  const action = actions.find((known) => known === actionType);
  return {
    ...texts,
    hostName: text(`${path}.hostName`, fields["hostName"], textMax, 0),
    app: text(`${path}.app`, fields["app"], textMax, 0),
    ipAddr: text(`${path}.ipAddr`, fields["ipAddr"], textMax, 0),
    port: readPort(`${path}.port`, fields["port"]),
    securePort: readPort(`${path}.securePort`, fields["securePort"]),
    countryId: integer(`${path}.countryId`, fields["countryId"] ?? 1),
    ...(dataCenterInfo === undefined
      ? {}
      : { dataCenterInfo: readDataCenter(`${path}.dataCenterInfo`, dataCenterInfo) }),
    status: readStatus(`${path}.status`, fields["status"] ?? "UNKNOWN"),
    overriddenStatus: readStatus(`${path}.overriddenStatus`, fields["overriddenStatus"] ?? "UNKNOWN"),
    ...(leaseInfo === undefined ? {} : { leaseInfo: readLease(`${path}.leaseInfo`, leaseInfo) }),
    isCoordinatingDiscoveryServer: fields["isCoordinatingDiscoveryServer"] === true,
    metadata: readTexts(`${path}.metadata`, fields["metadata"]),
    lastUpdatedTimestamp: integer(`${path}.lastUpdatedTimestamp`, fields["lastUpdatedTimestamp"] ?? 0),
    ...(lastDirtyTimestamp === undefined
      ? {}
      : { lastDirtyTimestamp: integer(`${path}.lastDirtyTimestamp`, lastDirtyTimestamp) }),
    ...(action === undefined ? {} : { actionType: action }),
  };
}

export function readStatus(path: string, value: unknown): InstanceStatus {
  const status = instanceStatuses.find((known) => known === value);
  if (status === undefined) refuse(path, `one of ${instanceStatuses.join(", ")}`);
  return status;
}

function readPort(path: string, value: unknown): EurekaPort {
  const fields = object(path, value);
  return { port: whole(`${path}.port`, fields["port"], 65_535), enabled: fields["enabled"] === true };
}

function readDataCenter(path: string, value: unknown): EurekaDataCenter {
  const fields = object(path, value);
  const { metadata } = fields;
  return {
    class: text(`${path}.class`, fields["class"], textMax, 0),
    name: text(`${path}.name`, fields["name"], textMax, 0),
    ...(metadata === undefined ? {} : { metadata: readTexts(`${path}.metadata`, metadata) }),
  };
}

function readLease(path: string, value: unknown): EurekaLease {
  const fields = object(path, value);
  const number = (name: string): number => integer(`${path}.${name}`, fields[name] ?? 0);
  return {
    renewalIntervalInSecs: number("renewalIntervalInSecs"),
    durationInSecs: number("durationInSecs"),
    registrationTimestamp: number("registrationTimestamp"),
    lastRenewalTimestamp: number("lastRenewalTimestamp"),
    evictionTimestamp: number("evictionTimestamp"),
    serviceUpTimestamp: number("serviceUpTimestamp"),
  };
}

function readTexts(path: string, value: unknown): Record<string, string> {
  const entries = Object.entries(object(path, value));
  // `fromEntries` defines what it is given, so that a key `__proto__` is only a key.
  return Object.fromEntries(entries.map(([key, item]) => [key, text(`${path}.${key}`, item, textMax, 0)]));
}

/** Clients may say less than nothing, too. */
function integer(path: string, value: unknown): number {
  if (typeof value === "number" && Number.isSafeInteger(value)) return value;
  return refuse(path, "a whole number");
}
