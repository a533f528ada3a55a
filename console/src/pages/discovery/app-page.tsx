import type { DiscoveryInstance } from "@holdfast/wire/control";
import { Button } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { type ReactNode, useState } from "react";
import { type Overridden, OverrideDialog } from "../../actions/override-dialog.tsx";
import { discoveryAppResource } from "../../api/discovery.ts";
import { withoutEmpty } from "../../lib/filters.ts";
import { count } from "../../lib/format.ts";
import { Empty, Loaded } from "../../ui/loaded.tsx";
import { Page, Panel } from "../../ui/page.tsx";
import { StatusMark } from "../../ui/status-mark.tsx";
import { words } from "./apps-table.tsx";
import { EventPanel } from "./event-panel.tsx";
import { LeaseBar } from "./lease-bar.tsx";
import { MomentField, PastNote } from "./moment-field.tsx";
import { WhyDialog } from "./why-dialog.tsx";
import "./discovery.css";

const route = getRouteApi("/discovery/$app");

/** One app as callers see it: its instances, their leases and overrides, and what happened to them. */
export function DiscoveryAppPage(): ReactNode {
  const { app } = route.useParams();
  const { at, why } = route.useSearch();
  const navigate = route.useNavigate();
  const [chosen, setChosen] = useState<Overridden>();
  const instances = useQuery(discoveryAppResource(app, at));
  const change = (fields: Readonly<Record<string, string | undefined>>): void =>
    void navigate({ search: (before) => withoutEmpty({ ...before, ...fields }), replace: true });
  const list = instances.data?.instances ?? [];
  const up = list.filter((one) => one.status === "UP").length;
  return (
    <Page
      title={app}
      beside={
        <span className="muted">
          <Link to="/discovery">Discovery</Link> · {up} of {count(list.length, "instance")} up
        </span>
      }
    >
      <search className="filters" aria-label="Moment">
        <MomentField at={at} onChange={(moment) => change({ at: moment })} />
      </search>
      {at === undefined ? undefined : (
        <PastNote at={at} registry={instances.data?.registry ?? null} onNow={() => change({ at: undefined })} />
      )}
      <Panel title="Instances" flush>
        <Loaded query={instances}>
          {({ instances: all }) =>
            all.length === 0 ? (
              <Empty
                title={at === undefined ? `Nobody is registered as ${app}.` : `Nobody was registered as ${app} then.`}
              />
            ) : (
              <InstanceRows instances={all} isPast={at !== undefined} onOverride={setChosen} />
            )
          }
        </Loaded>
      </Panel>
      <EventPanel app={app} />
      {chosen === undefined ? undefined : <OverrideDialog of={chosen} onClose={() => setChosen(undefined)} />}
      <WhyDialog name={why} onClose={() => change({ why: undefined })} />
    </Page>
  );
}

function InstanceRows(props: {
  readonly instances: readonly DiscoveryInstance[];
  readonly isPast: boolean;
  readonly onOverride: (of: Overridden) => void;
}): ReactNode {
  return (
    <table className="table discovery-instances" aria-label="Instances">
      <thead>
        <tr>
          <th scope="col">Instance</th>
          <th scope="col">Callers see</th>
          <th scope="col">Zone</th>
          <th scope="col">Address</th>
          <th scope="col" className="ample-only">
            Version
          </th>
          <th scope="col" className="ample-only">
            Speaks
          </th>
          <th scope="col">Lease</th>
          <th scope="col">
            <span className="visually-hidden">Actions</span>
          </th>
        </tr>
      </thead>
      <tbody>
        {props.instances.map((one) => (
          <Row key={one.id} one={one} isPast={props.isPast} onOverride={props.onOverride} />
        ))}
      </tbody>
    </table>
  );
}

function Row(props: {
  readonly one: DiscoveryInstance;
  readonly isPast: boolean;
  readonly onOverride: (of: Overridden) => void;
}): ReactNode {
  const { app, id, status, zone, address, port, serverGroup, speaks, lease, override } = props.one;
  return (
    <tr>
      <td data-cell="id">
        <Link className="mono discovery-id" to="." search={(search) => ({ ...search, why: `${app}/${id}` })}>
          {id}
        </Link>
      </td>
      <td data-cell="status">
        <StatusMark state={status} label={words(status)} />
        {override === null ? undefined : (
          <span className="discovery-reason">
            {override.by}: {override.reason}
          </span>
        )}
      </td>
      <td data-cell="zone">{zone}</td>
      <td data-cell="address" className="mono">
        {address}:{port}
      </td>
      <td data-cell="version" className="ample-only mono muted discovery-wrap">
        {serverGroup}
      </td>
      <td className="ample-only muted">{speaks === "eureka" ? "Eureka" : "Holdfast"}</td>
      <td data-cell="lease">{lease === null ? <span className="muted">–</span> : <LeaseBar lease={lease} />}</td>
      <td data-cell="actions">
        {props.isPast ? undefined : (
          <div className="row-actions">
            <Button
              size="compact-sm"
              variant="default"
              aria-label={`${override === null ? "Override" : "Clear override of"} ${app}/${id}`}
              onClick={() => props.onOverride({ app, id, override })}
            >
              {override === null ? "Override" : "Clear"}
            </Button>
          </div>
        )}
      </td>
    </tr>
  );
}
