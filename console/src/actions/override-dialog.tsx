import type { DiscoveryInstance, SetOverrideRequest } from "@holdfast/wire/control";
import { ControlPaths } from "@holdfast/wire/control/paths";
import { NativeSelect, TextInput } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";
import { call } from "../api/http.ts";
import { clearOverrideCommand, overrideCommand } from "../lib/commands.ts";
import { useNotify } from "../ui/notices.tsx";
import { ActionDialog } from "./action-dialog.tsx";

/** The instance whose status is to be outweighed, and by what it is now. */
export type Overridden = Pick<DiscoveryInstance, "app" | "id" | "override">;

const choices = ["OUT_OF_SERVICE", "DOWN", "STARTING", "UNKNOWN", "UP"] as const;

/** Sets an operator's override, or takes the one that stands back. */
export function OverrideDialog(props: { readonly of: Overridden; readonly onClose: () => void }): ReactNode {
  const { of, onClose } = props;
  return of.override === null ? <SetDialog of={of} onClose={onClose} /> : <ClearDialog of={of} onClose={onClose} />;
}

function SetDialog(props: { readonly of: Overridden; readonly onClose: () => void }): ReactNode {
  const { app, id } = props.of;
  const [status, setStatus] = useState<SetOverrideRequest["status"]>("OUT_OF_SERVICE");
  const [reason, setReason] = useState("");
  const done = useDone();
  const run = async (): Promise<void> => {
    const body: SetOverrideRequest = { status, reason };
    await call("PUT", ControlPaths.override(app, id), body);
    await done(`${app}/${id} is ${status} for all callers.`);
  };
  return (
    <ActionDialog
      title={`Override ${app}/${id}`}
      verb="Override"
      command={overrideCommand(app, id, status, reason)}
      disabled={reason.trim() === ""}
      run={run}
      onClose={props.onClose}
    >
      <NativeSelect
        label="Callers see"
        value={status}
        data={[...choices]}
        onChange={(event) => {
          const wanted = choices.find((choice) => choice === event.currentTarget.value);
          if (wanted !== undefined) setStatus(wanted);
        }}
      />
      <TextInput
        label="Why"
        description="Others see it wherever they look at this instance."
        placeholder="deploy looks bad"
        value={reason}
        onChange={(event) => setReason(event.currentTarget.value)}
      />
      <p>
        All callers hear of it within milliseconds, at all registries. It stands until it is cleared or the instance
        leaves.
      </p>
    </ActionDialog>
  );
}

function ClearDialog(props: { readonly of: Overridden; readonly onClose: () => void }): ReactNode {
  const { app, id, override } = props.of;
  const done = useDone();
  const run = async (): Promise<void> => {
    await call("DELETE", ControlPaths.override(app, id));
    await done(`The override of ${app}/${id} is taken back.`);
  };
  return (
    <ActionDialog
      title={`Clear the override of ${app}/${id}`}
      verb="Clear"
      command={clearOverrideCommand(app, id)}
      run={run}
      onClose={props.onClose}
    >
      <p>
        It is {override?.status} because {override?.by} said so: {override?.reason}. Callers will see what the instance
        says of itself.
      </p>
    </ActionDialog>
  );
}

/** Says so, and looks anew. */
function useDone(): (text: string) => Promise<void> {
  const notify = useNotify();
  const queries = useQueryClient();
  return async (text) => {
    notify({ kind: "sentence", tone: "good", text });
    const isDiscovery = (key: unknown): boolean => typeof key === "string" && key.startsWith("discovery");
    await queries.invalidateQueries({ predicate: ({ queryKey }) => isDiscovery(queryKey[0]) });
  };
}
