import type { ActivityView, GroupInstanceView, ServerGroupView } from "@holdfast/wire/control";
import { Button } from "@mantine/core";
import { type ReactNode, useState } from "react";
import { useActivities } from "../../api/queries.ts";
import { formatLength } from "../../lib/format.ts";
import { Age } from "../../ui/age.tsx";
import { CommandLine } from "../../ui/command-line.tsx";
import { Dialog } from "../../ui/dialog.tsx";
import { FactPair } from "../../ui/fact-pair.tsx";
import { ToneShape } from "../../ui/status-mark.tsx";
import { ActivityList } from "../activity/activity-list.tsx";
import { GroupActionDialog, verbOf } from "./group-action-dialog.tsx";
import { type GroupAct, shortImage, spreadOf, stateWords, toneOfInstance } from "./group-words.ts";

const activitiesMax = 15;
const noActivities: readonly ActivityView[] = [];

/** All of one server group: what it is, what can be done, its instances, its history. */
export function GroupDialog(props: { readonly group: ServerGroupView; readonly onClose: () => void }): ReactNode {
  const { group, onClose } = props;
  const [act, setAct] = useState<GroupAct>();
  const activities = useActivities().data ?? noActivities;
  if (act !== undefined) return <GroupActionDialog group={group} act={act} onClose={() => setAct(undefined)} />;
  return (
    <Dialog title={group.name} size={760} onClose={onClose}>
      <div className="group-buttons">
        {actsOf(group).map((one) => (
          <Button
            key={one.kind}
            variant="default"
            size="compact-md"
            className={one.kind === "destroy" ? "danger-button" : ""}
            onClick={() => setAct(one)}
          >
            {verbOf(one)}
          </Button>
        ))}
      </div>
      <Facts group={group} />
      <section className="group-part" aria-label="Instances">
        <h3>Instances</h3>
        <Instances instances={group.instances} onAct={setAct} />
      </section>
      <section className="group-part" aria-label="History">
        <h3>History</h3>
        <ActivityList activities={activities.filter((one) => one.group === group.name).slice(0, activitiesMax)} />
      </section>
      <CommandLine command={`npx holdfast groups ${group.name}`} />
    </Dialog>
  );
}

/** What makes sense now. */
function actsOf({ state, paused, refresh }: ServerGroupView): readonly GroupAct[] {
  if (state === "destroying") return [];
  const isRefreshing = refresh !== null && refresh.endedAt === null;
  const acts: readonly (GroupAct | undefined)[] = [
    { kind: "resize" },
    { kind: "clone" },
    state === "enabled" ? { kind: "disable" } : { kind: "enable" },
    isRefreshing ? { kind: "cancel" } : { kind: "refresh" },
    refresh === null ? undefined : { kind: "rollback" },
    paused === "" ? undefined : { kind: "continue" },
    { kind: "destroy" },
  ];
  return acts.filter((one) => one !== undefined);
}

function Facts({ group }: { readonly group: ServerGroupView }): ReactNode {
  const { settings, suspended, refresh } = group;
  const spread = Object.entries(group.zones).map(([zone, up]) => `${zone} ${up}`);
  const facts: readonly (readonly [string, ReactNode])[] = [
    ["Traffic", `${stateWords[group.state]}${group.primary ? ", replaced by the next deployment" : ""}`],
    ["Strength", `${group.up} of ${group.desired} up, from ${group.min} to ${group.max}`],
    ["Zones", `${spread.join(", ")}${spreadOf(group) > 1 ? ": out of balance" : ""}`],
    ["Runs", <span className="mono">{group.run}</span>],
    ["Image", <span className="mono">{shortImage(group.image)}</span>],
    ["Created", <Age at={group.createdAt} />],
    ["Suspended", suspended.length === 0 ? "nothing" : suspended.join(", ")],
    ["Health by", settings.healthChecks.join(", ")],
    ["Grace", settings.healthCheckGraceMs === 0 ? "none" : formatLength(settings.healthCheckGraceMs)],
    ["Ends first", settings.terminationPolicies.join(", ")],
    ...(settings.hooks.length === 0
      ? []
      : [["Hooks", settings.hooks.map(({ name, transition }) => `${name} (${transition})`).join(", ")] as const]),
    ...(settings.warmPool === null
      ? []
      : [["Warm pool", `at least ${settings.warmPool.minSize}, ${settings.warmPool.state}`] as const]),
    ...(refresh === null
      ? []
      : [["Refresh", `${refresh.status}, ${refresh.percent} %${refresh.reason && `: ${refresh.reason}`}`] as const]),
  ];
  return (
    <>
      {group.paused === "" ? undefined : <p className="group-note">Paused: {group.paused}</p>}
      {group.reason === "" ? undefined : <p className="group-note">{group.reason}</p>}
      <dl className="facts">
        {facts.map(([label, value]) => (
          <FactPair key={label} label={label} value={value} />
        ))}
      </dl>
    </>
  );
}

function Instances(props: {
  readonly instances: readonly GroupInstanceView[];
  readonly onAct: (act: GroupAct) => void;
}): ReactNode {
  if (props.instances.length === 0) return <p className="muted">It has none.</p>;
  return (
    <ul className="group-instances">
      {props.instances.map((one) => (
        <li key={one.id}>
          <p>
            <ToneShape tone={toneOfInstance(one)} size={12} /> <span className="mono">{one.id}</span>{" "}
            <strong>{one.lifecycle}</strong> <span className="muted">in {one.zone}, </span>
            <Age at={one.startedAt} />
          </p>
          <p className="muted group-instance-reason">
            {one.reason}
            {one.waitsFor.length === 0 ? "" : `; waits for ${one.waitsFor.join(", ")}`}
          </p>
          {one.health
            .filter(({ healthy }) => !healthy)
            .map(({ checker, reason, note }) => (
              <p key={checker} className="group-note">
                {checker}: {reason}
                {note === "" ? "" : `; ${note}`}
              </p>
            ))}
          <div className="group-buttons">
            {instanceActs(one).map((act) => (
              <Button
                key={act.kind}
                variant="default"
                size="compact-sm"
                onClick={() => props.onAct(act)}
                aria-label={`${verbOf(act)}: ${one.id}`}
              >
                {verbOf(act)}
              </Button>
            ))}
          </div>
        </li>
      ))}
    </ul>
  );
}

function instanceActs({ id, lifecycle, protected: isProtected }: GroupInstanceView): readonly GroupAct[] {
  const acts: GroupAct[] = [];
  if (lifecycle === "InService") acts.push({ kind: "standby", instance: id });
  if (lifecycle === "Standby") acts.push({ kind: "in-service", instance: id });
  if (lifecycle.startsWith("Terminat")) return acts;
  acts.push({ kind: isProtected ? "unprotect" : "protect", instance: id }, { kind: "shrink", instance: id });
  return acts;
}
