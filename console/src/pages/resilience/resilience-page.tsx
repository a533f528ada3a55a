import type { ResilienceView } from "@holdfast/wire";
import { NativeSelect } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { type ReactNode, useMemo } from "react";
import { resilienceResource } from "../../api/resilience.ts";
import { withoutEmpty } from "../../lib/filters.ts";
import { count } from "../../lib/format.ts";
import { CommandLine } from "../../ui/command-line.tsx";
import { Empty, Loaded } from "../../ui/loaded.tsx";
import { Page, Panel } from "../../ui/page.tsx";
import { ToneShape } from "../../ui/status-mark.tsx";
import { TypedField } from "../../ui/typed-field.tsx";
import { BalancerDialog } from "./balancer-dialog.tsx";
import { BalancersTable, balancersOf, ejectedIn } from "./balancers-table.tsx";
import { CommandCard } from "./command-card.tsx";
import { CommandDialog } from "./command-dialog.tsx";
import { type MergedCommand, mergeCommands, type Sorting, sortCommands, sortings } from "./merged-command.ts";
import { type Rates, useRates } from "./rates.ts";
import "../../ui/standing.css";
import "./resilience.css";

const route = getRouteApi("/resilience");
const nothing: ResilienceView["callers"] = [];
const sortingWords: Readonly<Record<Sorting, string>> = {
  trouble: "Trouble",
  name: "Name",
  volume: "Volume",
  latency: "Latency",
};

/** Circuits as the Hystrix dashboard shows them, of all callers together, with why; and the balancers behind them. */
export function ResiliencePage(): ReactNode {
  const { q = "", sort, command, balancer } = route.useSearch();
  const navigate = route.useNavigate();
  const query = useQuery(resilienceResource);
  const callers = query.data?.callers ?? nothing;
  const commands = useMemo(() => mergeCommands(callers), [callers]);
  const rates = useRates(query.data?.at, commands);
  const sorting = sortings.find((one) => one === sort) ?? "trouble";
  const change = (fields: Readonly<Record<string, string | undefined>>): void =>
    void navigate({ search: (before) => withoutEmpty({ ...before, ...fields }), replace: true });
  return (
    <Page title="Resilience" beside={query.data && <span className="muted">{count(commands.length, "command")}</span>}>
      <Loaded query={query}>{(view) => <Verdict view={view} commands={commands} />}</Loaded>
      <search className="filters" aria-label="Filter commands">
        <TypedField label="Find" placeholder="command or service" value={q} onChange={(text) => change({ q: text })} />
        <NativeSelect
          label="Sort by"
          value={sorting}
          onChange={({ currentTarget: { value } }) => change({ sort: value === "trouble" ? undefined : value })}
          data={sortings.map((value) => ({ value, label: sortingWords[value] }))}
        />
      </search>
      {query.data === undefined ? undefined : (
        <>
          <Circuits commands={commands} rates={rates} find={q} sorting={sorting} />
          <Balancers callers={callers} find={q} />
          <Silent silent={query.data.silent} />
        </>
      )}
      <CommandDialog
        command={commands.find(({ key }) => key === command)}
        onClose={() => change({ command: undefined })}
      />
      <BalancerDialog
        of={balancer === undefined ? undefined : balancersOf(callers, "").find(({ name }) => name === balancer)}
        onClose={() => change({ balancer: undefined })}
      />
    </Page>
  );
}

function Verdict(props: { readonly view: ResilienceView; readonly commands: readonly MergedCommand[] }): ReactNode {
  const open = props.commands.filter((command) => command.open > 0);
  const ejected = props.view.callers.flatMap((caller) => caller.balancers).filter((one) => ejectedIn(one) > 0);
  const [worst] = open;
  const tone = worst !== undefined ? "bad" : ejected.length > 0 ? "warn" : "good";
  const sentence =
    worst !== undefined
      ? `${count(open.length, "command")} with an open circuit: ${open.map(({ key }) => key).join(", ")}`
      : ejected.length > 0
        ? `All circuits let calls through; ${count(ejected.length, "caller")} put a server out`
        : "All circuits let calls through, and no server is put out";
  return (
    <div className="standing" data-tone={tone} role="status">
      <p>
        <ToneShape tone={tone} size={16} />
        <strong>{sentence}</strong>
      </p>
      {worst === undefined ? undefined : (
        <ul>
          <li>
            {worst.key}: {worst.why}
          </li>
        </ul>
      )}
    </div>
  );
}

function Circuits(props: {
  readonly commands: readonly MergedCommand[];
  readonly rates: Rates;
  readonly find: string;
  readonly sorting: Sorting;
}): ReactNode {
  const { commands, rates, find, sorting } = props;
  const needle = find.toLowerCase();
  const found = commands.filter(({ key, group, callers }) =>
    `${key} ${group} ${callers.map(({ service }) => service).join(" ")}`.toLowerCase().includes(needle),
  );
  if (commands.length === 0) {
    return (
      <Panel>
        <Empty title="No service has called another yet">
          <p>A circuit shows once a service calls another by its name, or runs a command of its own:</p>
          <CommandLine command={'import { client } from "holdfast"; await client("catalog").json("/titles")'} />
        </Empty>
      </Panel>
    );
  }
  if (found.length === 0) return <Empty title={`No command matches “${find}”`} />;
  return (
    <section className="circuits" aria-label="Commands">
      <h2 className="visually-hidden">Commands</h2>
      {sortCommands(found, sorting).map((command) => (
        <CommandCard key={command.key} command={command} points={rates.get(command.key) ?? []} />
      ))}
    </section>
  );
}

function Balancers(props: { readonly callers: ResilienceView["callers"]; readonly find: string }): ReactNode {
  const balancers = balancersOf(props.callers, props.find);
  if (balancers.length === 0) return undefined;
  return (
    <Panel title="Who calls whom" flush>
      <BalancersTable balancers={balancers} />
    </Panel>
  );
}

function Silent({ silent }: { readonly silent: ResilienceView["silent"] }): ReactNode {
  if (silent.length === 0) return undefined;
  return (
    <Panel title={`${count(silent.length, "instance")} did not say`}>
      <ul className="resilience-silent">
        {silent.map(({ service, instance, why }) => (
          <li key={instance}>
            {service} <span className="mono">{instance}</span>: {why}
          </li>
        ))}
      </ul>
    </Panel>
  );
}
