import type { TraceSummary } from "@holdfast/wire";
import type { StoredSpan } from "./stored-span.ts";

/** More of one trace are refused: a program that never ends its trace must not push all others out. */
const spansMax = 2_000;

/** The spans of one trace that have come so far, in any order. */
export class StoredTrace {
  readonly traceId: string;
  /** Wall ms when its first span came. */
  readonly arrivedAtMs: number;
  /** By service and span: an exporter that was not answered sends twice. */
  readonly #spans = new Map<string, StoredSpan>();
  readonly #services = new Map<string, { spans: number; errors: number }>();
  #first: StoredSpan | undefined;
  #startMs = Number.POSITIVE_INFINITY;
  #endMs = 0;
  #kept: TraceSummary["kept"] = "sampled";
  bytes = 0;
  errors = 0;

  constructor(traceId: string, arrivedAtMs: number) {
    this.traceId = traceId;
    this.arrivedAtMs = arrivedAtMs;
  }

  get size(): number {
    return this.#spans.size;
  }

  get startMs(): number {
    return this.#startMs;
  }

  /** What was asked first. */
  get operation(): string {
    return this.#first?.name ?? "";
  }

  get services(): Iterable<string> {
    return this.#services.keys();
  }

  get durationMs(): number {
    return Math.max(0, this.#endMs - this.#startMs);
  }

  get spans(): readonly StoredSpan[] {
    return [...this.#spans.values()];
  }

  /** `false` when there are too many; true also for one that is there already. */
  add(span: StoredSpan): boolean {
    const { service } = span.origin;
    const key = `${service}\n${span.spanId}`;
    if (this.#spans.has(key)) return true;
    if (this.#spans.size >= spansMax) return false;
    this.#spans.set(key, span);
    this.bytes += span.bytes;
    const counts = this.#services.get(service) ?? { spans: 0, errors: 0 };
    this.#services.set(service, counts);
    counts.spans += 1;
    if (span.error) {
      counts.errors += 1;
      this.errors += 1;
    }
    if (isBefore(span, this.#first)) this.#first = span;
    this.#startMs = Math.min(this.#startMs, span.startMs);
    this.#endMs = Math.max(this.#endMs, span.startMs + span.durationMs);
    const kept = span.attributes["holdfast.kept"];
    if (kept === "error" || (kept === "slow" && this.#kept === "sampled")) this.#kept = kept;
    return true;
  }

  has(service: string, operation: string | undefined): boolean {
    if (!this.#services.has(service)) return false;
    if (operation === undefined) return true;
    for (const { origin, name } of this.#spans.values()) {
      if (origin.service === service && name === operation) return true;
    }
    return false;
  }

  summary(): TraceSummary {
    const services = Array.from(this.#services, ([name, counts]) => ({ name, ...counts }));
    return {
      traceId: this.traceId,
      operation: this.operation,
      service: this.#first?.origin.service ?? "",
      startedAt: new Date(this.#startMs).toISOString(),
      durationMs: rounded(this.durationMs),
      spans: this.#spans.size,
      errors: this.errors,
      services: services.toSorted((a, b) => b.spans - a.spans || (a.name < b.name ? -1 : 1)),
      kept: this.#kept,
    };
  }
}

/** The one without a parent, else the earliest. */
function isBefore(span: StoredSpan, first: StoredSpan | undefined): boolean {
  if (first === undefined) return true;
  const isRoot = span.parentSpanId === "";
  if (isRoot !== (first.parentSpanId === "")) return isRoot;
  return span.startMs < first.startMs;
}

export function rounded(ms: number): number {
  return Math.round(ms * 1_000) / 1_000;
}
