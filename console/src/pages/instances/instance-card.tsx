import type { InstanceView } from "@holdfast/wire/control";
import { Button } from "@mantine/core";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { type ReactNode, useState } from "react";
import { KillDialog } from "../../actions/kill-dialog.tsx";
import { useInstances } from "../../api/queries.ts";
import { canBeKilled } from "../../lib/placement.ts";
import { Age } from "../../ui/age.tsx";
import { Dialog } from "../../ui/dialog.tsx";
import { FactPair } from "../../ui/fact-pair.tsx";
import { StatusMark } from "../../ui/status-mark.tsx";
import "./instances.css";

/** All facts of the instance that `?instance=` names, over whatever page one is on. */
export function InstanceCard(): ReactNode {
  const { instance: id } = useSearch({ from: "__root__" });
  const navigate = useNavigate();
  const { data } = useInstances();
  const [killing, setKilling] = useState<InstanceView>();
  if (killing !== undefined) return <KillDialog instance={killing} onClose={() => setKilling(undefined)} />;
  if (id === undefined || data === undefined) return undefined;
  const instance = data.find((one) => one.id === id);
  const close = (): void => {
    void navigate({ to: ".", search: ({ instance: _closed, ...rest }) => rest });
  };
  return (
    <Dialog title={instance === undefined ? id : `${instance.name} ${id}`} onClose={close}>
      {instance === undefined ? (
        <p>
          This instance is gone. <Link to="/activity">Activity</Link> says why.
        </p>
      ) : (
        <>
          <InstanceFacts instance={instance} />
          <div className="instance-card-actions">
            <Link to="/instances" search={{ service: instance.name }}>
              All of {instance.name}
            </Link>
            {canBeKilled(instance) ? (
              <Button
                size="xs"
                variant="default"
                onClick={() => {
                  setKilling(instance);
                  close();
                }}
              >
                Kill…
              </Button>
            ) : undefined}
          </div>
        </>
      )}
    </Dialog>
  );
}

function InstanceFacts({ instance }: { readonly instance: InstanceView }): ReactNode {
  const { status, reason, reasonCode, zone, address, port, pid, kind, serverGroup, since, startedAt } = instance;
  const facts: readonly (readonly [string, ReactNode])[] = [
    ["Status", <StatusMark state={status} />],
    ["For", <Age at={since} />],
    ["Reason", `${reason}${reasonCode === "" ? "" : ` (${reasonCode})`}`],
    ["Zone", zone],
    ["Address", <span className="mono">{`${address}:${port}`}</span>],
    ["Process", pid === null ? "none" : <span className="mono">{pid}</span>],
    ["Started", <Age at={startedAt} />],
    ["Server group", <span className="mono">{serverGroup}</span>],
    ["Kind", kind],
  ];
  return (
    <dl className="facts">
      {facts.map(([label, value]) => (
        <FactPair key={label} label={label} value={value} />
      ))}
    </dl>
  );
}
