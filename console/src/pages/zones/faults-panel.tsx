import type { FaultView } from "@holdfast/wire/control";
import { ControlPaths } from "@holdfast/wire/control/paths";
import { Button } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";
import { ActionDialog } from "../../actions/action-dialog.tsx";
import { call } from "../../api/http.ts";
import { count, formatAge } from "../../lib/format.ts";
import { useNowMs } from "../../lib/now.ts";
import { Age } from "../../ui/age.tsx";
import { useNotify } from "../../ui/notices.tsx";
import { Panel } from "../../ui/page.tsx";
import { ToneShape } from "../../ui/status-mark.tsx";

/** What is in force: since when, by whom, until when, and how much it has met. */
export function FaultsPanel({ faults }: { readonly faults: readonly FaultView[] }): ReactNode {
  const [ending, setEnding] = useState<readonly FaultView[]>();
  if (faults.length === 0) return undefined;
  return (
    <Panel
      title="In force"
      beside={
        faults.length < 2 ? undefined : (
          <Button variant="default" size="compact-sm" onClick={() => setEnding(faults)}>
            End all
          </Button>
        )
      }
    >
      <ul className="faults">
        {faults.map((fault) => (
          <li key={fault.id} className="fault">
            <Fault of={fault} onEnd={() => setEnding([fault])} />
          </li>
        ))}
      </ul>
      {ending === undefined ? undefined : <EndDialog faults={ending} onClose={() => setEnding(undefined)} />}
    </Panel>
  );
}

function Fault({ of, onEnd }: { readonly of: FaultView; readonly onEnd: () => void }): ReactNode {
  const nowMs = useNowMs();
  const [sinceMs, untilMs] = [Date.parse(of.since), Date.parse(of.until)];
  const leftMs = Math.max(0, untilMs - nowMs);
  const share = untilMs > sinceMs ? leftMs / (untilMs - sinceMs) : 0;
  return (
    <article aria-label={of.id}>
      <p className="fault-head">
        <ToneShape tone="warn" size={14} />
        <strong>{of.what}</strong>
      </p>
      <p className="muted">
        <span className="mono">{of.id}</span>, by {of.actor}, <Age at={of.since} /> ago
        {of.reason === "" ? "" : `: ${of.reason}`}
      </p>
      <div className="fault-left">
        <span className="fault-bar" aria-hidden="true">
          <span style={{ inlineSize: `${(share * 100).toFixed(1)}%` }} />
        </span>
        <span className="numeric">{leftMs < 1_000 ? "ends now" : `ends in ${formatAge(leftMs)}`}</span>
      </div>
      <p className="muted">
        {of.heldUntil === null ? "Control holds it." : "A command holds it: it ends within seconds when that dies."}{" "}
        {of.packets > 0 ? `It has met ${count(of.packets, "packet")}.` : ""}
      </p>
      {of.problem === "" ? undefined : (
        <p className="fault-problem" role="alert">
          {of.problem}
        </p>
      )}
      <div className="fault-buttons">
        <Button variant="default" size="compact-sm" onClick={onEnd} aria-label={`End now: ${of.id}`}>
          End now
        </Button>
      </div>
    </article>
  );
}

function EndDialog(props: { readonly faults: readonly FaultView[]; readonly onClose: () => void }): ReactNode {
  const { faults, onClose } = props;
  const notify = useNotify();
  const queries = useQueryClient();
  const [only] = faults.length === 1 ? faults : [];
  const run = async (): Promise<void> => {
    for (const { id } of faults) await call("DELETE", ControlPaths.fault(id));
    notify({
      kind: "sentence",
      tone: "good",
      text: only === undefined ? "All faults are over." : `${only.id} is over.`,
    });
    await queries.invalidateQueries({ queryKey: ["faults"] });
  };
  return (
    <ActionDialog
      title={only === undefined ? "End all faults" : `End ${only.id}`}
      verb={only === undefined ? "End all" : "End it"}
      command={only === undefined ? "npx holdfast fault clear" : `npx holdfast fault clear ${only.id}`}
      run={run}
      onClose={onClose}
    >
      <p>{only === undefined ? `${count(faults.length, "fault")} end at once.` : `${only.what}: it ends at once.`}</p>
    </ActionDialog>
  );
}
