import type { Clock } from "@holdfast/kernel";
import type { IdSource } from "./context/ids.ts";
import type { RemoteParent } from "./context/traceparent.ts";
import type { Sampling } from "./sampling.ts";
import { RootSpan } from "./spans/root-span.ts";
import { type FlatAttributes, type Span, SpanKind } from "./spans/span.ts";

/** Where spans go that are kept. */
export interface SpanSink {
  push(span: Span): void;
}

/** Begins traces and decides which are kept: some from the start (head), others because they failed or were slow. */
export class Tracer {
  readonly clock: Clock;
  readonly ids: IdSource;
  readonly sampling: Sampling;
  readonly #sink: SpanSink;
  /** Traces that may still be kept for a failure in this second. */
  #allowance: number;
  #allowanceAtMs: number;
  /** Failed or slow traces let go because there were too many of them. */
  failuresLetGo = 0;

  constructor(clock: Clock, ids: IdSource, sampling: Sampling, sink: SpanSink) {
    this.clock = clock;
    this.ids = ids;
    this.sampling = sampling;
    this.#sink = sink;
    this.#allowance = sampling.failuresPerSecond;
    this.#allowanceAtMs = clock.monotonicMs();
  }

  /** A trace whose root takes so long is kept. */
  get slowMs(): number {
    return this.sampling.slowMs;
  }

  /** The W3C flags of a trace that begins here or goes on here: the decision whether it is kept from the start. */
  flagsOf(remote: RemoteParent | undefined): number {
    const { sampling, ids } = this;
    return remote === undefined ? sampling.flagsOfNew(ids) : sampling.flagsOf(remote, ids);
  }

  /** The span of a request that came in; `attributes` is taken over, not copied. `flags`: when they are decided. */
  serve(
    name: string,
    startMs: number,
    remote: RemoteParent | undefined,
    attributes?: FlatAttributes,
    flags: number = this.flagsOf(remote),
  ): RootSpan {
    return new RootSpan(this, SpanKind.server, name, startMs, remote, flags, attributes);
  }

  /** The span of work that no request asked for: below `parent` if there is one, else the first of a new trace. */
  begin(kind: SpanKind, name: string, startMs: number, parent: Span | undefined, attributes?: FlatAttributes): Span {
    if (parent !== undefined) return parent.child(kind, name, startMs, attributes);
    return new RootSpan(this, kind, name, startMs, undefined, this.sampling.flagsOfNew(this.ids), attributes);
  }

  /** An ended span of a trace that is kept. */
  keep(span: Span): void {
    this.#sink.push(span);
  }

  /** False when this process has kept enough failed traces for now: in an outage all fail, and one looks like the other. */
  mayKeepUnsampled(nowMs: number): boolean {
    const perSecond = this.sampling.failuresPerSecond;
    const refill = ((nowMs - this.#allowanceAtMs) / 1_000) * perSecond;
    this.#allowance = Math.min(perSecond, this.#allowance + Math.max(0, refill));
    this.#allowanceAtMs = nowMs;
    if (this.#allowance < 1) {
      this.failuresLetGo += 1;
      return false;
    }
    this.#allowance -= 1;
    return true;
  }
}
