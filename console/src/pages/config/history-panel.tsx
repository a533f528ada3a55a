import type { ConfigChangeView, ConfigEditView } from "@holdfast/wire/control";
import { UnstyledButton } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";
import { configHistoryResource } from "../../api/config.ts";
import { Age } from "../../ui/age.tsx";
import { Panel } from "../../ui/page.tsx";
import { changeWords } from "./config-words.ts";
import { RollbackDialog } from "./rollback-dialog.tsx";
import { ScopeChips } from "./scope-chips.tsx";

/** Who changed what, when and why, with the way back. */
export function HistoryPanel({ of, title }: { readonly of: string; readonly title: string }): ReactNode {
  const { data = [] } = useQuery(configHistoryResource(of));
  if (data.length === 0) return undefined;
  return (
    <Panel title={title}>
      <ChangeList of={of} />
    </Panel>
  );
}

/** Changes of one key, or of all (empty), newest first. */
export function ChangeList({ of }: { readonly of: string }): ReactNode {
  const { data = [] } = useQuery(configHistoryResource(of));
  const [back, setBack] = useState<{ readonly change: ConfigChangeView; readonly kind: "to" | "undo" }>();
  return (
    <>
      <ol className="config-changes">
        {data.map((change) => (
          <li key={change.revision}>
            <p className="config-change-head">
              <span className="mono">r{change.revision}</span> <strong>{changeWords(change)}</strong>{" "}
              <span className="muted">
                by {change.author}, <Age at={change.at} /> ago{change.reason === "" ? "" : `: ${change.reason}`}
              </span>
            </p>
            {change.edits.slice(0, 20).map((edit) => (
              <Edit key={`${edit.key} ${JSON.stringify(edit.scope)}`} of={edit} />
            ))}
            <p className="config-change-back">
              {change.edits.length === 0 ? undefined : (
                <UnstyledButton onClick={() => setBack({ change, kind: "undo" })}>Undo this</UnstyledButton>
              )}
              {of === "" && data[0] !== change ? (
                <UnstyledButton onClick={() => setBack({ change, kind: "to" })}>
                  Back to r{change.revision}
                </UnstyledButton>
              ) : undefined}
            </p>
          </li>
        ))}
      </ol>
      {back === undefined ? undefined : (
        <RollbackDialog of={back.change} kind={back.kind} onClose={() => setBack(undefined)} />
      )}
    </>
  );
}

/** One value before and after: what went in red behind a minus, what came in green behind a plus. */
function Edit({ of: { key, scope, before, after } }: { readonly of: ConfigEditView }): ReactNode {
  return (
    <div className="config-edit">
      <span className="config-key">{key}</span> <ScopeChips scope={scope} />
      {before === null ? undefined : (
        <del>
          <span aria-hidden="true">− </span>
          {before === "" ? "(empty)" : before}
        </del>
      )}
      {after === null ? undefined : (
        <ins>
          <span aria-hidden="true">+ </span>
          {after === "" ? "(empty)" : after}
        </ins>
      )}
    </div>
  );
}
