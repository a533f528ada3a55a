export { activeSpan, activeTraceIds, enterRequest, requestStorage, runInSpan, type SpanHolder } from "./active.ts";
export { type HeaderOf, parseB3 } from "./context/b3.ts";
export { IdSource } from "./context/ids.ts";
export {
  formatTraceparent,
  isSpanId,
  isTraceId,
  parseTraceparent,
  type RemoteParent,
  sampledFlag,
} from "./context/traceparent.ts";
export { formatTracestate, parseTracestate, type TraceState } from "./context/tracestate.ts";
export { Epoch } from "./export/epoch.ts";
export { type OtelSettings, readOtelSettings } from "./export/otel-environment.ts";
export { type ExporterOptions, OtlpExporter } from "./export/otlp-exporter.ts";
export { type Post, type PostAnswer, postTo } from "./export/post.ts";
export { spansToOtlp } from "./export/spans-to-otlp.ts";
export { inSpan } from "./in-span.ts";
export { Sampling, samplingDefaults } from "./sampling.ts";
export type { RootSpan, SpanSubject } from "./spans/root-span.ts";
export { type AttributeValue, type FlatAttributes, Span, type SpanEvent, SpanKind, spanLimits } from "./spans/span.ts";
export { ringDefaults, SpanRing } from "./spans/span-ring.ts";
export { type SpanSink, Tracer } from "./tracer.ts";
