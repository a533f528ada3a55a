import type { OtlpAttribute, OtlpSpan, OtlpTraces } from "@holdfast/wire/otlp";
import type { FlatAttributes, Span } from "../spans/span.ts";

/** OTLP's `SpanFlags`: bit 8, it is known whether the parent is in another process; bit 9, it is. */
const knowsRemote = 0x100;
const isRemote = 0x200;
const failedCode = 2;
const scope = { name: "@holdfast/trace", version: "0.1.0", attributes: [] };

/** Ended spans as one OTLP message. `epochMs`: the wall time at monotonic time 0. */
export function spansToOtlp(spans: readonly Span[], resource: readonly OtlpAttribute[], epochMs: number): OtlpTraces {
  const scopeSpans = [{ scope, spans: spans.map((span) => toOtlp(span, epochMs)), schemaUrl: "" }];
  return { resourceSpans: [{ resource: { attributes: resource }, scopeSpans, schemaUrl: "" }] };
}

function toOtlp(span: Span, epochMs: number): OtlpSpan {
  const { root, parent } = span;
  const remote = parent === undefined ? root.remote : undefined;
  return {
    traceId: root.traceId,
    spanId: span.id,
    parentSpanId: parent?.id ?? remote?.spanId ?? "",
    traceState: root.tracestate ?? "",
    name: span.name,
    kind: span.kind,
    startTimeUnixNano: nanos(span.startMs + epochMs),
    endTimeUnixNano: nanos(span.endMs + epochMs),
    attributes: attributesOf(span.attributes),
    droppedAttributesCount: span.droppedAttributes,
    events: (span.events ?? []).map(({ name, atMs, attributes }) => ({
      timeUnixNano: nanos(atMs + epochMs),
      name,
      attributes: attributesOf(attributes),
      droppedAttributesCount: 0,
    })),
    droppedEventsCount: span.droppedEvents,
    links: [],
    droppedLinksCount: 0,
    status: { code: span.failed ? failedCode : 0, message: span.message },
    flags: root.flags | knowsRemote | (remote === undefined ? 0 : isRemote),
  };
}

function attributesOf(flat: FlatAttributes | undefined): OtlpAttribute[] {
  const attributes: OtlpAttribute[] = [];
  if (flat === undefined) return attributes;
  for (let i = 0; i + 1 < flat.length; i += 2) {
    const value = flat[i + 1];
    attributes.push({ key: String(flat[i]), value: value === undefined ? null : value });
  }
  return attributes;
}

/** Whole microseconds: a double of today's date in ms has a quarter of one. */
function nanos(ms: number): bigint {
  return BigInt(Math.max(0, Math.round(ms * 1_000))) * 1_000n;
}
