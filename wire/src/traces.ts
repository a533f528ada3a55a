/** One trace as a list shows it. */
export interface TraceSummary {
  readonly traceId: string;
  /** Of its first span: what was asked, of whom. */
  readonly operation: string;
  readonly service: string;
  /** ISO time of its first span. */
  readonly startedAt: string;
  /** From the begin of its first span to the end of its last, in ms. */
  readonly durationMs: number;
  readonly spans: number;
  readonly errors: number;
  /** By number of spans, most first. */
  readonly services: readonly { readonly name: string; readonly spans: number; readonly errors: number }[];
  /** Why it is here: chosen from the start, or kept for an error or for taking long. */
  readonly kept: "sampled" | "error" | "slow";
}

export interface TraceList {
  readonly traces: readonly TraceSummary[];
  /** What the store holds in all, and how far back. */
  readonly store: TraceStoreView;
}

export interface TraceStoreView {
  readonly traces: number;
  readonly spans: number;
  readonly bytes: number;
  readonly bytesMax: number;
  /** ISO time of the oldest trace; `null` when there is none. */
  readonly since: string | null;
  /** Spans that were refused: malformed, too old, too many in one trace. */
  readonly refused: number;
  /** Traces let go since control started, to make room or for their age. */
  readonly letGo: number;
  /** Services that have sent spans, by name. */
  readonly services: readonly string[];
}

export interface TraceDetail extends TraceSummary {
  /** In the order of a waterfall: each below its parent, children by their begin. */
  readonly tree: readonly TraceSpan[];
}

export interface TraceSpan {
  readonly spanId: string;
  /** Empty for the first, and for one whose parent did not arrive. */
  readonly parentSpanId: string;
  /** Its parent is named, but is not here: not kept, or still to come. */
  readonly orphan: boolean;
  /** How many spans are above it. */
  readonly depth: number;
  readonly name: string;
  readonly kind: "internal" | "server" | "client" | "producer" | "consumer";
  readonly service: string;
  /** Empty where the sender does not say. */
  readonly instance: string;
  readonly zone: string;
  /** From the begin of the trace, in ms. */
  readonly startMs: number;
  readonly durationMs: number;
  /** Of its time, when none of its children was at work, in ms. */
  readonly selfMs: number;
  /** The trace would have been shorter if this span had been. */
  readonly critical: boolean;
  readonly error: boolean;
  readonly message: string;
  readonly attributes: Readonly<Record<string, string | number | boolean>>;
  readonly events: readonly TraceEvent[];
}

export interface TraceEvent {
  readonly name: string;
  /** From the begin of the trace, in ms. */
  readonly atMs: number;
  readonly attributes: Readonly<Record<string, string | number | boolean>>;
}

/** A line of an instance's log that carries a trace's id. */
export interface TraceLogLine {
  readonly service: string;
  readonly instance: string;
  readonly at: string;
  /** Empty when the line names the trace only. */
  readonly spanId: string;
  readonly text: string;
}
