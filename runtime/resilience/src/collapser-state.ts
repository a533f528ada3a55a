import { LatencyWindow } from "./latency-window.ts";
import type { LiveProperties } from "./live-properties.ts";
import type { CollapserProperties } from "./properties.ts";
import { RollingCounts } from "./rolling-counts.ts";

/** Places of a collapser's events in its counters (`HystrixEventType.Collapser`). */
export const Collapsed = { ADDED_TO_BATCH: 0, BATCH_EXECUTED: 1, RESPONSE_FROM_CACHE: 2 } as const;

/** What lives on of a collapser from batch to batch. */
export class CollapserState {
  readonly key: string;
  readonly group: string;
  /** Hystrix's defaults: 10 s in 10. */
  readonly counts = new RollingCounts(10_000, 10, 3);
  /** How many questions each batch had, over a minute. */
  readonly sizes = new LatencyWindow(60_000, 6);
  stale = false;
  readonly #live: LiveProperties<CollapserProperties>;

  constructor(key: string, group: string, live: LiveProperties<CollapserProperties>) {
    this.key = key;
    this.group = group;
    this.#live = live;
  }

  get properties(): CollapserProperties {
    if (this.stale) {
      this.stale = false;
      this.#live.refresh();
    }
    return this.#live.values;
  }
}
