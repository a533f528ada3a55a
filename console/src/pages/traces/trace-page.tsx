import type { TraceDetail, TraceLogLine } from "@holdfast/wire";
import { useQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { traceLogsResource, traceResource } from "../../api/traces.ts";
import { withoutEmpty } from "../../lib/filters.ts";
import { count, formatTime } from "../../lib/format.ts";
import { CommandLine } from "../../ui/command-line.tsx";
import { Loaded } from "../../ui/loaded.tsx";
import { Page, Panel } from "../../ui/page.tsx";
import { ToneShape } from "../../ui/status-mark.tsx";
import { LogLines } from "./log-lines.tsx";
import { SpanDialog } from "./span-dialog.tsx";
import { keptWords, sentenceOf, zonesOf } from "./trace-words.ts";
import { Waterfall } from "./waterfall.tsx";
import "../../ui/standing.css";
import "./traces.css";

const route = getRouteApi("/traces/$id");
const noLines: readonly TraceLogLine[] = [];

/** One request: what it asked of whom, in which zone, how long each took, what failed, and what the logs say of it. */
export function TracePage(): ReactNode {
  const { id } = route.useParams();
  const { span } = route.useSearch();
  const navigate = route.useNavigate();
  const query = useQuery(traceResource(id));
  const logs = useQuery(traceLogsResource(id)).data ?? noLines;
  const trace = query.data;
  const opened = trace?.tree.find((one) => one.spanId === span);
  return (
    <Page
      title={trace === undefined ? "Trace" : `${trace.service} ${trace.operation}`}
      beside={<Link to="/traces">All traces</Link>}
    >
      <Loaded query={query}>
        {(found) => (
          <>
            <Verdict trace={found} />
            <Panel flush title={count(found.spans, "span")} beside={<Legend zones={zonesOf(found.tree)} />}>
              <Waterfall trace={found} />
            </Panel>
            <Logs lines={logs} />
          </>
        )}
      </Loaded>
      <CommandLine command={`npx holdfast traces ${id}`} />
      {trace === undefined || opened === undefined ? undefined : (
        <SpanDialog
          span={opened}
          trace={trace}
          lines={logs.filter(({ spanId }) => spanId === opened.spanId)}
          onClose={() =>
            void navigate({ search: (before) => withoutEmpty({ ...before, span: undefined }), replace: true })
          }
        />
      )}
    </Page>
  );
}

function Verdict({ trace }: { readonly trace: TraceDetail }): ReactNode {
  const tone = trace.errors > 0 ? "bad" : trace.kept === "slow" ? "warn" : "good";
  return (
    <div className="standing" data-tone={tone} role="status">
      <p>
        <ToneShape tone={tone} size={16} />
        <strong>{sentenceOf(trace)}</strong>
      </p>
      <p className="trace-id">
        <time dateTime={trace.startedAt}>{formatTime(trace.startedAt)}</time>, kept {keptWords[trace.kept]},{" "}
        <span className="mono">{trace.traceId}</span>
      </p>
    </div>
  );
}

function Legend({ zones }: { readonly zones: readonly string[] }): ReactNode {
  return (
    <ul className="trace-legend" aria-label="Colours">
      {zones.map((zone, i) => (
        <li key={zone}>
          <span className="trace-swatch" data-zone={i % 4} />
          {zone}
        </li>
      ))}
      <li>
        <span className="trace-swatch" data-beside="true" />
        not on the critical path
      </li>
    </ul>
  );
}

function Logs({ lines }: { readonly lines: readonly TraceLogLine[] }): ReactNode {
  if (lines.length === 0) return undefined;
  return (
    <Panel title="Logs of this trace">
      <LogLines lines={lines} />
    </Panel>
  );
}
