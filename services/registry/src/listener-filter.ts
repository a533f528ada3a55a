import type { InstanceRecord } from "@holdfast/wire";
import type { Change } from "./history.ts";

/** What a listener wants: everything, some apps, or whoever serves one of some virtual addresses (VIPs). */
export interface ListenerFilter {
  /** Lower case. */
  readonly apps?: ReadonlySet<string> | undefined;
  /** Lower case. An instance of ours serves the one named like its app. */
  readonly vips?: ReadonlySet<string> | undefined;
}

export function isWanted(filter: ListenerFilter, record: InstanceRecord): boolean {
  if (filter.apps !== undefined && !filter.apps.has(record.app)) return false;
  const { vips } = filter;
  return vips === undefined || vipsOf(record).some((vip) => vips.has(vip));
}

/** What a listener is to hear of `changes`: an instance that leaves what is wanted is removed for it. */
export function wantedOf(filter: ListenerFilter, changes: readonly Change[]): Change[] {
  return changes.flatMap((change) => {
    const { app, id, before, upsert } = change;
    if (upsert !== undefined && isWanted(filter, upsert)) return change;
    if (before === undefined || !isWanted(filter, before)) return [];
    if (upsert === undefined) return change;
    const { upsert: _, ...rest } = change;
    return { ...rest, removal: { app, id, cause: "it serves another virtual address now" } };
  });
}

function vipsOf(record: InstanceRecord): string[] {
  const { eureka } = record;
  if (eureka === undefined) return [record.app];
  return `${eureka.vipAddress ?? ""},${eureka.secureVipAddress ?? ""}`.toLowerCase().split(",").filter(Boolean);
}
