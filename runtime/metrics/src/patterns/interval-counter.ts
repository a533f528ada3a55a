import type { Clock } from "@holdfast/kernel";
import type { Counter } from "../meters/counter.ts";
import type { Tags } from "../meters/tags.ts";
import type { MeterRegistry } from "../registry/meter-registry.ts";
import { pollValue } from "./polled.ts";

/** A counter (`statistic=count`) that also tells how many seconds ago it last counted (`statistic=duration`). */
export class IntervalCounter {
  readonly #clock: Pick<Clock, "monotonicMs">;
  readonly #counter: Counter;
  readonly #end: () => void;
  #atMs: number;

  constructor(clock: Pick<Clock, "monotonicMs">, meters: MeterRegistry, name: string, tags: Tags = {}) {
    this.#clock = clock;
    this.#atMs = clock.monotonicMs();
    this.#counter = meters.counter(name, { ...tags, statistic: "count" });
    this.#end = pollValue(meters, name, { ...tags, statistic: "duration" }, () => this.secondsSinceLast);
  }

  increment(by = 1): void {
    this.#counter.increment(by);
    this.#atMs = this.#clock.monotonicMs();
  }

  get count(): number {
    return this.#counter.count;
  }

  /** Since it was made, while it has not counted. */
  get secondsSinceLast(): number {
    return (this.#clock.monotonicMs() - this.#atMs) / 1_000;
  }

  close(): void {
    this.#end();
  }
}
