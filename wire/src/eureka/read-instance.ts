import { type InstanceStatus, instanceStatuses } from "../registry.ts";
import { type Fields, fieldsOf, flagOf, numberOf, refuse, textOf, wholeOf } from "./fields.ts";
import type { EurekaAction, EurekaDataCenter, EurekaFormat, EurekaInstance, EurekaLease, EurekaPort } from "./types.ts";
import { keyOfXmlName } from "./xml-names.ts";

const metadataMax = 256;
/** `InstanceInfo.DEFAULT_PORT`, `DEFAULT_SECURE_PORT`. */
const [portDefault, securePortDefault] = [7_001, 7_002];
const amazonClass = "com.netflix.appinfo.AmazonInfo";
const defaultClass = "com.netflix.appinfo.InstanceInfo$DefaultDataCenterInfo";
/** Netflix's names of the class without metadata. */
const plainClasses = [defaultClass, "com.netflix.appinfo.MyDataCenterInfo"];
/** `DataCenterInfo.Name`. */
const centerNames = ["Netflix", "Amazon", "MyOwn"];
const actions: readonly EurekaAction[] = ["ADDED", "MODIFIED", "DELETED"];

type TextField =
  | "appGroupName"
  | "homePageUrl"
  | "statusPageUrl"
  | "healthCheckUrl"
  | "secureHealthCheckUrl"
  | "vipAddress"
  | "secureVipAddress"
  | "asgName"
  | "sid";
const textFields: readonly TextField[] = [
  "appGroupName",
  "homePageUrl",
  "statusPageUrl",
  "healthCheckUrl",
  "secureHealthCheckUrl",
  "vipAddress",
  "secureVipAddress",
  "asgName",
  "sid",
];

/**
 * Reads an instance as leniently as Eureka does: numbers in quotes, fields unknown or missing, either spelling of
 * `overriddenStatus`. What is missing has Eureka's own default; host name, address and app are then empty.
 */
export function readInstance(value: unknown, format: EurekaFormat, path: string): EurekaInstance {
  const fields = fieldsOf(value, path);
  const text = (name: string): string | undefined => textOf(fields, name, path);
  const instanceId = text("instanceId");
  const center = readDataCenter(fields.get("dataCenterInfo"), format, `${path}.dataCenterInfo`);
  const lease = readLease(fields.get("leaseInfo"), `${path}.leaseInfo`);
  const dirty = numberOf(fields, "lastDirtyTimestamp", path);
  const action = actions.find((known) => known === text("actionType"));
  const optional: { -readonly [K in TextField]?: string } = {};
  for (const name of textFields) {
    const said = text(name);
    if (said !== undefined) optional[name] = said;
  }
  return {
    ...(instanceId === undefined || instanceId === "" ? {} : { instanceId }),
    hostName: text("hostName") ?? "",
    app: (text("app") ?? "").toUpperCase(),
    ipAddr: text("ipAddr") ?? "",
    ...optional,
    status: readStatus(text("status"), "UP"),
    overriddenStatus: readStatus(text("overriddenStatus") ?? text("overriddenstatus"), "UNKNOWN"),
    port: readPort(fields.get("port"), portDefault, true, `${path}.port`),
    securePort: readPort(fields.get("securePort"), securePortDefault, false, `${path}.securePort`),
    countryId: wholeOf(fields, "countryId", path) ?? 1,
    ...(center === undefined ? {} : { dataCenterInfo: center }),
    ...(lease === undefined ? {} : { leaseInfo: lease }),
    metadata: readMap(fields.get("metadata"), format, `${path}.metadata`) ?? {},
    isCoordinatingDiscoveryServer: flagOf(fields, "isCoordinatingDiscoveryServer", path) ?? false,
    lastUpdatedTimestamp: numberOf(fields, "lastUpdatedTimestamp", path) ?? 0,
    ...(dirty === undefined ? {} : { lastDirtyTimestamp: dirty }),
    ...(action === undefined ? {} : { actionType: action }),
  };
}

/** `InstanceStatus.toEnum`: what is not known is UNKNOWN. */
export function readStatus(text: string | undefined, missing: InstanceStatus): InstanceStatus {
  if (text === undefined) return missing;
  const wanted = text.trim().toUpperCase();
  return instanceStatuses.find((known) => known === wanted) ?? "UNKNOWN";
}

function readPort(value: unknown, missing: number, enabledMissing: boolean, path: string): EurekaPort {
  if (value === undefined || value === null) return { port: missing, enabled: enabledMissing };
  const fields: Fields = value instanceof Map ? (value as Fields) : new Map([["$", value]]);
  const port = numberOf(fields, "$", path) ?? missing;
  if (port < 0 || port > 65_535) refuse(`${path}: ${port} is not a port`);
  const enabled = flagOf(fields, "@enabled", path) ?? flagOf(fields, "enabled", path) ?? enabledMissing;
  return { port, enabled };
}

/**
 * Only what Netflix's own readers take: one instance with another class, another name, or metadata in a class that has
 * none would keep every Java client from reading anything at all.
 */
function readDataCenter(value: unknown, format: EurekaFormat, path: string): EurekaDataCenter | undefined {
  if (value === undefined || value === null || value === "") return undefined;
  const fields = fieldsOf(value, path);
  const name = textOf(fields, "name", path) ?? "";
  if (name !== "" && !centerNames.includes(name)) refuse(`${path}.name: must be Netflix, Amazon or MyOwn`);
  const said = textOf(fields, "@class", path) ?? textOf(fields, "class", path);
  if (said !== amazonClass && name !== "Amazon") {
    return { class: plainClasses.find((known) => known === said) ?? defaultClass, name };
  }
  const metadata = readMap(fields.get("metadata"), format, `${path}.metadata`);
  return { class: amazonClass, name, ...(metadata === undefined ? {} : { metadata }) };
}

function readLease(value: unknown, path: string): EurekaLease | undefined {
  if (value === undefined || value === null || value === "") return undefined;
  const fields = fieldsOf(value, path);
  return {
    renewalIntervalInSecs: wholeOf(fields, "renewalIntervalInSecs", path) ?? 30,
    durationInSecs: wholeOf(fields, "durationInSecs", path) ?? 90,
    registrationTimestamp: numberOf(fields, "registrationTimestamp", path) ?? 0,
    lastRenewalTimestamp: numberOf(fields, "lastRenewalTimestamp", path) ?? 0,
    evictionTimestamp: numberOf(fields, "evictionTimestamp", path) ?? 0,
    serviceUpTimestamp: numberOf(fields, "serviceUpTimestamp", path) ?? 0,
  };
}

/** A map of texts. Eureka marks an empty one by a class name, which is none of its entries. */
function readMap(value: unknown, format: EurekaFormat, path: string): Record<string, string> | undefined {
  if (value === undefined || value === null) return undefined;
  const map: Record<string, string> = {};
  if (!(value instanceof Map)) return map;
  const fields = value as Fields;
  if (fields.size > metadataMax + 1) refuse(`${path}: has more than ${metadataMax} entries`);
  for (const name of fields.keys()) {
    if (name === "@class" || (format === "xml" && (name === "$" || name.startsWith("@")))) continue;
    const key = format === "xml" ? keyOfXmlName(name) : name;
    const text = textOf(fields, name, path);
    if (text === undefined) continue;
    // `__proto__` is a key like any other.
    Object.defineProperty(map, key, { value: text, enumerable: true, configurable: true, writable: true });
  }
  return map;
}
