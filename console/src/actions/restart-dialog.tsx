import type { ServiceView } from "@holdfast/wire/control";
import { ControlPaths } from "@holdfast/wire/control/paths";
import type { ReactNode } from "react";
import { call } from "../api/http.ts";
import { restartCommand } from "../lib/commands.ts";
import { count } from "../lib/format.ts";
import { useNotify } from "../ui/notices.tsx";
import { ActionDialog } from "./action-dialog.tsx";
import { noticeFor } from "./notice-for.ts";

/** Confirms a rolling restart. */
export function RestartDialog(props: { readonly service: ServiceView; readonly onClose: () => void }): ReactNode {
  const { name, desired } = props.service;
  const notify = useNotify();
  const run = async (): Promise<void> => {
    notify(noticeFor(await call("POST", ControlPaths.restart(name)), `Restarting ${name}`));
  };
  return (
    <ActionDialog
      title={`Restart ${name}?`}
      verb="Restart"
      command={restartCommand(name)}
      run={run}
      onClose={props.onClose}
    >
      <p>
        A rolling restart of {count(desired, "instance")}: each new one is up before an old one finishes its requests
        and stops, so callers notice nothing.
      </p>
    </ActionDialog>
  );
}
