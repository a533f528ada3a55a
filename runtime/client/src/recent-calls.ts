import type { Clock } from "@holdfast/kernel";
import type { AttemptReport, CallReport } from "@holdfast/wire";

const keptMax = 50;

interface Kept {
  readonly endedAtMs: number;
  readonly startedAtMs: number;
  readonly method: string;
  readonly path: string;
  readonly outcome: string;
  readonly attempts: readonly AttemptReport[];
}

/** The last fifty calls that needed more than one try or failed. */
export class RecentCalls {
  readonly #kept: Kept[] = [];
  #next = 0;
  #clock: Clock | undefined;

  add(
    clock: Clock,
    { method, path }: { readonly method: string; readonly path: string },
    startedAtMs: number,
    outcome: string,
    attempts: readonly AttemptReport[],
  ): void {
    this.#clock = clock;
    this.#kept[this.#next] = { endedAtMs: clock.monotonicMs(), startedAtMs, method, path, outcome, attempts };
    this.#next = (this.#next + 1) % keptMax;
  }

  /** Latest last. Queries are left out: they may hold what is nobody else's business. */
  list(): CallReport[] {
    const clock = this.#clock;
    if (clock === undefined) return [];
    const offsetMs = clock.wallMs() - clock.monotonicMs();
    const inOrder = [...this.#kept.slice(this.#next), ...this.#kept.slice(0, this.#next)];
    return inOrder.map(({ startedAtMs, endedAtMs, method, path, outcome, attempts }) => ({
      at: new Date(startedAtMs + offsetMs).toISOString(),
      method,
      path: path.split("?", 1)[0] ?? path,
      tookMs: Math.round((endedAtMs - startedAtMs) * 10) / 10,
      outcome,
      attempts,
    }));
  }
}
