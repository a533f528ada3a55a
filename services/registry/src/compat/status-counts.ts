import { hashcodeOfCounts } from "@holdfast/wire/eureka";
import type { EurekaStore } from "./store.ts";

/** How many instances of each status a registry holds, kept up to date by changes: its `apps__hashcode` at any time. */
export class StatusCounts {
  readonly #counts = new Map<string, number>();
  readonly #stop: () => void;

  constructor(store: EurekaStore) {
    for (const held of store.list()) this.#count(held.status, 1);
    this.#stop = store.onChange(({ before, held }) => {
      if (before !== undefined) this.#count(before.status, -1);
      if (held !== undefined) this.#count(held.status, 1);
    });
  }

  hashcode(): string {
    return hashcodeOfCounts(this.#counts);
  }

  close(): void {
    this.#stop();
  }

  #count(status: string, by: number): void {
    this.#counts.set(status, (this.#counts.get(status) ?? 0) + by);
  }
}
