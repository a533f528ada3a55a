import type { EurekaDataCenter, EurekaInstance, EurekaPort } from "./types.ts";

const emptyMetadata = '{"@class":"java.util.Collections$EmptyMap"}';
/** What `compact` keeps of Amazon's metadata, in its order. */
export const compactAmazonKeys = [
  "public-ipv4",
  "public-hostname",
  "instance-id",
  "local-ipv4",
  "availability-zone",
] as const;

/** Eureka's default codec (`EurekaJacksonCodec`): booleans and timestamps as text, the rest as they are. */
export function fullJson(one: EurekaInstance): string {
  const { leaseInfo: lease } = one;
  let text = "{";
  if (one.instanceId !== undefined) text += `"instanceId":${quoted(one.instanceId)},`;
  text += `"hostName":${quoted(one.hostName)},"app":${quoted(one.app)},"ipAddr":${quoted(one.ipAddr)},`;
  if (isSid(one.sid)) text += `"sid":${quoted(one.sid)},`;
  text += `"status":"${one.status}","overriddenStatus":"${one.overriddenStatus}",`;
  text += `"port":${portJson(one.port)},"securePort":${portJson(one.securePort)},"countryId":${one.countryId},`;
  if (one.dataCenterInfo !== undefined) text += `"dataCenterInfo":${dataCenterJson(one.dataCenterInfo)},`;
  if (lease !== undefined) {
    text += `"leaseInfo":{"renewalIntervalInSecs":${lease.renewalIntervalInSecs},"durationInSecs":${lease.durationInSecs},`;
    text += `"registrationTimestamp":${lease.registrationTimestamp},"lastRenewalTimestamp":${lease.lastRenewalTimestamp},`;
    text += `"evictionTimestamp":${lease.evictionTimestamp},"serviceUpTimestamp":${lease.serviceUpTimestamp}},`;
  }
  text += `"metadata":${mapJson(one.metadata)}`;
  text += field("appGroupName", one.appGroupName) + field("homePageUrl", one.homePageUrl);
  text += field("statusPageUrl", one.statusPageUrl) + field("healthCheckUrl", one.healthCheckUrl);
  text += field("secureHealthCheckUrl", one.secureHealthCheckUrl);
  text += field("vipAddress", one.vipAddress) + field("secureVipAddress", one.secureVipAddress);
  text += `,"isCoordinatingDiscoveryServer":"${one.isCoordinatingDiscoveryServer}"`;
  text += `,"lastUpdatedTimestamp":"${one.lastUpdatedTimestamp}"`;
  if (one.lastDirtyTimestamp !== undefined) text += `,"lastDirtyTimestamp":"${one.lastDirtyTimestamp}"`;
  return `${text}${field("actionType", one.actionType)}${field("asgName", one.asgName)}}`;
}

/** `JacksonJsonMini`: what a caller needs, in its own order; timestamps are numbers. */
export function compactJson(one: EurekaInstance): string {
  const { dataCenterInfo: center } = one;
  let text = one.instanceId === undefined ? "{" : `{"instanceId":${quoted(one.instanceId)},`;
  text += `"app":${quoted(one.app)},"ipAddr":${quoted(one.ipAddr)}`;
  text += field("vipAddress", one.vipAddress) + field("secureVipAddress", one.secureVipAddress);
  if (center !== undefined) text += `,"dataCenterInfo":${dataCenterJson(compactDataCenter(center))}`;
  text += `,"hostName":${quoted(one.hostName)},"status":"${one.status}"`;
  text += `,"lastUpdatedTimestamp":${one.lastUpdatedTimestamp}`;
  text += field("actionType", one.actionType) + field("asgName", one.asgName);
  return `${text},"port":${portJson(one.port)},"securePort":${portJson(one.securePort)}}`;
}

export function compactDataCenter(center: EurekaDataCenter): EurekaDataCenter {
  const { class: name, metadata } = center;
  if (metadata === undefined) return center;
  const kept = compactAmazonKeys.flatMap((key) => (Object.hasOwn(metadata, key) ? [[key, metadata[key] ?? ""]] : []));
  return { class: name, name: center.name, metadata: Object.fromEntries(kept) as Record<string, string> };
}

/** `na` and `unknown` are Eureka's words for none. */
export function isSid(sid: string | undefined): sid is string {
  return sid !== undefined && sid !== "na" && sid !== "unknown";
}

function field(name: string, value: string | undefined): string {
  return value === undefined ? "" : `,"${name}":${quoted(value)}`;
}

function portJson({ port, enabled }: EurekaPort): string {
  return `{"$":${port},"@enabled":"${enabled}"}`;
}

function dataCenterJson({ class: name, name: kind, metadata }: EurekaDataCenter): string {
  const more = metadata === undefined ? "" : `,"metadata":${mapJson(metadata)}`;
  return `{"@class":${quoted(name)},"name":${quoted(kind)}${more}}`;
}

function mapJson(map: Readonly<Record<string, string>>): string {
  let text = "";
  for (const key of Object.keys(map)) text += `${text === "" ? "" : ","}${quoted(key)}:${quoted(map[key] ?? "")}`;
  return text === "" ? emptyMetadata : `{${text}}`;
}

const quoted = JSON.stringify as (text: string) => string;
