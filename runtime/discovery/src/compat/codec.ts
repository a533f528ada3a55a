// TEMPORARY until wire's codec is there.
import { PlatformError } from "@holdfast/kernel";
import type { InstanceStatus } from "@holdfast/wire";
import type { EurekaApplications, EurekaInstance } from "@holdfast/wire/eureka";

/* oxlint-disable */
const num = (v: any, d = 0): number => (v === undefined ? d : Number(v));
function inst(v: any): EurekaInstance {
  const { "@class": _c, ...metadata } = v.metadata ?? {};
  return {
    ...v,
    port: { port: num(v.port?.$, 7001), enabled: String(v.port?.["@enabled"]) === "true" },
    securePort: { port: num(v.securePort?.$, 7002), enabled: String(v.securePort?.["@enabled"]) === "true" },
    lastUpdatedTimestamp: num(v.lastUpdatedTimestamp),
    lastDirtyTimestamp: num(v.lastDirtyTimestamp),
    metadata,
  };
}
export function decodeApplications(text: string, _f: "json"): EurekaApplications {
  try {
    const { applications: a } = JSON.parse(text);
    return {
      versionsDelta: "1",
      appsHashcode: a.apps__hashcode,
      applications: a.application.map((x: any) => ({ name: x.name, instances: x.instance.map(inst) })),
    };
  } catch (error) {
    throw new PlatformError("BODY_INVALID", "bad", { status: 400, cause: error });
  }
}
export function encodeInstance(i: EurekaInstance, _f: "json", _s: "full"): string {
  return JSON.stringify({
    instance: {
      ...i,
      port: { $: i.port.port, "@enabled": String(i.port.enabled) },
      securePort: { $: i.securePort.port, "@enabled": String(i.securePort.enabled) },
    },
  });
}
export function hashcodeOf(statuses: Iterable<InstanceStatus>): string {
  const c = new Map<string, number>();
  for (const s of statuses) c.set(s, (c.get(s) ?? 0) + 1);
  return [...c]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([s, n]) => `${s}_${n}_`)
    .join("");
}
