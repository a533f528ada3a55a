import type { TraceSpan, TraceSummary } from "@holdfast/wire";
import { count } from "../../lib/format.ts";

export const keptWords: Readonly<Record<TraceSummary["kept"], string>> = {
  sampled: "chosen by chance",
  error: "for an error",
  slow: "for being slow",
};

/** `3.2 ms`, `87 ms`, `1.4 s`: spans are short, and a tenth tells. */
export function formatSpanMs(ms: number): string {
  if (ms < 10) return `${ms.toFixed(1)} ms`;
  return ms < 1_000 ? `${Math.round(ms)} ms` : `${(ms / 1_000).toFixed(1)} s`;
}

/** What is worth knowing of a span at a glance: repeats, fallbacks, failures, a missing parent. */
export function notesOf(span: TraceSpan): readonly { readonly text: string; readonly tone: "bad" | "warn" | "idle" }[] {
  const notes: { text: string; tone: "bad" | "warn" | "idle" }[] = [];
  if (span.error) notes.push({ text: span.message === "" ? "failed" : span.message, tone: "bad" });
  const resent = span.attributes["http.request.resend_count"];
  if (resent !== undefined)
    notes.push({ text: `${String(span.attributes["holdfast.try"] ?? "retry")} ${String(resent)}`, tone: "warn" });
  for (const { name, attributes } of span.events) {
    const reason = attributes["reason"];
    notes.push({ text: reason === undefined ? name : `${name}: ${String(reason)}`, tone: "warn" });
  }
  if (span.orphan) notes.push({ text: "its parent is not here", tone: "idle" });
  return notes;
}

/** Zones in the order of their names, so that a zone has the same colour on every page. */
export function zonesOf(spans: readonly TraceSpan[]): readonly string[] {
  return [...new Set(spans.map(({ zone }) => zone))].filter((zone) => zone !== "").sort();
}

/** In one sentence: how long, over how many services and zones, what failed, and where the time went. */
export function sentenceOf(trace: TraceSummary & { readonly tree: readonly TraceSpan[] }): string {
  const zones = zonesOf(trace.tree);
  const where = `${count(trace.services.length, "service")}${zones.length === 0 ? "" : ` in ${count(zones.length, "zone")}`}`;
  const failed = trace.errors === 0 ? "nothing failed" : `${count(trace.errors, "span")} failed`;
  const heaviest = trace.tree.filter(({ critical }) => critical).toSorted((a, b) => b.selfMs - a.selfMs)[0];
  const most =
    heaviest === undefined || trace.tree.length < 2
      ? ""
      : `; ${formatSpanMs(heaviest.selfMs)} of it in ${heaviest.service} ${heaviest.name}`;
  return `${formatSpanMs(trace.durationMs)} over ${where}, ${failed}${most}`;
}
