import type { DiscoveryWhy } from "@holdfast/wire/control";
import { Button } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";
import { type Overridden, OverrideDialog } from "../../actions/override-dialog.tsx";
import { whyResource } from "../../api/discovery.ts";
import { whyCommand } from "../../lib/commands.ts";
import { formatLength, formatTime } from "../../lib/format.ts";
import { CommandLine } from "../../ui/command-line.tsx";
import { Dialog } from "../../ui/dialog.tsx";
import { FactPair } from "../../ui/fact-pair.tsx";
import { Loaded } from "../../ui/loaded.tsx";
import { ToneShape } from "../../ui/status-mark.tsx";
import { words } from "./apps-table.tsx";
import { EventItems } from "./event-list.tsx";
import "../../ui/standing.css";

/** Why callers see an instance as they do, or do not see it: `name` is `app/id`; absent: closed. */
export function WhyDialog(props: { readonly name: string | undefined; readonly onClose: () => void }): ReactNode {
  const [overriding, setOverriding] = useState<Overridden>();
  const { name, onClose } = props;
  if (overriding !== undefined) return <OverrideDialog of={overriding} onClose={() => setOverriding(undefined)} />;
  const slash = name?.indexOf("/") ?? -1;
  if (name === undefined || slash <= 0) return undefined;
  return (
    <Dialog title={name} onClose={onClose}>
      <Why app={name.slice(0, slash)} id={name.slice(slash + 1)} onOverride={setOverriding} />
    </Dialog>
  );
}

function Why(props: {
  readonly app: string;
  readonly id: string;
  readonly onOverride: (of: Overridden) => void;
}): ReactNode {
  const query = useQuery(whyResource(props.app, props.id));
  return <Loaded query={query}>{(told) => <Told told={told} onOverride={props.onOverride} />}</Loaded>;
}

function Told(props: { readonly told: DiscoveryWhy; readonly onOverride: (of: Overridden) => void }): ReactNode {
  const { told } = props;
  const { app, id, override, state } = told;
  const isFine = state === "live" && told.status === "UP";
  const tone = isFine ? "good" : state === "live" || state === "held" ? "warn" : "idle";
  return (
    <div className="why">
      <p className="why-summary">
        <ToneShape tone={tone} size={14} />
        <strong>{told.summary}</strong>
      </p>
      {told.reasons.length === 0 ? undefined : (
        <ul className="why-reasons">
          {told.reasons.map((reason) => (
            <li key={reason}>{reason}</li>
          ))}
        </ul>
      )}
      <dl className="facts">
        {factsOf(told).map(([label, value]) => (
          <FactPair key={label} label={label} value={value} />
        ))}
      </dl>
      {told.events.length === 0 ? undefined : <EventItems nameless events={told.events.toReversed().slice(0, 8)} />}
      <div className="action-command">
        <h3>The same as a command</h3>
        <CommandLine command={whyCommand(app, id)} />
      </div>
      {state === "live" || state === "held" ? (
        <div className="action-buttons">
          <Button variant="default" onClick={() => props.onOverride({ app, id, override })}>
            {override === null ? "Override…" : "Clear override…"}
          </Button>
        </div>
      ) : undefined}
    </div>
  );
}

function factsOf(told: DiscoveryWhy): readonly (readonly [string, string])[] {
  const { lease, owner, override, damping, probes, protection, removal, registry } = told;
  const facts: (readonly [string, string])[] = [];
  if (owner !== null) facts.push(["It says", words(owner.status)]);
  if (lease !== null) {
    const left =
      lease.expiresInMs > 0 ? `${formatLength(lease.expiresInMs)} of ${formatLength(lease.durationMs)} left` : "over";
    const via = lease.via === "instance" ? "by itself" : `as ${lease.via} told`;
    facts.push(["Lease", `${left}; renewed ${formatLength(lease.renewedMsAgo)} ago ${via}`]);
  }
  if (override !== null) {
    // Why is among the reasons.
    facts.push(["Override", `${words(override.status)} by ${override.by}, ${formatTime(override.at)}`]);
  }
  if (damping !== null) facts.push(["Damping", `came and went ${damping.flaps} times`]);
  for (const probe of probes) {
    facts.push([`Probe from ${probe.zone}`, `${probe.verdict}, ${formatTime(probe.at)}: ${probe.detail}`]);
  }
  if (protection !== null) facts.push(["Protection", protection.reason]);
  if (removal !== null) facts.push(["Removed", `${formatTime(removal.at)}: ${removal.cause}`]);
  facts.push(["Told by", registry]);
  return facts;
}
