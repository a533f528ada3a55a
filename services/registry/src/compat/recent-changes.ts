import type { Clock, Timer } from "@holdfast/kernel";
import type { EurekaInstance } from "@holdfast/wire/eureka";
import type { EurekaStore, Held, StoreChange } from "./store.ts";

/** `retentionTimeInMSInDeltaQueue`, `deltaRetentionTimerIntervalInMs`. */
const [retentionMs, sweepMs] = [180_000, 30_000];

/**
 * What has changed in the last three minutes, the last word on each instance: the content of `GET apps/delta`. Reading it
 * takes nothing away, so any number of clients may, at any time.
 */
export class RecentChanges {
  readonly #clock: Clock;
  readonly #toEureka: (held: Held) => EurekaInstance;
  readonly #changes = new Map<string, { readonly instance: EurekaInstance; readonly atMs: number }>();
  readonly #stop: () => void;
  readonly #sweep: Timer;
  #version = 0;

  constructor(clock: Clock, store: EurekaStore, toEureka: (held: Held) => EurekaInstance) {
    this.#clock = clock;
    this.#toEureka = toEureka;
    this.#stop = store.onChange((change) => this.#add(change));
    this.#sweep = clock.every(sweepMs, () => this.#drop());
  }

  /** Goes up whenever the content changes. */
  get version(): number {
    return this.#version;
  }

  /** Oldest change first. */
  *list(): Generator<EurekaInstance> {
    for (const { instance } of this.#changes.values()) yield instance;
  }

  close(): void {
    this.#stop();
    this.#sweep.cancel();
  }

  #add({ app, id, held, before }: StoreChange): void {
    const key = `${app}/${id}`;
    const gone = before === undefined ? undefined : { ...this.#toEureka(before), actionType: "DELETED" as const };
    const instance = held === undefined ? gone : this.#toEureka(held);
    if (instance === undefined) return;
    this.#version += 1;
    this.#changes.delete(key);
    this.#changes.set(key, { instance, atMs: this.#clock.monotonicMs() });
  }

  #drop(): void {
    const nowMs = this.#clock.monotonicMs();
    for (const [key, { atMs }] of this.#changes) {
      // In order of time: the first that is young enough ends the search.
      if (nowMs - atMs <= retentionMs) return;
      this.#changes.delete(key);
      this.#version += 1;
    }
  }
}
