import type { InstanceView } from "@holdfast/wire/control";
import { Button } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { type ReactNode, useState } from "react";
import { KillDialog } from "../../actions/kill-dialog.tsx";
import { canBeKilled } from "../../lib/placement.ts";
import { Age } from "../../ui/age.tsx";
import { Empty } from "../../ui/loaded.tsx";
import { StatusMark } from "../../ui/status-mark.tsx";
import "./instances.css";

/** Instances as rows, each with the button that ends it. */
export function InstanceTable({ instances }: { readonly instances: readonly InstanceView[] }): ReactNode {
  const [victim, setVictim] = useState<InstanceView>();
  if (instances.length === 0) return <Empty title="No instance here." />;
  return (
    <>
      <table className="table" aria-label="Instances">
        <thead>
          <tr>
            <th scope="col">Instance</th>
            <th scope="col">Service</th>
            <th scope="col" className="roomy-only">
              Kind
            </th>
            <th scope="col" className="wide-only">
              Zone
            </th>
            <th scope="col" className="wide-only">
              Address
            </th>
            <th scope="col" className="ample-only end">
              Pid
            </th>
            <th scope="col">Status</th>
            <th scope="col" className="wide-only end">
              Since
            </th>
            <th scope="col" className="roomy-only">
              Reason
            </th>
            <th scope="col">
              <span className="visually-hidden">Actions</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {instances.map((instance) => (
            <Row key={instance.id} instance={instance} onKill={() => setVictim(instance)} />
          ))}
        </tbody>
      </table>
      {victim === undefined ? undefined : <KillDialog instance={victim} onClose={() => setVictim(undefined)} />}
    </>
  );
}

function Row(props: { readonly instance: InstanceView; readonly onKill: () => void }): ReactNode {
  const { id, name, kind, zone, address, port, pid, status, since, reason } = props.instance;
  return (
    <tr>
      <td>
        <Link className="mono instance-id" to="." search={(search) => ({ ...search, instance: id })}>
          {id}
        </Link>
      </td>
      <td className="breakable">{name}</td>
      <td className="roomy-only muted">{kind}</td>
      <td className="wide-only">{zone}</td>
      <td className="wide-only mono">
        {address}:{port}
      </td>
      <td className="ample-only end numeric">{pid ?? "–"}</td>
      <td>
        <StatusMark state={status} />
      </td>
      <td className="wide-only end">
        <Age at={since} />
      </td>
      <td className="roomy-only instance-reason" title={reason}>
        {reason}
      </td>
      <td>
        <div className="row-actions">
          {!canBeKilled(props.instance) ? undefined : (
            <Button size="compact-sm" variant="default" aria-label={`Kill ${name} ${id}`} onClick={props.onKill}>
              Kill
            </Button>
          )}
        </div>
      </td>
    </tr>
  );
}
