import { type InstanceRecord, type OverrideView, parseCursor, RegistryPaths } from "@holdfast/wire";
import type { Answered, Registries, RegistryPlace } from "./registries.ts";

/**
 * What callers see, or saw `at` a cursor or an ISO 8601 time. A cursor is asked of the registry that it names; a time of
 * whoever remembers so far back.
 *
 * @throws PlatformError `HISTORY_GONE` (410), `QUERY_INVALID` (400), or as {@link Registries.first}.
 */
export function recordsAt(
  registries: Registries,
  app: string | undefined,
  at: string | undefined,
): Promise<Answered<InstanceRecord[]>> {
  const peer = at === undefined ? undefined : parseCursor(at)?.peer;
  const known = registries.places.some((place) => place.name === peer);
  const path = `${RegistryPaths.instances}${queryOf({ app, at })}`;
  return registries.first("GET", path, known && peer !== undefined ? { name: peer } : {});
}

export function overridesAt(registries: Registries, place: RegistryPlace): Promise<OverrideView[]> {
  return registries.ask<OverrideView[]>(place, "GET", RegistryPaths.overrides);
}

/** `?a=1&b=2` of the fields that are there. */
export function queryOf(fields: Readonly<Record<string, string | undefined>>): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(fields)) if (value !== undefined) query.set(name, value);
  const text = query.toString();
  return text === "" ? "" : `?${text}`;
}
