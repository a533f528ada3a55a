import type { Clock } from "@holdfast/kernel";
import type { RemoteParent } from "../context/traceparent.ts";
import { sampledFlag } from "../context/traceparent.ts";
import type { Tracer } from "../tracer.ts";
import { type FlatAttributes, Span, type SpanKind } from "./span.ts";

/** What a root span is about. Asked only when the span is kept, so that the others cost nothing. */
export interface SpanSubject {
  /** Sets name and attributes. */
  describe(span: Span): void;
  /** False for what is meant to take long. */
  mayBeSlow(): boolean;
}

/** Spans of one request that wait for its end when only a failure would keep them. */
const waitingMax = 64;

/**
 * The first span of a trace in this process: a request served, or a call made on nobody's behalf. When the trace is not
 * sampled, the spans below wait here until it ends: they are kept if something failed or it took long.
 */
export class RootSpan extends Span {
  readonly #tracer: Tracer;
  readonly remote: RemoteParent | undefined;
  /** W3C trace flags that go on to the next hop. */
  readonly flags: number;
  /** `tracestate` as it came, to be passed on. */
  tracestate: string | undefined = undefined;
  hasFailure = false;
  subject: SpanSubject | undefined = undefined;
  #isKept: boolean;
  #waiting: Span[] | undefined = undefined;
  #traceId: string;

  constructor(
    tracer: Tracer,
    kind: SpanKind,
    name: string,
    startMs: number,
    remote: RemoteParent | undefined,
    flags: number,
    attributes: FlatAttributes | undefined,
  ) {
    super(kind, undefined, undefined, name, startMs, attributes);
    this.#tracer = tracer;
    this.remote = remote;
    this.flags = flags;
    this.#isKept = (flags & sampledFlag) !== 0;
    this.#traceId = remote === undefined ? "" : remote.traceId;
  }

  /** 32 hex digits; made at the first question when no caller said it. */
  get traceId(): string {
    if (this.#traceId === "") this.#traceId = this.#tracer.ids.traceId();
    return this.#traceId;
  }

  get clock(): Clock {
    return this.#tracer.clock;
  }

  newSpanId(): string {
    return this.#tracer.ids.spanId();
  }

  /** Called by each span of the trace in this process when it ends. */
  ended(span: Span): void {
    if (this.#isKept) {
      if (span === this) this.#describe();
      return this.#tracer.keep(span);
    }
    if (span !== this) {
      // What ends after the root shares its fate.
      if (this.hasEnded) return;
      const waiting = (this.#waiting ??= []);
      if (waiting.length < waitingMax) waiting.push(span);
      return;
    }
    const tookMs = this.endMs - this.startMs;
    if (!this.hasFailure && (tookMs < this.#tracer.slowMs || this.subject?.mayBeSlow() === false)) return;
    this.#keepAfterAll(this.hasFailure ? "error" : "slow");
  }

  #keepAfterAll(reason: string): void {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    if (!this.#tracer.mayKeepUnsampled(this.endMs)) return;
    this.#isKept = true;
    this.#describe();
    this.set("holdfast.kept", reason);
    for (const span of waiting ?? []) this.#tracer.keep(span);
    this.#tracer.keep(this);
  }

  /** And lets go of it: a span waits a second to be sent, and must not keep a request and its socket so long. */
  #describe(): void {
    this.subject?.describe(this);
    this.subject = undefined;
  }
}
