import type { Clock } from "@holdfast/kernel";
import type { Tags } from "../meters/tags.ts";
import type { MeterRegistry } from "../registry/meter-registry.ts";
import { pollValue } from "./polled.ts";

/** A task under way; {@link LongTask.stop} gives how long it took in ms, and 0 the second time. */
export interface LongTask {
  stop(): number;
}

/**
 * Tasks that take longer than a step and would show in a timer only when they are over: how many are under way
 * (`statistic=activeTasks`) and the seconds they have taken so far, together (`statistic=duration`).
 */
export class LongTaskTimer {
  readonly #clock: Pick<Clock, "monotonicMs">;
  readonly #startedAtMs = new Map<LongTask, number>();
  readonly #ends: readonly (() => void)[];

  constructor(clock: Pick<Clock, "monotonicMs">, meters: MeterRegistry, name: string, tags: Tags = {}) {
    this.#clock = clock;
    this.#ends = [
      pollValue(meters, name, { ...tags, statistic: "activeTasks" }, () => this.activeTasks),
      pollValue(meters, name, { ...tags, statistic: "duration" }, () => this.durationMs / 1_000),
    ];
  }

  start(): LongTask {
    const task: LongTask = { stop: () => this.#stop(task) };
    this.#startedAtMs.set(task, this.#clock.monotonicMs());
    return task;
  }

  get activeTasks(): number {
    return this.#startedAtMs.size;
  }

  /** What all tasks under way have taken so far, together. */
  get durationMs(): number {
    const nowMs = this.#clock.monotonicMs();
    let sum = 0;
    for (const atMs of this.#startedAtMs.values()) sum += nowMs - atMs;
    return sum;
  }

  close(): void {
    for (const end of this.#ends) end();
  }

  #stop(task: LongTask): number {
    const atMs = this.#startedAtMs.get(task);
    this.#startedAtMs.delete(task);
    return atMs === undefined ? 0 : this.#clock.monotonicMs() - atMs;
  }
}
