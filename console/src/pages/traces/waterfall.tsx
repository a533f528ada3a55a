import type { TraceDetail, TraceSpan } from "@holdfast/wire";
import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { formatSpanMs, notesOf, zonesOf } from "./trace-words.ts";

const ticks = [0, 0.25, 0.5, 0.75, 1] as const;
/** Deeper ones are not moved further in. */
const depthMax = 10;

/** Each span a line on the time of its trace, below its parent. A line opens what is known of its span. */
export function Waterfall({ trace }: { readonly trace: TraceDetail }): ReactNode {
  const zones = zonesOf(trace.tree);
  return (
    <div className="waterfall">
      <div className="waterfall-scale" aria-hidden="true">
        {ticks.map((tick) => (
          <span key={tick} style={{ insetInlineStart: `${tick * 100}%` }} data-end={tick === 1}>
            {formatSpanMs(trace.durationMs * tick)}
          </span>
        ))}
      </div>
      <ol aria-label="Spans">
        {trace.tree.map((span) => (
          <Line key={`${span.service} ${span.spanId}`} span={span} wholeMs={trace.durationMs} zones={zones} />
        ))}
      </ol>
    </div>
  );
}

function Line(props: {
  readonly span: TraceSpan;
  readonly wholeMs: number;
  readonly zones: readonly string[];
}): ReactNode {
  const { span, wholeMs, zones } = props;
  const from = share(span.startMs, wholeMs);
  const notes = notesOf(span);
  return (
    <li className="waterfall-line" data-critical={span.critical} data-error={span.error}>
      <Link to="." search={(before) => ({ ...before, span: span.spanId })} replace>
        <span className="waterfall-name" style={{ paddingInlineStart: `${Math.min(span.depth, depthMax) * 14}px` }}>
          <strong>{span.service}</strong> {span.name}
        </span>
        <span className="waterfall-time">
          <span
            className="waterfall-bar"
            data-zone={span.zone === "" ? undefined : zones.indexOf(span.zone) % 4}
            style={{
              marginInlineStart: `${from}%`,
              width: `${Math.min(100 - from, share(span.durationMs, wholeMs))}%`,
            }}
          />
        </span>
        <span className="waterfall-took numeric">{formatSpanMs(span.durationMs)}</span>
        {notes.length === 0 ? undefined : (
          <span className="waterfall-notes">
            {notes.map(({ text, tone }) => (
              <span key={text} className="waterfall-note" data-tone={tone}>
                {text}
              </span>
            ))}
          </span>
        )}
      </Link>
    </li>
  );
}

function share(ms: number, wholeMs: number): number {
  return wholeMs <= 0 ? 0 : Math.max(0, Math.min(100, (100 * ms) / wholeMs));
}
