/** How one request ended. */
export interface Outcome {
  readonly method: string;
  readonly path: string;
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
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
  /** By kind, with the first few examples. */
  readonly failures: readonly { readonly kind: string; readonly count: number; readonly examples: readonly string[] }[];
}

const examplesMax = 3;

/** Adds outcomes up. */
export class Report {
  readonly #ms: number[] = [];
  readonly #failures = new Map<string, { count: number; examples: string[] }>();
  #failed = 0;

  add(outcome: Outcome): void {
    this.#ms.push(outcome.ms);
    if (outcome.failure === undefined) return;
    this.#failed += 1;
    const known = this.#failures.get(outcome.failure) ?? { count: 0, examples: [] };
    known.count += 1;
    if (known.examples.length < examplesMax)
      known.examples.push(`${outcome.method} ${outcome.path} after ${Math.round(outcome.ms)} ms`);
    this.#failures.set(outcome.failure, known);
  }

  summary(): Summary {
    const sorted = this.#ms.toSorted((a, b) => a - b);
    const sent = sorted.length;
    return {
      sent,
      succeeded: sent - this.#failed,
      failed: this.#failed,
      successPercent: sent === 0 ? 0 : (100 * (sent - this.#failed)) / sent,
      p50Ms: round(at(sorted, 0.5)),
      p99Ms: round(at(sorted, 0.99)),
      maxMs: round(sorted.at(-1) ?? 0),
      failures: Array.from(this.#failures, ([kind, { count, examples }]) => ({ kind, count, examples })),
    };
  }
}

function at(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
}

function round(ms: number): number {
  return Math.round(ms * 10) / 10;
}
