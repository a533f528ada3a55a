import type { ConfigChangeView, ConfigEditView } from "@holdfast/wire/control";
import { ControlPaths } from "@holdfast/wire/control/paths";
import { TextInput } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";
import { ActionDialog } from "../../actions/action-dialog.tsx";
import { call } from "../../api/http.ts";
import { count } from "../../lib/format.ts";
import { quoted } from "../../lib/quoted.ts";
import { scopeText } from "./config-words.ts";
import { useConfigDone } from "./use-config-done.ts";

/** Takes one change back, or all since one; says first what that would do. */
export function RollbackDialog(props: {
  readonly of: ConfigChangeView;
  readonly kind: "to" | "undo";
  readonly onClose: () => void;
}): ReactNode {
  const { of, kind, onClose } = props;
  const [reason, setReason] = useState("");
  const done = useConfigDone();
  const undo = kind === "undo";
  const run = async (): Promise<void> => {
    const body = undo ? { undo: of.revision, reason } : { to: of.revision, reason };
    const change = await call<ConfigChangeView>("POST", ControlPaths.configRollback, body);
    await done(`Revision ${change.revision}: ${change.rollback ?? "rolled back"}.`);
  };
  const why = reason === "" ? "" : ` --reason ${quoted(reason)}`;
  return (
    <ActionDialog
      title={undo ? `Undo revision ${of.revision}` : `Back to revision ${of.revision}`}
      verb={undo ? "Undo" : "Roll back"}
      danger={!undo}
      command={`npx holdfast config rollback ${undo ? "--undo " : ""}${of.revision}${why}`}
      disabled={reason.trim() === ""}
      run={run}
      onClose={onClose}
    >
      <TextInput
        label="Why"
        placeholder="too slow since then"
        value={reason}
        onChange={(event) => setReason(event.currentTarget.value)}
      />
      {undo ? (
        <Edits edits={of.edits.map((edit) => ({ ...edit, before: edit.after, after: edit.before }))} />
      ) : (
        <Since revision={of.revision} />
      )}
    </ActionDialog>
  );
}

/** What going back to a revision would change now. */
function Since({ revision }: { readonly revision: number }): ReactNode {
  const { data } = useQuery({
    queryKey: ["config", "diff", revision],
    queryFn: () => call<readonly ConfigEditView[]>("GET", `${ControlPaths.configDiff}?from=${revision}`),
  });
  if (data === undefined) return undefined;
  return <Edits edits={data.map((edit) => ({ ...edit, before: edit.after, after: edit.before }))} />;
}

function Edits({ edits }: { readonly edits: readonly ConfigEditView[] }): ReactNode {
  return (
    <>
      <p>
        {edits.length === 0
          ? "No value would change."
          : `${count(edits.length, "value")} will change, everywhere at once:`}
      </p>
      <ul className="config-effects">
        {edits.slice(0, 12).map((edit) => (
          <li key={`${edit.key} ${scopeText(edit.scope)}`}>
            <code>{edit.key}</code> {scopeText(edit.scope)}: <code>{edit.before ?? "none"}</code> →{" "}
            <code>{edit.after ?? "none"}</code>
          </li>
        ))}
      </ul>
    </>
  );
}
