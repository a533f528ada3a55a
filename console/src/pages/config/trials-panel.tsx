import type { ConfigFiguresView, ConfigStageView } from "@holdfast/wire/control";
import { ControlPaths } from "@holdfast/wire/control/paths";
import { Button, TextInput } from "@mantine/core";
import { type ReactNode, useState } from "react";
import { ActionDialog } from "../../actions/action-dialog.tsx";
import { call } from "../../api/http.ts";
import { formatMs, formatPercent } from "../../lib/format.ts";
import { quoted } from "../../lib/quoted.ts";
import type { Tone } from "../../lib/tone.ts";
import { Age } from "../../ui/age.tsx";
import { Panel } from "../../ui/page.tsx";
import { ToneShape } from "../../ui/status-mark.tsx";
import { shownTrials } from "./config-words.ts";
import { ScopeChips } from "./scope-chips.tsx";
import { useConfigDone } from "./use-config-done.ts";

type Push = { readonly stage: ConfigStageView; readonly verb: "revert" | "advance" };

const tones: Readonly<Record<ConfigStageView["state"], Tone>> = { running: "busy", completed: "good", reverted: "bad" };
const stateWords: Readonly<Record<ConfigStageView["state"], string>> = {
  running: "on trial",
  completed: "counts for all",
  reverted: "taken back",
};

/** Values that are tried with some instances first: how far, what the gate sees, how it ended. */
export function TrialsPanel({ stages }: { readonly stages: readonly ConfigStageView[] }): ReactNode {
  const [push, setPush] = useState<Push>();
  const shown = shownTrials(stages);
  if (shown.length === 0) return undefined;
  return (
    <Panel title="Trials">
      <ul className="trials">
        {shown.map((stage) => (
          <li key={stage.id} className="trial" data-tone={tones[stage.state]}>
            <Trial of={stage} onPush={(verb) => setPush({ stage, verb })} />
          </li>
        ))}
      </ul>
      {push === undefined ? undefined : <PushDialog of={push} onClose={() => setPush(undefined)} />}
    </Panel>
  );
}

function Trial({
  of,
  onPush,
}: {
  readonly of: ConfigStageView;
  readonly onPush: (verb: Push["verb"]) => void;
}): ReactNode {
  const { key, value, scope, state, startedAt, author, reason, note } = of;
  const isRunning = state === "running";
  return (
    <article aria-label={`Trial of ${key}`}>
      <p className="trial-head">
        <ToneShape tone={tones[state]} size={14} />
        <strong>{key}</strong>
        <code className="config-value">{value}</code>
        <span>{stateWords[state]}</span>
        <ScopeChips scope={scope} />
      </p>
      <p className="muted">
        by {author}, <Age at={startedAt} /> ago{reason === "" ? "" : `: ${reason}`}
      </p>
      <Steps of={of} />
      <p className="trial-note">{note}</p>
      {isRunning && of.staged !== null && of.others !== null ? (
        <Figures staged={of.staged} others={of.others} />
      ) : undefined}
      {isRunning ? (
        <div className="trial-buttons">
          <Button variant="default" onClick={() => onPush("advance")}>
            Go on now
          </Button>
          <Button className="danger-button" onClick={() => onPush("revert")}>
            Take back
          </Button>
        </div>
      ) : undefined}
    </article>
  );
}

function Steps({ of: { steps, step, state } }: { readonly of: ConfigStageView }): ReactNode {
  const stateOf = (i: number): string => {
    if (i < step || state === "completed") return "passed";
    return i > step ? "ahead" : state === "running" ? "now" : "failed";
  };
  return (
    <ol className="trial-steps" aria-label="Steps">
      {steps.map((name, i) => (
        <li key={name} data-state={stateOf(i)} aria-current={stateOf(i) === "now" ? "step" : undefined}>
          {name}
          <span className="visually-hidden">: {stateOf(i)}</span>
        </li>
      ))}
    </ol>
  );
}

function Figures(props: { readonly staged: ConfigFiguresView; readonly others: ConfigFiguresView }): ReactNode {
  const sides = [
    ["With it", props.staged],
    ["The others", props.others],
  ] as const;
  return (
    <table className="trial-figures" aria-label="What the gate sees">
      <thead>
        <tr>
          <td />
          <th scope="col">Instances</th>
          <th scope="col">Unwell</th>
          <th scope="col">Requests</th>
          <th scope="col">Errors</th>
          <th scope="col">99 %</th>
        </tr>
      </thead>
      <tbody className="numeric">
        {sides.map(([name, { instances, unhealthy, requests, errors, p99Ms }]) => (
          <tr key={name}>
            <th scope="row">{name}</th>
            <td>{instances}</td>
            <td>{unhealthy}</td>
            <td>{requests}</td>
            <td>{formatPercent(requests === 0 ? null : (100 * errors) / requests)}</td>
            <td>{formatMs(p99Ms)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function PushDialog({ of: { stage, verb }, onClose }: { readonly of: Push; readonly onClose: () => void }): ReactNode {
  const [reason, setReason] = useState("");
  const done = useConfigDone();
  const isRevert = verb === "revert";
  const path = isRevert ? ControlPaths.configStageRevert(stage.id) : ControlPaths.configStageAdvance(stage.id);
  const run = async (): Promise<void> => {
    await call("POST", path, { reason });
    await done(isRevert ? `${stage.key} is taken back everywhere.` : `${stage.key} went on.`);
  };
  return (
    <ActionDialog
      title={isRevert ? `Take ${stage.key} back` : `Go on with ${stage.key}`}
      verb={isRevert ? "Take back" : "Go on"}
      danger={isRevert}
      command={`npx holdfast config stage --${verb} ${stage.id}${reason === "" ? "" : ` --reason ${quoted(reason)}`}`}
      disabled={reason.trim() === ""}
      run={run}
      onClose={onClose}
    >
      <TextInput
        label="Why"
        placeholder="what others should know"
        value={reason}
        onChange={(event) => setReason(event.currentTarget.value)}
      />
      <p>
        {isRevert
          ? "All instances that have the value get the one before back, at once."
          : "The next step begins now, whatever the gate would say of this one."}
      </p>
    </ActionDialog>
  );
}
