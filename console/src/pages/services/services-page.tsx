import type { ServiceView, StatusView } from "@holdfast/wire/control";
import { Button } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { type ReactNode, useState } from "react";
import { RestartDialog } from "../../actions/restart-dialog.tsx";
import { ScaleDialog } from "../../actions/scale-dialog.tsx";
import { useStatus } from "../../api/queries.ts";
import { formatMs, formatPercent, formatRate } from "../../lib/format.ts";
import { isPlatform, servicesInOrder, shortZoneNames } from "../../lib/placement.ts";
import { Empty, Loaded } from "../../ui/loaded.tsx";
import { Page, Panel } from "../../ui/page.tsx";
import { StatusMark } from "../../ui/status-mark.tsx";
import "./services.css";

export type ServiceAction = { readonly kind: "restart" | "scale"; readonly service: string };

/** Every service: how strong it is, where, how it does, and the two things one does to it. */
export function ServicesPage(): ReactNode {
  const status = useStatus();
  const [action, setAction] = useState<ServiceAction>();
  return (
    <Page title="Services">
      <Loaded query={status}>
        {(view) => (
          <>
            <ServiceTable status={view} onAction={setAction} />
            <ServiceActionDialog status={view} action={action} onClose={() => setAction(undefined)} />
          </>
        )}
      </Loaded>
    </Page>
  );
}

/** The dialog of an action under way; keeps what the person began although the service changes meanwhile. */
export function ServiceActionDialog(props: {
  readonly status: StatusView;
  readonly action: ServiceAction | undefined;
  readonly onClose: () => void;
}): ReactNode {
  const { action } = props;
  const service = props.status.services.find(({ name }) => name === action?.service);
  if (action === undefined || service === undefined) return undefined;
  const Dialog = action.kind === "restart" ? RestartDialog : ScaleDialog;
  return <Dialog service={service} onClose={props.onClose} />;
}

function ServiceTable(props: {
  readonly status: StatusView;
  readonly onAction: (action: ServiceAction) => void;
}): ReactNode {
  const services = servicesInOrder(props.status.services);
  if (services.length === 0) {
    return (
      <Panel>
        <Empty title="No services yet.">
          <p>They appear as soon as an application is deployed; holdfast up does it.</p>
        </Empty>
      </Panel>
    );
  }
  const groups = [
    { title: `Application ${props.status.application}`, services: services.filter(({ kind }) => !isPlatform(kind)) },
    { title: "Platform", services: services.filter(({ kind }) => isPlatform(kind)) },
  ].filter((group) => group.services.length > 0);
  const zones = props.status.zones.map((zone) => zone.name);
  return (
    <Panel flush>
      <table className="table services-table" aria-label="Services">
        <TableHead />
        {groups.map((group) => (
          <tbody key={group.title}>
            <tr className="table-group">
              <th colSpan={8} scope="rowgroup">
                {group.title}
              </th>
            </tr>
            {group.services.map((service) => (
              <ServiceRow key={service.name} service={service} zones={zones} onAction={props.onAction} />
            ))}
          </tbody>
        ))}
      </table>
    </Panel>
  );
}

function TableHead(): ReactNode {
  return (
    <thead>
      <tr>
        <th scope="col">Name</th>
        <th scope="col">State</th>
        <th scope="col" className="end">
          Up / desired
        </th>
        <th scope="col">Zones</th>
        <th scope="col" className="end">
          Req / s
        </th>
        <th scope="col" className="end">
          Errors
        </th>
        <th scope="col" className="end">
          p99
        </th>
        <th scope="col">
          <span className="visually-hidden">Actions</span>
        </th>
      </tr>
    </thead>
  );
}

function ServiceRow(props: {
  readonly service: ServiceView;
  readonly zones: readonly string[];
  readonly onAction: (action: ServiceAction) => void;
}): ReactNode {
  const { service, zones } = props;
  const { name } = service;
  return (
    <tr>
      <td className="service-name" data-label="Name">
        <Link to="/services/$name" params={{ name }}>
          {name}
        </Link>
        {service.reason === "" ? undefined : <span className="service-reason">{service.reason}</span>}
      </td>
      <td data-label="State">
        <StatusMark state={service.state} />
      </td>
      <td className="end numeric" data-label="Up / desired">
        {service.up} / {service.desired}
      </td>
      <td data-label="Zones">
        <ZoneCounts zones={zones} service={service} />
      </td>
      <td className="end numeric" data-label="Req / s">
        {formatRate(service.requestsPerSecond)}
      </td>
      <td className="end numeric" data-label="Errors">
        {formatPercent(service.errorPercent)}
      </td>
      <td className="end numeric" data-label="p99">
        {formatMs(service.p99Ms)}
      </td>
      <td className="service-actions">
        <ServiceButtons service={service} onAction={props.onAction} />
      </td>
    </tr>
  );
}

export function ServiceButtons(props: {
  readonly service: ServiceView;
  readonly onAction: (action: ServiceAction) => void;
}): ReactNode {
  const { name, min, max, kind } = props.service;
  if (kind === "control") return undefined;
  return (
    <div className="row-actions">
      <Button
        size="compact-sm"
        variant="default"
        aria-label={`Restart ${name}`}
        onClick={() => props.onAction({ kind: "restart", service: name })}
      >
        Restart
      </Button>
      <Button
        size="compact-sm"
        variant="default"
        aria-label={`Scale ${name}`}
        disabled={min === max}
        onClick={() => props.onAction({ kind: "scale", service: name })}
      >
        Scale
      </Button>
    </div>
  );
}

/** `1a 1`, `1b 1`, `1c 0`: an empty zone has a broken outline, and is marked where something is missing. */
function ZoneCounts(props: { readonly zones: readonly string[]; readonly service: ServiceView }): ReactNode {
  const counts = props.service.zones;
  const names = [...props.zones, ...Object.keys(counts).filter((zone) => !props.zones.includes(zone))];
  const short = shortZoneNames(names);
  return (
    <span className="zone-counts" data-few={names.length <= 4}>
      {names
        .filter((zone) => zone in counts || props.service.kind === "app")
        .map((zone) => (
          <Link
            key={zone}
            to="/instances"
            search={{ service: props.service.name, zone }}
            className="zone-count-chip"
            data-empty={(counts[zone] ?? 0) === 0}
            data-missing={(counts[zone] ?? 0) === 0 && props.service.state !== "healthy"}
            title={`${counts[zone] ?? 0} up in ${zone}`}
          >
            <span className="visually-hidden">{props.service.name}, up in </span>
            <span>{short.get(zone)}</span> <b className="numeric">{counts[zone] ?? 0}</b>
          </Link>
        ))}
    </span>
  );
}
