import type { OtlpAttribute, OtlpSpan, OtlpTraces, OtlpValue } from "@holdfast/wire/otlp";

/** Who made spans; shared by all spans of a message. */
export interface SpanOrigin {
  readonly service: string;
  readonly instance: string;
  readonly zone: string;
}

export type StoredAttributes = Readonly<Record<string, string | number | boolean>>;

export interface StoredSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string;
  readonly name: string;
  readonly kind: number;
  readonly origin: SpanOrigin;
  /** Wall, with fractions. */
  readonly startMs: number;
  readonly durationMs: number;
  readonly error: boolean;
  readonly message: string;
  readonly attributes: StoredAttributes;
  readonly events: readonly { readonly name: string; readonly atMs: number; readonly attributes: StoredAttributes }[];
  /** About what it takes on the heap. */
  readonly bytes: number;
}

/** What a message gives: the spans that can be kept, and how many cannot. */
export interface ReadSpans {
  readonly spans: readonly StoredSpan[];
  readonly malformed: number;
}

const errorCode = 2;
const charactersMax = 2_048;
const spanBytes = 400;
const entryBytes = 48;

export function readSpans({ resourceSpans }: OtlpTraces): ReadSpans {
  const spans: StoredSpan[] = [];
  let malformed = 0;
  for (const { resource, scopeSpans } of resourceSpans) {
    const origin = originOf(resource.attributes);
    for (const { spans: sent } of scopeSpans) {
      for (const span of sent) {
        if (isWhole(span)) spans.push(stored(span, origin));
        else malformed += 1;
      }
    }
  }
  return { spans, malformed };
}

/** OTLP: a span with an id of another length, or of zeros, is invalid. */
function isWhole({ traceId, spanId, startTimeUnixNano, endTimeUnixNano }: OtlpSpan): boolean {
  const hasIds = traceId.length === 32 && spanId.length === 16 && !/^0*$/.test(traceId) && !/^0*$/.test(spanId);
  return hasIds && startTimeUnixNano > 0n && endTimeUnixNano >= startTimeUnixNano;
}

function originOf(attributes: readonly OtlpAttribute[]): SpanOrigin {
  const all = new Map(attributes.map(({ key, value }) => [key, value]));
  const text = (key: string): string => {
    const value = all.get(key);
    return typeof value === "string" ? value.slice(0, 200) : "";
  };
  // Of OpenTelemetry's semantic conventions; without a name, SDKs say `unknown_service`.
  const service = text("service.name");
  return {
    service: service === "" ? "unknown_service" : service,
    instance: text("service.instance.id") || text("host.name"),
    zone: text("cloud.availability_zone"),
  };
}

function stored(span: OtlpSpan, origin: SpanOrigin): StoredSpan {
  const attributes = plainAttributes(span.attributes);
  const events = span.events.map(({ timeUnixNano, name, attributes: of }) => ({
    name: name.slice(0, charactersMax),
    atMs: msOf(timeUnixNano),
    attributes: plainAttributes(of),
  }));
  let bytes = spanBytes + span.name.length + span.status.message.length + bytesOf(attributes);
  for (const event of events) bytes += entryBytes + event.name.length + bytesOf(event.attributes);
  return {
    traceId: span.traceId,
    spanId: span.spanId,
    parentSpanId: /^0*$/.test(span.parentSpanId) ? "" : span.parentSpanId,
    name: span.name.slice(0, charactersMax),
    kind: span.kind,
    origin,
    startMs: msOf(span.startTimeUnixNano),
    durationMs: Number(span.endTimeUnixNano - span.startTimeUnixNano) / 1e6,
    error: span.status.code === errorCode,
    message: span.status.message.slice(0, charactersMax),
    attributes,
    events,
    bytes,
  };
}

function msOf(nanos: bigint): number {
  return Number(nanos / 1_000n) / 1_000;
}

function plainAttributes(attributes: readonly OtlpAttribute[]): StoredAttributes {
  // From entries: a key named `__proto__` is then one like any other.
  return Object.fromEntries(attributes.map(({ key, value }) => [key.slice(0, 200), plainValue(value)]));
}

/** Lists and maps are shown, not searched: as JSON. */
function plainValue(value: OtlpValue): string | number | boolean {
  if (typeof value === "string") return value.slice(0, charactersMax);
  if (typeof value === "boolean") return value;
  // JSON has no number for these.
  if (typeof value === "number") return Number.isFinite(value) ? value : String(value);
  if (typeof value === "bigint") return String(value);
  return JSON.stringify(simple(value)).slice(0, charactersMax);
}

function simple(value: OtlpValue): unknown {
  if (typeof value === "bigint") return String(value);
  if (value === null || typeof value !== "object") return value;
  if (value instanceof Uint8Array) return Buffer.from(value).toString("base64");
  if ("keyValues" in value) return Object.fromEntries(value.keyValues.map((one) => [one.key, simple(one.value)]));
  return value.map(simple);
}

function bytesOf(attributes: StoredAttributes): number {
  let bytes = 0;
  for (const [key, value] of Object.entries(attributes))
    bytes += entryBytes + key.length + (typeof value === "string" ? value.length : 8);
  return bytes;
}
