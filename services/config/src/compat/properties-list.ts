import { type PropertyScopeKey, propertyScopeKeys } from "@holdfast/wire";
import type { PropertyRow } from "../change.ts";
import { filterPasses, parseFilter, scopesOf } from "./filter.ts";

/** One entry of Archaius's persisted source (`JsonPersistedV2Reader`); scopes that do not count are null. */
export type PersistedProperty = Readonly<
  { key: string; value: string; propertyId: string } & Record<PropertyScopeKey, string | null>
>;

/**
 * The body that Archaius 2's `JsonPersistedV2Reader` reads. Values that name a secret stay references: whoever asks here
 * says which rows it wants and not who it is.
 *
 * @param skipExtra leaves out values that are narrowed by a scope which the filter does not speak of.
 * @throws PlatformError `CONFIG_FILTER_INVALID` (400).
 */
export function propertiesList(
  rows: Iterable<PropertyRow>,
  filter: string,
  skipExtra: boolean,
): { readonly propertiesList: readonly PersistedProperty[] } {
  const read = parseFilter(filter);
  const asked = scopesOf(read);
  const found: PersistedProperty[] = [];
  for (const row of rows) {
    if (!filterPasses(read, row.scope)) continue;
    if (skipExtra && propertyScopeKeys.some((key) => row.scope[key] !== undefined && !asked.has(key))) continue;
    found.push(persisted(row));
  }
  return { propertiesList: found };
}

function persisted({ key, value, propertyId, scope }: PropertyRow): PersistedProperty {
  const { serverId, asg, ami, cluster, appId, env, countries, stack, zone, region } = scope;
  return {
    key,
    value,
    propertyId,
    serverId: serverId ?? null,
    asg: asg ?? null,
    ami: ami ?? null,
    cluster: cluster ?? null,
    appId: appId ?? null,
    env: env ?? null,
    countries: countries ?? null,
    stack: stack ?? null,
    zone: zone ?? null,
    region: region ?? null,
  };
}
