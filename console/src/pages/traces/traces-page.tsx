import type { TraceList, TraceSummary } from "@holdfast/wire";
import { NativeSelect } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { tracesResource } from "../../api/traces.ts";
import { optionsOf, withoutEmpty } from "../../lib/filters.ts";
import { count, formatTime } from "../../lib/format.ts";
import { CommandLine } from "../../ui/command-line.tsx";
import { Empty, Loaded } from "../../ui/loaded.tsx";
import { Page, Panel } from "../../ui/page.tsx";
import { ToneShape } from "../../ui/status-mark.tsx";
import { formatSpanMs } from "./trace-words.ts";
import "./traces.css";

const route = getRouteApi("/traces");
const noServices: readonly string[] = [];
const limit = "100";
const outcomes = [
  { value: "", label: "Any" },
  { value: "1", label: "Something failed" },
];

/** What requests did and whom they asked: the latest that are kept, by service, length, or failure. */
export function TracesPage(): ReactNode {
  const { service, ms = "", errors } = route.useSearch();
  const navigate = route.useNavigate();
  const minMs = /^\d{1,7}$/.test(ms) ? ms : undefined;
  const query = useQuery(tracesResource(withoutEmpty({ service, minMs, errors, limit })));
  const change = (fields: Readonly<Record<string, string | undefined>>): void =>
    void navigate({ search: (before) => withoutEmpty({ ...before, ...fields }), replace: true });
  const command = [
    "npx holdfast traces",
    service && `--service ${service}`,
    minMs && `--min-ms ${minMs}`,
    errors && "--errors",
  ];
  return (
    <Page title="Traces" beside={query.data && <span className="muted">{keptOf(query.data)}</span>}>
      <search className="filters" aria-label="Filter traces">
        <NativeSelect
          label="Service"
          value={service ?? ""}
          onChange={({ currentTarget: { value } }) => change({ service: value })}
          data={[...optionsOf(query.data?.store.services ?? noServices, service)]}
        />
        <NativeSelect
          label="At least"
          value={ms}
          onChange={({ currentTarget: { value } }) => change({ ms: value })}
          data={lengths(ms)}
        />
        <NativeSelect
          label="Outcome"
          value={errors ?? ""}
          onChange={({ currentTarget: { value } }) => change({ errors: value })}
          data={outcomes}
        />
      </search>
      <Loaded query={query}>{(list) => <List list={list} />}</Loaded>
      <CommandLine command={command.filter(Boolean).join(" ")} />
    </Page>
  );
}

function lengths(chosen: string): { value: string; label: string }[] {
  const all = new Set(["", "10", "100", "1000", chosen]);
  return Array.from(all, (value) => ({ value, label: value === "" ? "Any length" : formatSpanMs(Number(value)) }));
}

function keptOf({ store: { traces, spans, bytes, bytesMax } }: TraceList): string {
  return `${count(traces, "trace")}, ${count(spans, "span")} kept, ${Math.ceil((100 * bytes) / bytesMax)} % of the room`;
}

function List({ list: { traces, store } }: { readonly list: TraceList }): ReactNode {
  if (store.traces === 0) {
    return (
      <Panel>
        <Empty title="No request was traced yet">
          <p>
            A share of all requests is (property trace.sample), and each that fails or is slow. Other programs send
            theirs here:
          </p>
          <CommandLine command="npx holdfast traces --endpoint" />
        </Empty>
      </Panel>
    );
  }
  if (traces.length === 0) return <Empty title="No trace that is kept fits" />;
  const longest = Math.max(...traces.map(({ durationMs }) => durationMs));
  return (
    <Panel flush>
      <table className="table" aria-label="Traces">
        <thead>
          <tr>
            <th scope="col">Request</th>
            <th scope="col">Took</th>
            <th scope="col" className="wide-only end">
              Spans
            </th>
            <th scope="col" className="roomy-only">
              Services
            </th>
            <th scope="col" className="wide-only">
              Kept
            </th>
            <th scope="col" className="end">
              At
            </th>
          </tr>
        </thead>
        <tbody>
          {traces.map((trace) => (
            <Row key={trace.traceId} trace={trace} longest={longest} />
          ))}
        </tbody>
      </table>
    </Panel>
  );
}

function Row({ trace, longest }: { readonly trace: TraceSummary; readonly longest: number }): ReactNode {
  const { traceId, service, operation, durationMs, spans, errors, services, kept, startedAt } = trace;
  return (
    <tr>
      <td className="trace-name">
        <ToneShape tone={errors === 0 ? "good" : "bad"} />{" "}
        <Link to="/traces/$id" params={{ id: traceId }}>
          {operation}
        </Link>
        <span className="muted">{service}</span>
        {errors === 0 ? undefined : <span className="trace-errors">{count(errors, "error")}</span>}
      </td>
      <td className="trace-took">
        <span className="numeric">{formatSpanMs(durationMs)}</span>
        <span
          className="trace-length"
          style={{ width: `${Math.max(2, (100 * durationMs) / Math.max(1, longest))}%` }}
        />
      </td>
      <td className="wide-only end numeric">{spans}</td>
      <td className="roomy-only muted">{services.map(({ name }) => name).join(", ")}</td>
      <td className="wide-only muted">{kept}</td>
      <td className="end">
        <time dateTime={startedAt}>{formatTime(startedAt)}</time>
      </td>
    </tr>
  );
}
