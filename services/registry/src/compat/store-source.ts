import type { EurekaInstance } from "@holdfast/wire/eureka";
import type { PieceSource } from "./piece-source.ts";
import type { EurekaStore, Held } from "./store.ts";

/** All that a registry holds. */
export class StoreSource implements PieceSource {
  readonly #store: EurekaStore;
  readonly #toEureka: (held: Held) => EurekaInstance;

  readonly #hashcode: () => string;

  /** `hashcode`: of all that it holds. */
  constructor(store: EurekaStore, toEureka: (held: Held) => EurekaInstance, hashcode: () => string) {
    this.#store = store;
    this.#toEureka = toEureka;
    this.#hashcode = hashcode;
  }

  apps(): readonly string[] {
    return this.#store.apps();
  }

  *ids(app: string): Generator<string> {
    for (const { record } of this.#store.list(app)) yield record.id;
  }

  has(app: string, id: string): boolean {
    return this.#store.get(app, id) !== undefined;
  }

  find(app: string, id: string): EurekaInstance | undefined {
    const held = this.#store.find(app, id);
    return held === undefined ? undefined : this.#toEureka(held);
  }

  hashcode(): string {
    return this.#hashcode();
  }

  /** Netflix numbers deltas only. */
  number(): number {
    return 1;
  }

  onChange(watcher: (app: string, id: string) => void): () => void {
    return this.#store.onChange(({ app, id }) => watcher(app, id));
  }
}
