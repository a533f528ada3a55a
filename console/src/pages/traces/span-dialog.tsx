import type { TraceDetail, TraceLogLine, TraceSpan } from "@holdfast/wire";
import type { ReactNode } from "react";
import { CommandLine } from "../../ui/command-line.tsx";
import { Dialog } from "../../ui/dialog.tsx";
import { ToneShape } from "../../ui/status-mark.tsx";
import { LogLines } from "./log-lines.tsx";
import { formatSpanMs } from "./trace-words.ts";

/** All that is known of one span: when, where, attributes, events, and what its instance logged in it. */
export function SpanDialog(props: {
  readonly span: TraceSpan;
  readonly trace: TraceDetail;
  readonly lines: readonly TraceLogLine[];
  readonly onClose: () => void;
}): ReactNode {
  const { span, trace, lines, onClose } = props;
  const tone = span.error ? "bad" : "good";
  return (
    <Dialog title={`${span.service} ${span.name}`} onClose={onClose}>
      <p className="why-summary">
        <ToneShape tone={tone} size={14} />
        <strong>
          {span.error ? `Failed${span.message === "" ? "" : `: ${span.message}`}` : "No failure"},{" "}
          {formatSpanMs(span.durationMs)}
        </strong>
      </p>
      <p className="muted">
        A {span.kind} span{span.zone === "" ? "" : ` in ${span.zone}`}, {formatSpanMs(span.startMs)} after the begin;{" "}
        {formatSpanMs(span.selfMs)} in itself, the rest in what it called;{" "}
        {span.critical
          ? "on the critical path: sooner here, sooner in all"
          : "beside the critical path: nobody waited for it"}
      </p>
      <Attributes title="Attributes" values={{ ...span.attributes, "service.instance.id": span.instance }} />
      {span.events.map(({ name, atMs, attributes }) => (
        <Attributes
          key={`${name} ${atMs}`}
          title={`${name}, ${formatSpanMs(atMs)} after the begin`}
          values={attributes}
        />
      ))}
      {lines.length === 0 ? undefined : (
        <section className="dialog-part">
          <h3>Logs of this span</h3>
          <LogLines lines={lines} />
        </section>
      )}
      <CommandLine command={`npx holdfast logs ${span.service} --instance ${span.instance || "<id>"}`} />
      <p className="muted mono trace-ids">
        {trace.traceId} / {span.spanId}
      </p>
    </Dialog>
  );
}

function Attributes(props: {
  readonly title: string;
  readonly values: Readonly<Record<string, string | number | boolean>>;
}): ReactNode {
  const entries = Object.entries(props.values).filter(([, value]) => value !== "");
  if (entries.length === 0) return <p className="dialog-part">{props.title}</p>;
  return (
    <section className="dialog-part">
      <h3>{props.title}</h3>
      <dl className="trace-attributes">
        {entries.map(([key, value]) => (
          <div key={key}>
            <dt>{key}</dt>
            <dd className="mono">{String(value)}</dd>
          </div>
        ))}
      </dl>
    </section>
  );
}
