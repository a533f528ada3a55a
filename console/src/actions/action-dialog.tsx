import { Button } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { explain } from "../api/http.ts";
import { CommandLine } from "../ui/command-line.tsx";
import { Dialog } from "../ui/dialog.tsx";
import "./action-dialog.css";

/** Asks before something is done, says what will happen, and shows the same as a command. Stays open when refused. */
export function ActionDialog(props: {
  readonly title: string;
  readonly command: string;
  readonly verb: string;
  readonly danger?: boolean;
  readonly disabled?: boolean;
  readonly run: () => Promise<void>;
  readonly onClose: () => void;
  readonly children: ReactNode;
}): ReactNode {
  const action = useMutation({ mutationFn: props.run, onSuccess: props.onClose });
  return (
    <Dialog title={props.title} onClose={props.onClose}>
      <form
        className="action-dialog"
        onSubmit={(event) => {
          event.preventDefault();
          action.mutate();
        }}
      >
        {props.children}
        <div className="action-command">
          <h3>The same as a command</h3>
          <CommandLine command={props.command} />
        </div>
        {action.error === null ? undefined : <Refusal error={action.error} />}
        <div className="action-buttons">
          <Button variant="default" onClick={props.onClose} type="button">
            Cancel
          </Button>
          <Button
            type="submit"
            className={props.danger === true ? "danger-button" : ""}
            loading={action.isPending}
            disabled={props.disabled ?? false}
          >
            {props.verb}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}

function Refusal({ error }: { readonly error: Error }): ReactNode {
  const { sentence, next } = explain(error);
  return (
    <div className="action-refusal" data-tone="bad" role="alert">
      <strong>{sentence}</strong>
      {next === undefined ? undefined : <p>Next: {next}</p>}
    </div>
  );
}
