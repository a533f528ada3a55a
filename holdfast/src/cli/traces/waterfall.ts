import type { TraceDetail, TraceSpan } from "@holdfast/wire";
import type { Terminal } from "../terminal.ts";

type Colors = Terminal["colors"];

const barMin = 12;
const barMax = 60;
const nameMax = 56;
const namesMin = 20;

/**
 * A line for each span: what and where, when and how long as a bar on the trace's time, then what is worth knowing of it. `█`: on
 * the path that made the trace so long; `░`: beside it.
 */
export function waterfall(trace: TraceDetail, columns: number, colors: Colors): string[] {
  const names = trace.tree.map(nameOf);
  const width = Math.min(nameMax, Math.max(namesMin, ...names.map((name) => name.length)));
  const bar = Math.min(barMax, Math.max(barMin, columns - width - 32));
  return trace.tree.map((span, i) => {
    const name = cut(names[i] ?? "", width).padEnd(width);
    const took = span.durationMs.toFixed(1).padStart(8);
    const notes = notesOf(span);
    const line = `${name} ${took} ms  ${barOf(span, trace.durationMs, bar)}  ${notes}`.trimEnd();
    return span.error ? colors.red(line) : line;
  });
}

function nameOf({ depth, service, name, zone }: TraceSpan): string {
  const indent = "  ".repeat(Math.min(depth, 12));
  return withoutControls(`${indent}${service} ${name}${zone === "" ? "" : ` (${zone})`}`);
}

function barOf({ startMs, durationMs, critical }: TraceSpan, wholeMs: number, width: number): string {
  if (wholeMs <= 0) return (critical ? "█" : "░").repeat(width);
  const from = Math.min(width - 1, Math.floor((startMs / wholeMs) * width));
  const length = Math.min(width - from, Math.max(1, Math.round((durationMs / wholeMs) * width)));
  return `${" ".repeat(from)}${(critical ? "█" : "░").repeat(length)}${" ".repeat(width - from - length)}`;
}

/** Failures, repeats, fallbacks. */
function notesOf(span: TraceSpan): string {
  const resent = span.attributes["http.request.resend_count"];
  const notes = [
    span.error ? span.message || "failed" : "",
    resent === undefined ? "" : `${String(span.attributes["holdfast.try"] ?? "retry")} ${String(resent)}`,
    ...span.events.map(({ name, attributes }) => {
      const reason = attributes["reason"];
      return reason === undefined ? name : `${name}: ${String(reason)}`;
    }),
    span.orphan ? "its parent is not here" : "",
  ];
  return withoutControls(notes.filter((note) => note !== "").join(", "));
}

/** Whoever sends spans must not move somebody's cursor. */
export function withoutControls(text: string): string {
  return text.replaceAll(/\p{Cc}/gu, "·");
}

function cut(text: string, length: number): string {
  return text.length > length ? `${text.slice(0, length - 1)}…` : text;
}
