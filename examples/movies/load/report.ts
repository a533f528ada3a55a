import { createHistogram } from "node:perf_hooks";

/** How one request ended. */
export interface Outcome {
  readonly method: string;
  readonly path: string;
  /** Intended send time, from the start of the run. */
  readonly atMs: number;
  /** From the intended send time to the last byte. */
  readonly ms: number;
  /** Why it counts as failed; `undefined` when it does not. */
  readonly failure: string | undefined;
}

export interface Summary {
  readonly sent: number;
  readonly succeeded: number;
  readonly failed: number;
  readonly successPercent: number;
  /** Of all requests, failed ones included. */
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
  readonly posts: { readonly sent: number; readonly succeeded: number };
  /** By kind, with the first few examples. */
  readonly failures: readonly { readonly kind: string; readonly count: number; readonly examples: readonly string[] }[];
}

const examplesMax = 3;
/** More kinds than this are told apart no further: memory stays bounded whatever the answers say. */
const kindsMax = 50;

/** Adds outcomes up, in bounded memory: latencies go into a histogram (HdrHistogram, exact to three digits). */
export class Report {
  readonly #microseconds = createHistogram({ lowest: 1, highest: 60_000_000, figures: 3 });
  readonly #failures = new Map<string, { count: number; examples: string[] }>();
  readonly #posts = { sent: 0, succeeded: 0 };
  #sent = 0;
  #failed = 0;

  add(outcome: Outcome): void {
    this.#sent += 1;
    this.#microseconds.record(Math.min(60_000_000, Math.max(1, Math.round(outcome.ms * 1_000))));
    if (outcome.method === "POST") {
      this.#posts.sent += 1;
      if (outcome.failure === undefined) this.#posts.succeeded += 1;
    }
    if (outcome.failure !== undefined) this.#addFailure(outcome, outcome.failure);
  }

  get sent(): number {
    return this.#sent;
  }

  summary(): Summary {
    const sent = this.#sent;
    return {
      sent,
      succeeded: sent - this.#failed,
      failed: this.#failed,
      successPercent: sent === 0 ? 0 : (100 * (sent - this.#failed)) / sent,
      p50Ms: this.#percentile(50),
      p99Ms: this.#percentile(99),
      maxMs: sent === 0 ? 0 : milliseconds(this.#microseconds.max),
      posts: { ...this.#posts },
      failures: Array.from(this.#failures, ([kind, { count, examples }]) => ({ kind, count, examples })),
    };
  }

  #percentile(percent: number): number {
    return this.#sent === 0 ? 0 : milliseconds(this.#microseconds.percentile(percent));
  }

  #addFailure(outcome: Outcome, failure: string): void {
    this.#failed += 1;
    const kind = this.#failures.has(failure) || this.#failures.size < kindsMax ? failure : "other";
    const known = this.#failures.get(kind) ?? { count: 0, examples: [] };
    known.count += 1;
    if (known.examples.length < examplesMax) known.examples.push(exampleOf(outcome));
    this.#failures.set(kind, known);
  }
}

function exampleOf({ method, path, atMs, ms }: Outcome): string {
  return `${method} ${path} at ${(atMs / 1_000).toFixed(1)} s, after ${Math.round(ms)} ms`;
}

/** To a tenth. */
function milliseconds(microseconds: number): number {
  return Math.round(microseconds / 100) / 10;
}
