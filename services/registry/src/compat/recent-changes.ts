import type { Clock, Timer } from "@holdfast/kernel";
import type { EurekaInstance } from "@holdfast/wire/eureka";
import type { PieceSource } from "./piece-source.ts";
import type { EurekaStore, Held, StoreChange } from "./store.ts";

/** `retentionTimeInMSInDeltaQueue`, `deltaRetentionTimerIntervalInMs`. */
const [retentionMs, sweepMs] = [180_000, 30_000];

interface Recent {
  readonly app: string;
  readonly id: string;
  /** As it was when it went; absent when it is still there. */
  readonly gone: EurekaInstance | undefined;
  readonly atMs: number;
}

/**
 * What has changed in the last three minutes, the last word on each instance: the content of `GET apps/delta`. Reading it
 * takes nothing away, so any number of clients may, at any time.
 */
export class RecentChanges implements PieceSource {
  readonly #clock: Clock;
  readonly #store: EurekaStore;
  readonly #toEureka: (held: Held) => EurekaInstance;
  readonly #hashcode: () => string;
  /** Oldest first. */
  readonly #changes = new Map<string, Recent>();
  readonly #byApp = new Map<string, Map<string, Recent>>();
  readonly #watchers = new Set<(app: string, id: string) => void>();
  readonly #stop: () => void;
  readonly #sweep: Timer;
  #count = 0;
  #numbered = { changes: -1, number: 0 };

  /** `hashcode`: of the whole registry, which every delta carries. */
  constructor(clock: Clock, store: EurekaStore, toEureka: (held: Held) => EurekaInstance, hashcode: () => string) {
    this.#clock = clock;
    this.#store = store;
    this.#toEureka = toEureka;
    this.#hashcode = hashcode;
    this.#stop = store.onChange((change) => this.#add(change));
    this.#sweep = clock.every(sweepMs, () => this.#drop());
  }

  apps(): readonly string[] {
    return [...this.#byApp.keys()].sort();
  }

  get size(): number {
    return this.#changes.size;
  }

  /** The number of the next delta, from 1: another one only when the content is another than with the last. */
  number(): number {
    if (this.#numbered.changes !== this.#count) {
      this.#numbered = { changes: this.#count, number: this.#numbered.number + 1 };
    }
    return this.#numbered.number;
  }

  /** Oldest change first. */
  instances(): EurekaInstance[] {
    const instances: EurekaInstance[] = [];
    for (const { app, id } of this.#changes.values()) {
      const instance = this.find(app, id);
      if (instance !== undefined) instances.push(instance);
    }
    return instances;
  }

  ids(app: string): Iterable<string> {
    return this.#byApp.get(app)?.keys() ?? [];
  }

  has(app: string, id: string): boolean {
    return this.#byApp.get(app)?.has(id) === true;
  }

  find(app: string, id: string): EurekaInstance | undefined {
    const recent = this.#byApp.get(app)?.get(id);
    if (recent === undefined || recent.gone !== undefined) return recent?.gone;
    const held = this.#store.find(app, id);
    return held === undefined ? undefined : this.#toEureka(held);
  }

  hashcode(): string {
    return this.#hashcode();
  }

  onChange(watcher: (app: string, id: string) => void): () => void {
    this.#watchers.add(watcher);
    return () => void this.#watchers.delete(watcher);
  }

  close(): void {
    this.#stop();
    this.#sweep.cancel();
  }

  #add({ app, id, held, before }: StoreChange): void {
    if (held === undefined && before === undefined) return;
    const gone =
      held === undefined && before !== undefined
        ? { ...this.#toEureka(before), actionType: "DELETED" as const }
        : undefined;
    const recent: Recent = { app, id, gone, atMs: this.#clock.monotonicMs() };
    const key = `${app}/${id}`;
    this.#changes.delete(key);
    this.#changes.set(key, recent);
    const siblings = this.#byApp.get(app);
    if (siblings === undefined) this.#byApp.set(app, new Map([[id, recent]]));
    else siblings.set(id, recent);
    this.#count += 1;
    for (const watcher of this.#watchers) watcher(app, id);
  }

  #drop(): void {
    const nowMs = this.#clock.monotonicMs();
    for (const [key, { app, id, atMs }] of this.#changes) {
      // In order of time: the first that is young enough ends the search.
      if (nowMs - atMs <= retentionMs) return;
      this.#changes.delete(key);
      const siblings = this.#byApp.get(app);
      siblings?.delete(id);
      if (siblings?.size === 0) this.#byApp.delete(app);
      this.#count += 1;
      for (const watcher of this.#watchers) watcher(app, id);
    }
  }
}
