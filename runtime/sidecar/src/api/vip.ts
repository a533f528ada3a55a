import type { ServerList } from "@holdfast/discovery";
import type { InstanceRecord } from "@holdfast/wire";

/**
 * The app whose instances stand behind a VIP address: the app of that name, else the first with an instance that was
 * registered under it. A port at its end (`catalog:7001`, as Netflix's names have) counts for nothing.
 */
export function appOfVip(servers: ServerList, vip: string): string {
  if (servers.instances(vip).length > 0) return vip;
  const name = vip.replace(/:\d+$/, "").toLowerCase();
  if (servers.instances(name).length > 0) return name;
  const app = servers.apps().find((known) => servers.instances(known).some((record) => hasVip(record, name)));
  return app ?? name;
}

/** The VIP addresses of an instance: what Eureka's client registered, else the app's name. */
export function vipAddressOf(record: InstanceRecord): string {
  return record.eureka?.vipAddress ?? record.app;
}

function hasVip(record: InstanceRecord, name: string): boolean {
  const vips = record.eureka?.vipAddress?.toLowerCase().split(",") ?? [];
  return vips.some((vip) => vip.trim().replace(/:\d+$/, "") === name);
}
