import type { CapacityView, HostStateAnswer, HostView } from "@holdfast/wire/control";
import { ControlPaths } from "@holdfast/wire/control/paths";
import { Button } from "@mantine/core";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { type ReactNode, useState } from "react";
import { ActionDialog } from "../../actions/action-dialog.tsx";
import { capacityResource } from "../../api/capacity.ts";
import { call } from "../../api/http.ts";
import { count, formatLength, shortId } from "../../lib/format.ts";
import { Age } from "../../ui/age.tsx";
import { CommandLine } from "../../ui/command-line.tsx";
import { Empty, Loaded } from "../../ui/loaded.tsx";
import { useNotify } from "../../ui/notices.tsx";
import { Page, Panel } from "../../ui/page.tsx";
import { ToneShape } from "../../ui/status-mark.tsx";
import { actsOf, bytes, type HostAct, metersOf, toneOfHost } from "./capacity-words.ts";
import "../../ui/standing.css";
import "./capacity.css";

/** Hosts as Titus shows its agents: what each has and carries, what waits for room and why. */
export function CapacityPage(): ReactNode {
  const query = useQuery(capacityResource);
  return (
    <Page
      title="Capacity"
      beside={query.data && <span className="muted">{count(query.data.hosts.length, "host")}</span>}
    >
      <Loaded query={query}>{(view) => (view.declared ? <Declared view={view} /> : <Undeclared />)}</Loaded>
    </Page>
  );
}

function Undeclared(): ReactNode {
  return (
    <Panel>
      <Empty title="The application declares no hosts">
        <p>Every zone has room for all then. With hosts, instances are placed where there is room for them:</p>
        <CommandLine command="hosts: [{ name: 'small', cpu: 4, memory: '8GiB', count: 2 }]" />
      </Empty>
    </Panel>
  );
}

function Declared({ view }: { readonly view: CapacityView }): ReactNode {
  const zones = Map.groupBy(view.hosts, ({ zone }) => zone);
  return (
    <>
      <Verdict view={view} />
      <Waiting refusals={view.refusals} />
      {[...zones].map(([zone, hosts]) => (
        <Panel key={zone} title={zone} beside={<span className="muted">{count(hosts.length, "host")}</span>}>
          <ul className="hosts">
            {hosts.map((host) => (
              <li key={host.name}>
                <Host host={host} />
              </li>
            ))}
          </ul>
        </Panel>
      ))}
      <Sets view={view} />
    </>
  );
}

function Verdict({ view: { refusals, used, total } }: { readonly view: CapacityView }): ReactNode {
  const tone = refusals.length > 0 ? "warn" : "good";
  return (
    <div className="standing" data-tone={tone} role="status">
      <p>
        <ToneShape tone={tone} size={16} />
        <strong>
          {refusals.length === 0
            ? "All that is wanted has room"
            : `${count(refusals.length, "launch").replace(/launchs$/, "launches")} without room`}
        </strong>
      </p>
      <div className="capacity-total">
        <Meters used={used} capacity={total} />
      </div>
    </div>
  );
}

function Waiting({ refusals }: { readonly refusals: CapacityView["refusals"] }): ReactNode {
  if (refusals.length === 0) return undefined;
  return (
    <Panel title="Waiting for room">
      <ul className="capacity-waiting">
        {refusals.map(({ serverGroup, zone, reason, since }) => (
          <li key={`${serverGroup} ${zone}`}>
            <Link to="/clusters" search={{ group: serverGroup }} className="mono">
              {serverGroup}
            </Link>{" "}
            <span className="muted">
              in {zone}, since <Age at={since} />:
            </span>{" "}
            {reason}
          </li>
        ))}
      </ul>
    </Panel>
  );
}

function Host({ host }: { readonly host: HostView }): ReactNode {
  const [act, setAct] = useState<HostAct>();
  const { name, state, reason, tasks, taints, attributes } = host;
  const words = [...Object.entries(attributes).map(([key, value]) => `${key}=${value}`), ...taints];
  return (
    <article className="host" aria-label={`Host ${name}`} data-tone={toneOfHost(host)}>
      <header>
        <ToneShape tone={toneOfHost(host)} size={13} />
        <h3>{name}</h3>
        {state === "active" ? undefined : <span className="host-state">{state}</span>}
      </header>
      {reason === "" ? undefined : <p className="host-reason">{reason}</p>}
      <Meters used={host.used} capacity={host.capacity} />
      {words.length === 0 ? undefined : <p className="muted host-words">{words.join(", ")}</p>}
      <p className="host-tasks">
        {tasks.length === 0 ? <span className="muted">carries nobody</span> : undefined}
        {tasks.map(({ instance, service, cpu, memoryBytes }) => (
          <Link
            key={instance}
            to="."
            search={(search) => ({ ...search, instance })}
            title={`${instance}: ${cpu} cores, ${bytes(memoryBytes)}`}
          >
            {service} <span className="mono">{shortId(instance)}</span>
          </Link>
        ))}
      </p>
      <div className="host-buttons">
        {actsOf(host).map((one) => (
          <Button
            key={one.command}
            variant="default"
            size="compact-sm"
            onClick={() => setAct(one)}
            aria-label={`${one.verb} ${name}`}
          >
            {one.verb}
          </Button>
        ))}
      </div>
      {act === undefined ? undefined : <HostDialog host={host} act={act} onClose={() => setAct(undefined)} />}
    </article>
  );
}

function HostDialog(props: {
  readonly host: HostView;
  readonly act: HostAct;
  readonly onClose: () => void;
}): ReactNode {
  const { host, act, onClose } = props;
  const notify = useNotify();
  const queries = useQueryClient();
  const run = async (): Promise<void> => {
    const answer = await call<HostStateAnswer>("POST", ControlPaths.hostState(host.name), { state: act.state });
    const leaving = answer.leaving === 0 ? "" : `: ${count(answer.leaving, "instance")} replaced elsewhere`;
    notify({ kind: "sentence", tone: "good", text: `${host.name} is ${answer.host.state}${leaving}.` });
    await queries.invalidateQueries({ queryKey: ["capacity"] });
  };
  return (
    <ActionDialog
      title={`${act.verb} ${host.name}`}
      verb={act.verb}
      danger={act.command === "drain"}
      command={`npx holdfast host ${act.command} ${host.name}`}
      run={run}
      onClose={onClose}
    >
      <p>{act.says}</p>
    </ActionDialog>
  );
}

function Meters(props: { readonly used: HostView["used"]; readonly capacity: HostView["capacity"] }): ReactNode {
  return (
    <dl className="meters">
      {metersOf(props.used, props.capacity).map(({ name, words, share }) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>
            <span className="meter-bar" data-full={share >= 0.9} aria-hidden="true">
              <span style={{ inlineSize: `${(share * 100).toFixed(1)}%` }} />
            </span>
            <span className="numeric">{words}</span>
          </dd>
        </div>
      ))}
    </dl>
  );
}

function Sets({ view: { sets, capacityGroups } }: { readonly view: CapacityView }): ReactNode {
  return (
    <>
      {sets.some(({ min, max }) => min !== max) ? (
        <Panel title="Sets of hosts" flush>
          <table className="table" aria-label="Sets of hosts">
            <thead>
              <tr>
                <th scope="col">Set</th>
                <th scope="col">Zone</th>
                <th scope="col">Hosts</th>
                <th scope="col">Idle</th>
                <th scope="col" className="wide-only">
                  Cool-down
                </th>
              </tr>
            </thead>
            <tbody>
              {sets.map((set) => (
                <tr key={set.name}>
                  <td>{set.name}</td>
                  <td>{set.zone}</td>
                  <td className="numeric">
                    {set.hosts} ({set.min}–{set.max})
                  </td>
                  <td className="numeric">
                    {set.idle} ({set.idleMin}–{set.idleMax})
                  </td>
                  <td className="wide-only numeric">{formatLength(set.cooldownMs)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </Panel>
      ) : undefined}
      {capacityGroups.length === 0 ? undefined : (
        <Panel title="Capacity groups" flush>
          <table className="table" aria-label="Capacity groups">
            <thead>
              <tr>
                <th scope="col">Group</th>
                <th scope="col">Tier</th>
                <th scope="col">Cores</th>
                <th scope="col">Memory</th>
              </tr>
            </thead>
            <tbody>
              {capacityGroups.map((one) => (
                <tr key={one.name}>
                  <td>{one.name}</td>
                  <td>{one.tier}</td>
                  <td className="numeric">
                    {one.usedCpu} of {one.guaranteedCpu}
                  </td>
                  <td className="numeric">
                    {bytes(one.usedMemoryBytes)} of {bytes(one.guaranteedMemoryBytes)}
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </Panel>
      )}
    </>
  );
}
