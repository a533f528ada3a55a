import { PlatformError } from "@holdfast/kernel";

export interface OtlpLimits {
  /** Spans of one message; one with more is refused. */
  readonly spans: number;
  /** Of one span, event, link or resource, and entries of one array; what goes beyond is dropped and counted. */
  readonly attributes: number;
  /** Events, and links, of one span; the same. */
  readonly events: number;
  /** How deep arrays and maps may lie in each other; a message that goes beyond is refused. */
  readonly depth: number;
}

/** OpenTelemetry's own limits (SDK defaults: 128 attributes, 128 events, 128 links; batches of 512 spans). */
export const otlpLimits: OtlpLimits = { spans: 10_000, attributes: 128, events: 128, depth: 8 };

/** What was sent is no OTLP, or goes beyond {@link OtlpLimits}. */
export class OtlpUnfitError extends PlatformError<"OTLP_MALFORMED"> {
  constructor(what: string, cause?: unknown) {
    super("OTLP_MALFORMED", `the OTLP message ${what}`, { status: 400, cause });
  }
}
