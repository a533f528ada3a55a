import type { InstanceView, StatusView } from "@holdfast/wire/control";
import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { isPlatform, outsideZones, placeInZones, type ZoneColumn } from "../../lib/placement.ts";
import { InstanceChip } from "../../ui/instance-chip.tsx";
import { Empty } from "../../ui/loaded.tsx";
import { StatusMark } from "../../ui/status-mark.tsx";

/** Where everything is: one column a zone, one line a service, the same line in every column. */
export function ZoneColumns(props: {
  readonly status: StatusView;
  readonly instances: readonly InstanceView[];
}): ReactNode {
  const { zones, services } = props.status;
  const columns = placeInZones(zones, services, props.instances);
  const outside = outsideZones(zones, props.instances);
  if (columns.length === 0) return <Empty title="No zone has reported yet." />;
  return (
    <section aria-label="Zones">
      <div className="zones" style={{ "--zone-rows": (columns[0]?.rows.length ?? 0) + 1 } as React.CSSProperties}>
        {columns.map((column) => (
          <Column key={column.zone.name} column={column} />
        ))}
      </div>
      {outside.length === 0 ? undefined : (
        <div className="operator-side">
          <span className="muted">On the operator’s address</span>
          {outside.map((instance) => (
            <span key={instance.id} className="operator-one">
              {instance.name} <InstanceChip instance={instance} />
            </span>
          ))}
        </div>
      )}
    </section>
  );
}

function Column({ column }: { readonly column: ZoneColumn }): ReactNode {
  const { zone, rows } = column;
  return (
    <article className="zone" aria-label={`Zone ${zone.name}`}>
      <header className="zone-head">
        <h2>{zone.name}</h2>
        {zone.agent === "up" ? (
          <span className="zone-count numeric">
            {zone.up} of {zone.total} up
          </span>
        ) : (
          <StatusMark state="unreachable" label="agent unreachable" />
        )}
      </header>
      {rows.map((row, index) => (
        <div
          key={row.service}
          className="zone-row"
          data-first-of-platform={isPlatform(row.kind) && !isPlatform(rows[index - 1]?.kind ?? "registry")}
          data-platform={isPlatform(row.kind)}
        >
          <Link className="zone-service" to="/services/$name" params={{ name: row.service }}>
            {row.service}
          </Link>
          <span className="zone-chips">
            {row.instances.map((instance) => (
              <InstanceChip key={instance.id} instance={instance} />
            ))}
            {row.instances.length === 0 ? <span className="muted zone-none">none here</span> : undefined}
          </span>
        </div>
      ))}
    </article>
  );
}
