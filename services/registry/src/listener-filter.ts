import type { InstanceRecord } from "@holdfast/wire";
import type { Change } from "./history.ts";

/** What a listener wants: everything, some apps, or whoever serves one of some virtual addresses (VIPs). */
export interface ListenerFilter {
  /** Lower case. */
  readonly apps?: ReadonlySet<string> | undefined;
  /** Lower case. An instance of ours serves the one named like its app. */
  readonly vips?: ReadonlySet<string> | undefined;
}

/** A change that takes an instance out of what is wanted is wanted, too. */
export function isWanted(filter: ListenerFilter, change: Pick<Change, "app" | "before" | "upsert">): boolean {
  if (filter.apps !== undefined && !filter.apps.has(change.app)) return false;
  const { vips } = filter;
  if (vips === undefined) return true;
  return [change.before, change.upsert].some(
    (record) => record !== undefined && vipsOf(record).some((vip) => vips.has(vip)),
  );
}

function vipsOf(record: InstanceRecord): string[] {
  const { eureka } = record;
  if (eureka === undefined) return [record.app];
  return `${eureka.vipAddress ?? ""},${eureka.secureVipAddress ?? ""}`.toLowerCase().split(",").filter(Boolean);
}
