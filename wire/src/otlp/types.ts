/**
 * OTLP traces (opentelemetry-proto 1.x, `trace/v1/trace.proto`, `common/v1/common.proto`) as plain data. Names are those of OTLP's
 * JSON; ids are lower-case hex, times are nanoseconds since the epoch.
 */
export interface OtlpTraces {
  readonly resourceSpans: readonly OtlpResourceSpans[];
}

export interface OtlpResourceSpans {
  /** Who made the spans: `service.name`, `service.instance.id` … */
  readonly resource: { readonly attributes: readonly OtlpAttribute[] };
  readonly scopeSpans: readonly OtlpScopeSpans[];
  readonly schemaUrl: string;
}

export interface OtlpScopeSpans {
  /** Which library made them. */
  readonly scope: OtlpScope;
  readonly spans: readonly OtlpSpan[];
  readonly schemaUrl: string;
}

export interface OtlpScope {
  readonly name: string;
  readonly version: string;
  readonly attributes: readonly OtlpAttribute[];
}

export interface OtlpSpan {
  /** 32 hex digits; a receiver refuses others, this codec passes on what has another length. */
  readonly traceId: string;
  readonly spanId: string;
  /** Empty: the root of its trace. */
  readonly parentSpanId: string;
  readonly traceState: string;
  readonly name: string;
  /** 0 unspecified, 1 internal, 2 server, 3 client, 4 producer, 5 consumer. */
  readonly kind: number;
  readonly startTimeUnixNano: bigint;
  readonly endTimeUnixNano: bigint;
  readonly attributes: readonly OtlpAttribute[];
  readonly droppedAttributesCount: number;
  readonly events: readonly OtlpEvent[];
  readonly droppedEventsCount: number;
  readonly links: readonly OtlpLink[];
  readonly droppedLinksCount: number;
  readonly status: OtlpStatus;
  /** Bits 0–7 are the W3C trace flags. */
  readonly flags: number;
}

export interface OtlpEvent {
  readonly timeUnixNano: bigint;
  readonly name: string;
  readonly attributes: readonly OtlpAttribute[];
  readonly droppedAttributesCount: number;
}

/** Another span that has to do with this one without being its parent. */
export interface OtlpLink {
  readonly traceId: string;
  readonly spanId: string;
  readonly traceState: string;
  readonly attributes: readonly OtlpAttribute[];
  readonly droppedAttributesCount: number;
  readonly flags: number;
}

/** Code 0 unset, 1 ok, 2 error. */
export interface OtlpStatus {
  readonly code: number;
  readonly message: string;
}

export interface OtlpAttribute {
  readonly key: string;
  readonly value: OtlpValue;
}

/**
 * A whole `number` within ±2⁵³ stands for OTLP's int, any other `number` for its double, `bigint` for an int beyond; `null`
 * for a value that is not set.
 */
export type OtlpValue =
  | string
  | boolean
  | number
  | bigint
  | Uint8Array
  | readonly OtlpValue[]
  | { readonly keyValues: readonly OtlpAttribute[] }
  | null;

/** What a receiver says: how many it did not take, and why. */
export interface OtlpAnswer {
  readonly rejectedSpans: number;
  readonly errorMessage: string;
}
