import type { ScaleRequest, ServiceView } from "@holdfast/wire/control";
import { ControlPaths } from "@holdfast/wire/control/paths";
import { NumberInput } from "@mantine/core";
import { type ReactNode, useState } from "react";
import { call } from "../api/http.ts";
import { scaleCommand } from "../lib/commands.ts";
import { count } from "../lib/format.ts";
import { useNotify } from "../ui/notices.tsx";
import { ActionDialog } from "./action-dialog.tsx";
import { noticeFor } from "./notice-for.ts";

/** Asks for the new strength of a service, within its own bounds. */
export function ScaleDialog(props: { readonly service: ServiceView; readonly onClose: () => void }): ReactNode {
  const { name, min, max, desired } = props.service;
  const [wanted, setWanted] = useState(desired);
  const notify = useNotify();
  const run = async (): Promise<void> => {
    const body: ScaleRequest = { desired: wanted };
    notify(noticeFor(await call("POST", ControlPaths.scale(name), body), `Scaling ${name} to ${wanted}`));
  };
  const valid = Number.isInteger(wanted) && wanted >= min && wanted <= max;
  return (
    <ActionDialog
      title={`Scale ${name}`}
      verb="Scale"
      command={scaleCommand(name, wanted)}
      disabled={!valid || wanted === desired}
      run={run}
      onClose={props.onClose}
    >
      <NumberInput
        label="Instances"
        description={`Now ${desired}; from ${min} to ${max}, as the application file says.`}
        value={wanted}
        min={min}
        max={max}
        allowDecimal={false}
        clampBehavior="blur"
        onChange={(value) => setWanted(Number(value))}
      />
      <p>{whatHappens(wanted - desired)}</p>
    </ActionDialog>
  );
}

function whatHappens(change: number): string {
  if (change > 0) return `${count(change, "instance")} will start, in the zones that have fewest.`;
  if (change < 0)
    return `${count(-change, "instance")} will finish their requests and stop, in the zones that have most.`;
  return "Nothing changes at this number.";
}
