import type { InstanceView } from "@holdfast/wire/control";
import { Button, NativeSelect } from "@mantine/core";
import { getRouteApi } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { useInstances } from "../../api/queries.ts";
import { filterInstances, type InstanceFilter, isFiltering, optionsOf, withoutEmpty } from "../../lib/filters.ts";
import { count } from "../../lib/format.ts";
import { Empty, Loaded } from "../../ui/loaded.tsx";
import { Page, Panel } from "../../ui/page.tsx";
import { TypedField } from "../../ui/typed-field.tsx";
import { InstanceTable } from "./instance-table.tsx";

const route = getRouteApi("/instances");

/** Every instance; the address bar holds the filter. */
export function InstancesPage(): ReactNode {
  const instances = useInstances();
  const filter = route.useSearch();
  const shown = filterInstances(instances.data ?? [], filter);
  const total = instances.data?.length ?? 0;
  const words = shown.length === total ? count(total, "instance") : `${shown.length} of ${count(total, "instance")}`;
  return (
    <Page title="Instances" beside={instances.data && <span className="muted">{words}</span>}>
      <Filters instances={instances.data ?? []} filter={filter} />
      <Panel flush>
        <Loaded query={instances}>
          {() => (shown.length === 0 ? <Nothing filtered={total > 0} /> : <InstanceTable instances={inOrder(shown)} />)}
        </Loaded>
      </Panel>
    </Page>
  );
}

function inOrder(instances: readonly InstanceView[]): readonly InstanceView[] {
  return [...instances].sort(
    (a, b) =>
      Number(a.kind !== "app") - Number(b.kind !== "app") ||
      a.name.localeCompare(b.name) ||
      a.zone.localeCompare(b.zone) ||
      a.id.localeCompare(b.id),
  );
}

function Filters(props: { readonly instances: readonly InstanceView[]; readonly filter: InstanceFilter }): ReactNode {
  const { instances, filter } = props;
  const navigate = route.useNavigate();
  const set = (change: { readonly [key in keyof InstanceFilter]?: string | undefined }): void => {
    void navigate({ search: (before) => withoutEmpty({ ...before, ...change }), replace: true });
  };
  const select = (field: "service" | "zone" | "kind" | "status", label: string, of: (i: InstanceView) => string) => (
    <NativeSelect
      label={label}
      value={filter[field] ?? ""}
      data={optionsOf(instances.map(of), filter[field])}
      onChange={(event) => set({ [field]: event.currentTarget.value })}
    />
  );
  return (
    <search className="filters" aria-label="Filter instances">
      <TypedField
        label="Find"
        placeholder="id, address, pid, reason"
        value={filter.q ?? ""}
        onChange={(text) => set({ q: text })}
      />
      {select("service", "Service", (instance) => instance.name)}
      {select("zone", "Zone", (instance) => instance.zone)}
      {select("kind", "Kind", (instance) => instance.kind)}
      {select("status", "Status", (instance) => instance.status)}
      {isFiltering(filter) ? (
        <Button className="filters-clear" variant="subtle" onClick={() => void navigate({ search: {} })}>
          Clear
        </Button>
      ) : undefined}
    </search>
  );
}

function Nothing({ filtered }: { readonly filtered: boolean }): ReactNode {
  if (filtered) return <Empty title="No instance matches this filter." />;
  return (
    <Empty title="No instances yet.">
      <p>They appear as soon as an application is deployed; holdfast up does it.</p>
    </Empty>
  );
}
