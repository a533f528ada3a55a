import type { Datapoint, MetricQuery, MetricSource, Series } from "./metric-source.ts";
import type { ScalingHistory } from "./scaling-history.ts";

export interface PlantOptions {
  /** The whole load at a wall time, in units of the metric: one instance alone would show this figure. */
  readonly load: (wallMs: number) => number;
  /** From launch until in service. */
  readonly startupMs: number;
  /** An instance shows at most this: a processor has 100 %. */
  readonly saturation: number;
  /** Multiplies each figure that is measured; 1: exact. */
  readonly noise: () => number;
  /** False while figures get lost. Absent: never. */
  readonly isMeasured?: (wallMs: number) => boolean;
}

interface Bucket {
  sum: number;
  instances: number;
  count: number;
}

/**
 * A server group as numbers: instances that take a while to come, share a load evenly, and are measured. What `plan` replays a
 * recorded load on, and what tests steer. Time only goes forward.
 */
export class Plant implements MetricSource {
  readonly #options: PlantOptions;
  readonly #tickMs: number;
  /** When each instance that was launched comes into service; wall ms. */
  #readyAtMs: number[];
  readonly #buckets = new Map<number, Bucket>();

  /** `tickMs` is how often {@link step} is called; periods must be whole multiples of it. */
  constructor(options: PlantOptions, tickMs: number, instances: number) {
    this.#options = options;
    this.#tickMs = tickMs;
    this.#readyAtMs = Array.from({ length: instances }, () => Number.NEGATIVE_INFINITY);
  }

  inService(wallMs: number): number {
    return this.#readyAtMs.filter((readyAtMs) => readyAtMs <= wallMs).length;
  }

  /** Makes the group this large; the youngest go first. */
  resize(desired: number, wallMs: number): void {
    while (this.#readyAtMs.length < desired) this.#readyAtMs.push(wallMs + this.#options.startupMs);
    this.#readyAtMs.length = desired;
  }

  /** Measures one tick that begins at `wallMs`. Gives the load per instance, unbounded: over the target is too few. */
  step(wallMs: number, history?: ScalingHistory): { readonly load: number; readonly inService: number } {
    const inService = this.inService(wallMs);
    history?.observe(this.#readyAtMs.length, inService, wallMs);
    const load = this.#options.load(wallMs);
    if (inService === 0 || this.#options.isMeasured?.(wallMs) === false) return { load, inService };
    const shown = Math.min(this.#options.saturation, load / inService) * this.#options.noise();
    const key = Math.floor(wallMs / this.#tickMs);
    this.#buckets.set(key, { sum: shown, instances: inService, count: 1 });
    // A day is more than any policy looks back.
    this.#buckets.delete(key - Math.ceil((24 * 3_600_000) / this.#tickMs));
    return { load, inService };
  }

  read(query: MetricQuery): Series {
    return Array.from({ length: query.count }, (_, index) =>
      this.#point(query.endMs - (query.count - 1 - index) * query.periodMs, query.periodMs),
    );
  }

  #point(endMs: number, periodMs: number): Datapoint | undefined {
    const last = Math.floor((endMs - 1) / this.#tickMs);
    const total: Bucket = { sum: 0, instances: 0, count: 0 };
    for (let key = Math.floor((endMs - periodMs) / this.#tickMs); key <= last; key++) {
      const bucket = this.#buckets.get(key);
      if (bucket === undefined) continue;
      total.sum += bucket.sum * bucket.instances;
      total.instances += bucket.instances;
      total.count++;
    }
    if (total.count === 0) return undefined;
    // Whole instances, those that were there most of the time; the value is such that both together are the demand.
    const inService = Math.max(1, Math.round(total.instances / total.count));
    return { endMs, value: total.sum / total.count / inService, reporting: inService, inService };
  }
}
