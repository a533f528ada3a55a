import type { CommandReport } from "@holdfast/wire";
import type { ReactNode } from "react";
import { formatLength, formatMs, formatPercent, formatTime, shortId } from "../../lib/format.ts";
import { CommandLine } from "../../ui/command-line.tsx";
import { Dialog } from "../../ui/dialog.tsx";
import { ToneShape } from "../../ui/status-mark.tsx";
import { circuitWords, type MergedCommand, type OneCaller, toneOfCommand } from "./merged-command.ts";

/** Why a command's circuits are as they are, caller by caller, with the numbers of that moment. */
export function CommandDialog(props: {
  readonly command: MergedCommand | undefined;
  readonly onClose: () => void;
}): ReactNode {
  const { command, onClose } = props;
  if (command === undefined) return undefined;
  return (
    <Dialog title={command.key} onClose={onClose}>
      <p className="why-summary">
        <ToneShape tone={toneOfCommand(command)} size={14} />
        <strong>
          Circuit {circuitWords(command)}: {command.why}
        </strong>
      </p>
      {command.callers.map((caller) => (
        <Caller key={caller.instance} of={caller} />
      ))}
      <h3 className="dialog-part">Properties</h3>
      <Properties command={command.callers[0]?.command} />
      <CommandLine command={`npx holdfast resilience ${command.callers[0]?.service ?? ""}`} />
    </Dialog>
  );
}

function Caller({ of: { service, instance, zone, command } }: { readonly of: OneCaller }): ReactNode {
  const { state, requests, errorPercentage, trialInMs, latencyMs, history } = command;
  return (
    <section className="dialog-part" aria-label={`${service} ${shortId(instance)}`}>
      <h3>
        {service} <span className="mono">{shortId(instance)}</span> <span className="muted">{zone}</span>
      </h3>
      <p>
        {state}
        {trialInMs === null ? "" : `, a trial call in ${formatLength(trialInMs)}`}: {requests} calls in{" "}
        {formatLength(command.windowMs)}, {formatPercent(errorPercentage)} failed, half of them within{" "}
        {formatMs(latencyMs.p50)}, 99 % within {formatMs(latencyMs.p99)}
      </p>
      {history.length === 0 ? undefined : (
        <ol className="circuit-history">
          {history.toReversed().map((change) => (
            <li key={`${change.at} ${change.to}`}>
              <time dateTime={change.at}>{formatTime(change.at)}</time> <strong>{change.to}</strong>: {change.why}
            </li>
          ))}
        </ol>
      )}
    </section>
  );
}

function Properties({ command }: { readonly command: CommandReport | undefined }): ReactNode {
  return (
    <ul className="circuit-properties mono">
      {Object.entries(command?.properties ?? {}).map(([name, value]) => (
        <li key={name}>
          {name} = {String(value)}
        </li>
      ))}
    </ul>
  );
}
