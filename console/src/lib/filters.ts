import type { RegistryEvent } from "@holdfast/wire";
import type { ActivityView, InstanceView } from "@holdfast/wire/control";

/** What the address bar says about the list of instances. An absent field does not filter. */
export interface InstanceFilter {
  readonly service?: string;
  readonly zone?: string;
  readonly kind?: string;
  readonly status?: string;
  readonly q?: string;
}

export interface ActivityFilter {
  readonly service?: string;
  readonly kind?: string;
  readonly outcome?: string;
}

/** The non-empty texts among `fields` of a query string; everything else in it is dropped. */
export function readTexts<Field extends string>(
  search: Readonly<Record<string, unknown>>,
  fields: readonly Field[],
): { readonly [key in Field]?: string } {
  const texts: { [key in Field]?: string } = {};
  for (const field of fields) {
    const value = search[field];
    if (typeof value === "string" && value !== "") texts[field] = value;
  }
  return texts;
}

/** True when at least one list filter is set; the open instance is not a filter. */
export function isFiltering(filter: InstanceFilter & ActivityFilter & { readonly instance?: string }): boolean {
  const { instance: _open, ...fields } = filter;
  return Object.keys(fields).length > 0;
}

export function filterInstances(instances: readonly InstanceView[], filter: InstanceFilter): readonly InstanceView[] {
  const needle = filter.q?.toLowerCase();
  return instances.filter(
    (instance) =>
      (filter.service === undefined || instance.name === filter.service) &&
      (filter.zone === undefined || instance.zone === filter.zone) &&
      (filter.kind === undefined || instance.kind === filter.kind) &&
      (filter.status === undefined || instance.status === filter.status) &&
      (needle === undefined || textOf(instance).includes(needle)),
  );
}

export function filterActivities(activities: readonly ActivityView[], filter: ActivityFilter): readonly ActivityView[] {
  return activities.filter(
    (activity) =>
      (filter.service === undefined || activity.service === filter.service) &&
      (filter.kind === undefined || activity.kind === filter.kind) &&
      (filter.outcome === undefined || activity.outcome === filter.outcome),
  );
}

/** An empty `kind` or `find` does not filter; `find` is looked for in any case, in all that an event says. */
export function filterEvents(
  events: readonly RegistryEvent[],
  filter: { readonly kind: string; readonly find: string },
): readonly RegistryEvent[] {
  const needle = filter.find.toLowerCase();
  return events.filter(
    ({ kind, app, id, by, detail }) =>
      (filter.kind === "" || kind === filter.kind) &&
      `${kind} ${app}/${id} ${by} ${detail}`.toLowerCase().includes(needle),
  );
}

function textOf(instance: InstanceView): string {
  const { id, name, address, port, pid, reason, serverGroup } = instance;
  return `${id} ${name} ${address}:${port} ${pid ?? ""} ${reason} ${serverGroup}`.toLowerCase();
}

/** `fields` without what is absent or empty: what goes into the address bar. */
export function withoutEmpty(fields: Readonly<Record<string, string | undefined>>): Record<string, string> {
  const kept: Record<string, string> = {};
  for (const [field, value] of Object.entries(fields)) {
    if (value !== undefined && value !== "") kept[field] = value;
  }
  return kept;
}

/** The choices of a filter: `all`, then each value once. `chosen` stays although nothing has that value any more. */
export function optionsOf(
  values: readonly string[],
  chosen: string | undefined,
): readonly { readonly value: string; readonly label: string }[] {
  const names = new Set(chosen === undefined ? values : [...values, chosen]);
  return [{ value: "", label: "All" }, ...[...names].sort().map((value) => ({ value, label: value }))];
}
