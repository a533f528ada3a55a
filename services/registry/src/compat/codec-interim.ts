// TEMPORARY, by R2, until wire's codec is there: JSON only. Not to be committed for good.
import { PlatformError } from "@holdfast/kernel";
import { type InstanceStatus, instanceStatuses } from "@holdfast/wire";
import type {
  EurekaApplication,
  EurekaApplications,
  EurekaFormat,
  EurekaInstance,
  EurekaReplication,
  EurekaReplicationAnswer,
  EurekaShape,
} from "@holdfast/wire/eureka";

type Fields = Record<string, unknown>;
const bad = (cause?: unknown): never => {
  throw new PlatformError("BODY_INVALID", "body: cannot be read", { status: 400, cause });
};
const json = (text: string): Fields => {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? (value as Fields) : bad();
  } catch (error) {
    return bad(error);
  }
};
const status = (value: unknown): InstanceStatus => instanceStatuses.find((known) => known === value) ?? "UNKNOWN";
const port = (value: unknown, otherwise: number): EurekaInstance["port"] => {
  const fields = (value ?? {}) as Fields;
  return { port: Number(fields["$"] ?? otherwise), enabled: String(fields["@enabled"]) === "true" };
};
function read(value: unknown): EurekaInstance {
  if (typeof value !== "object" || value === null) bad();
  const { "@class": _class, ...fields } = value as Fields;
  const { dataCenterInfo, metadata, leaseInfo, lastDirtyTimestamp, isCoordinatingDiscoveryServer, ...rest } = fields;
  const center = dataCenterInfo as Fields | undefined;
  const { "@class": _m, ...entries } = (metadata ?? {}) as Fields;
  return {
    ...rest,
    ...(center === undefined
      ? {}
      : {
          dataCenterInfo: {
            class: String(center["@class"]),
            name: center["name"],
            ...(center["metadata"] === undefined ? {} : { metadata: center["metadata"] }),
          },
        }),
    ...(leaseInfo === undefined ? {} : { leaseInfo }),
    ...(lastDirtyTimestamp === undefined ? {} : { lastDirtyTimestamp: Number(lastDirtyTimestamp) }),
    app: String(fields["app"] ?? "").toUpperCase(),
    hostName: fields["hostName"] ?? "",
    ipAddr: fields["ipAddr"] ?? "",
    port: port(fields["port"], 7001),
    securePort: port(fields["securePort"], 7002),
    countryId: 1,
    status: status(fields["status"]),
    overriddenStatus: status(fields["overriddenStatus"] ?? fields["overriddenstatus"]),
    metadata: entries,
    isCoordinatingDiscoveryServer: false,
    lastUpdatedTimestamp: Number(fields["lastUpdatedTimestamp"] ?? 0),
  } as unknown as EurekaInstance;
}
function write(instance: EurekaInstance): Fields {
  const { port: plain, securePort, dataCenterInfo, ...rest } = instance;
  const { class: name, ...center } = dataCenterInfo ?? { class: "" };
  return {
    ...rest,
    port: { $: plain.port, "@enabled": String(plain.enabled) },
    securePort: { $: securePort.port, "@enabled": String(securePort.enabled) },
    ...(dataCenterInfo === undefined ? {} : { dataCenterInfo: { "@class": name, ...center } }),
    lastUpdatedTimestamp: String(instance.lastUpdatedTimestamp),
    lastDirtyTimestamp: String(instance.lastDirtyTimestamp),
  };
}
export function encodeInstance(instance: EurekaInstance, format: EurekaFormat, _shape: EurekaShape): string {
  return format === "json" ? JSON.stringify({ instance: write(instance) }) : "<instance>\n</instance>\n";
}
export function encodeApplication(app: EurekaApplication, format: EurekaFormat, _shape: EurekaShape): string {
  const application = { name: app.name, instance: app.instances.map(write) };
  return format === "json" ? JSON.stringify({ application }) : "<application>\n</application>\n";
}
export function encodeApplications(apps: EurekaApplications, format: EurekaFormat, _shape: EurekaShape): string {
  const application = apps.applications.map((app) => ({ name: app.name, instance: app.instances.map(write) }));
  const applications = { versions__delta: "1", apps__hashcode: apps.appsHashcode, application };
  return format === "json" ? JSON.stringify({ applications }) : "<applications>\n</applications>\n";
}
export function decodeInstance(text: string, format: EurekaFormat): EurekaInstance {
  if (format === "xml") bad();
  const fields = json(text);
  return read(fields["instance"] ?? fields);
}
export function decodeApplications(text: string, _format: EurekaFormat): EurekaApplications {
  const { applications } = json(text) as { applications: { apps__hashcode: string; application: Fields[] } };
  return {
    versionsDelta: "1",
    appsHashcode: applications.apps__hashcode,
    applications: applications.application.map((app) => ({
      name: String(app["name"]),
      instances: (app["instance"] as unknown[]).map(read),
    })),
  };
}
export function decodeReplicationList(text: string): EurekaReplication[] {
  const list = json(text)["replicationList"];
  if (!Array.isArray(list)) return bad();
  return list.map((item: Fields) => ({
    ...(item as unknown as EurekaReplication),
    ...(item["instanceInfo"] === undefined ? {} : { instanceInfo: read(item["instanceInfo"]) }),
  }));
}
export function encodeReplicationList(items: readonly EurekaReplication[]): string {
  const list = items.map((item) =>
    item.instanceInfo === undefined ? item : { ...item, instanceInfo: write(item.instanceInfo) },
  );
  return JSON.stringify({ replicationList: list });
}
export function encodeReplicationAnswers(answers: readonly EurekaReplicationAnswer[]): string {
  return JSON.stringify({
    responseList: answers.map((a) =>
      a.responseEntity === undefined ? a : { ...a, responseEntity: write(a.responseEntity) },
    ),
  });
}
export function decodeReplicationAnswers(text: string): EurekaReplicationAnswer[] {
  const list = json(text)["responseList"];
  if (!Array.isArray(list)) return bad();
  return list.map((item: Fields) => ({
    statusCode: Number(item["statusCode"]),
    ...(item["responseEntity"] === undefined ? {} : { responseEntity: read(item["responseEntity"]) }),
  }));
}
export function hashcodeOf(statuses: Iterable<InstanceStatus>): string {
  const counts = new Map<string, number>();
  for (const one of statuses) counts.set(one, (counts.get(one) ?? 0) + 1);
  return [...counts]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, count]) => `${name}_${count}_`)
    .join("");
}
