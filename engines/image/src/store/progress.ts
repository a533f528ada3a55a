import type { Clock } from "@holdfast/kernel";

const quietMs = 2_000;
const mib = 2 ** 20;

/** Says how far a piece of work is, but only of work that takes more than two seconds, and every two seconds then. */
export class Progress {
  readonly #clock: Clock;
  readonly #say: (line: string) => void;
  readonly #label: string;
  readonly #total: number;
  #saidAtMs: number;
  #bytes = 0;

  /** @param total bytes there are to do. */
  constructor(clock: Clock, say: (line: string) => void, label: string, total: number) {
    this.#clock = clock;
    this.#say = say;
    this.#label = label;
    this.#total = total;
    this.#saidAtMs = clock.monotonicMs();
  }

  add(bytes: number): void {
    this.#bytes += bytes;
    const nowMs = this.#clock.monotonicMs();
    if (nowMs - this.#saidAtMs < quietMs) return;
    this.#saidAtMs = nowMs;
    this.#say(`${this.#label}: ${Math.round(this.#bytes / mib)} of ${Math.round(this.#total / mib)} MiB`);
  }
}
