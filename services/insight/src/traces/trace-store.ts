import type { Clock } from "@holdfast/kernel";
import type { TraceDetail, TraceStoreView, TraceSummary } from "@holdfast/wire";
import type { ReadSpans } from "./stored-span.ts";
import { StoredTrace } from "./stored-trace.ts";
import { treeOf } from "./trace-tree.ts";

export interface TraceStoreOptions {
  /** About what all spans may take on the heap. Default 64 MiB: some 60,000 spans of ours. */
  readonly bytesMax: number;
  /** Traces go when their first span came so long ago. Default an hour. */
  readonly ageMaxMs: number;
}

export const traceStoreDefaults: TraceStoreOptions = { bytesMax: 64 * 1024 * 1024, ageMaxMs: 3_600_000 };

export interface TraceQuery {
  /** Traces with a span of this service. */
  readonly service?: string | undefined;
  /** … and of that name. Without a service: whose first span has it. */
  readonly operation?: string | undefined;
  readonly minDurationMs?: number | undefined;
  readonly errorsOnly?: boolean | undefined;
  /** Wall ms: those that began since. */
  readonly sinceMs?: number | undefined;
  readonly limit: number;
}

/** Clocks of senders differ; what says to be from so far in the future is wrong. */
const futureMaxMs = 600_000;

/**
 * Traces in memory, bounded by bytes and age: the one that came first goes first, whole. Spans join their trace however late
 * they come while it is here. Restarting control loses them; instances go on sending.
 */
export class TraceStore {
  readonly #clock: Clock;
  readonly #options: TraceStoreOptions;
  /** In order of arrival. */
  readonly #traces = new Map<string, StoredTrace>();
  #spans = 0;
  #bytes = 0;
  #refused = 0;
  #letGo = 0;

  constructor(clock: Clock, options: Partial<TraceStoreOptions> = {}) {
    this.#clock = clock;
    this.#options = { ...traceStoreDefaults, ...options };
  }

  /** Keeps what it can and gives how many it refused, malformed ones included. */
  add({ spans, malformed }: ReadSpans): number {
    const nowMs = this.#clock.wallMs();
    let refused = malformed;
    for (const span of spans) {
      const isOld = span.startMs + span.durationMs < nowMs - this.#options.ageMaxMs;
      if (isOld || span.startMs > nowMs + futureMaxMs) {
        refused += 1;
        continue;
      }
      const trace = this.#traces.get(span.traceId) ?? new StoredTrace(span.traceId, nowMs);
      const { bytes, size } = trace;
      if (!trace.add(span)) refused += 1;
      this.#traces.set(span.traceId, trace);
      this.#bytes += trace.bytes - bytes;
      this.#spans += trace.size - size;
    }
    this.#refused += refused;
    this.#makeRoom(nowMs);
    return refused;
  }

  /** Newest first. */
  list(query: TraceQuery): TraceSummary[] {
    this.#makeRoom(this.#clock.wallMs());
    const found: StoredTrace[] = [];
    for (const trace of this.#traces.values()) if (fits(trace, query)) found.push(trace);
    return found
      .toSorted((a, b) => b.startMs - a.startMs)
      .slice(0, query.limit)
      .map((trace) => trace.summary());
  }

  /** `undefined`: not here, or no more. */
  trace(traceId: string): TraceDetail | undefined {
    const trace = this.#traces.get(traceId);
    return trace === undefined ? undefined : { ...trace.summary(), tree: treeOf(trace.spans) };
  }

  /** The whole id of the newest trace whose id begins so. */
  findByBeginning(begin: string): string | undefined {
    let newest: StoredTrace | undefined;
    for (const trace of this.#traces.values()) {
      if (trace.traceId.startsWith(begin) && (newest === undefined || trace.startMs > newest.startMs)) newest = trace;
    }
    return newest?.traceId;
  }

  /** The trace in which a span has this attribute, the newest; such as `holdfast.request.id`. */
  findByAttribute(key: string, value: string): string | undefined {
    let newest: StoredTrace | undefined;
    for (const trace of this.#traces.values()) {
      if (newest !== undefined && newest.startMs > trace.startMs) continue;
      if (trace.spans.some(({ attributes }) => attributes[key] === value)) newest = trace;
    }
    return newest?.traceId;
  }

  view(): TraceStoreView {
    const services = new Set<string>();
    let sinceMs = Number.POSITIVE_INFINITY;
    for (const trace of this.#traces.values()) {
      for (const name of trace.services) services.add(name);
      sinceMs = Math.min(sinceMs, trace.startMs);
    }
    return {
      traces: this.#traces.size,
      spans: this.#spans,
      bytes: this.#bytes,
      bytesMax: this.#options.bytesMax,
      since: sinceMs === Number.POSITIVE_INFINITY ? null : new Date(sinceMs).toISOString(),
      refused: this.#refused,
      letGo: this.#letGo,
      services: [...services].toSorted(),
    };
  }

  #makeRoom(nowMs: number): void {
    for (const [traceId, trace] of this.#traces) {
      const isOld = trace.arrivedAtMs < nowMs - this.#options.ageMaxMs;
      if (!isOld && this.#bytes <= this.#options.bytesMax) return;
      this.#traces.delete(traceId);
      this.#bytes -= trace.bytes;
      this.#spans -= trace.size;
      this.#letGo += 1;
    }
  }
}

function fits(trace: StoredTrace, query: TraceQuery): boolean {
  const { service, operation, minDurationMs = 0, errorsOnly = false, sinceMs = 0 } = query;
  if (trace.durationMs < minDurationMs || trace.startMs < sinceMs) return false;
  if (errorsOnly && trace.errors === 0) return false;
  if (service !== undefined) return trace.has(service, operation);
  return operation === undefined || trace.operation === operation;
}
