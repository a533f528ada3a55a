import type { Clock } from "@holdfast/kernel";
import type { Tags } from "../meters/tags.ts";
import type { MeterRegistry } from "../registry/meter-registry.ts";
import { pollValue } from "./polled.ts";

/** How many seconds ago something last went well; grows by itself until it does again. */
export class AgeGauge {
  readonly #clock: Pick<Clock, "wallMs">;
  readonly #end: () => void;
  #atMs: number;

  /** The age begins at 0. */
  constructor(clock: Pick<Clock, "wallMs">, meters: MeterRegistry, name: string, tags: Tags = {}) {
    this.#clock = clock;
    this.#atMs = clock.wallMs();
    this.#end = pollValue(meters, name, tags, () => (clock.wallMs() - this.#atMs) / 1_000);
  }

  /** It went well at this second of the epoch, or, with 0, right now. */
  set(epochSeconds: number): void {
    this.#atMs = epochSeconds === 0 ? this.#clock.wallMs() : epochSeconds * 1_000;
  }

  close(): void {
    this.#end();
  }
}
