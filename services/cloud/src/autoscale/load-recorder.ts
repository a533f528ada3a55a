import { historyMs, type LoadHistory } from "./forecast.ts";
import type { MetricSource } from "./metric-source.ts";

/** Five minutes: the load of a day is then 288 figures, and a rise is seen before it is over. */
export const loadSlotMs = 300_000;
const slotsMax = historyMs / loadSlotMs;

interface Recording {
  readonly service: string;
  readonly metric: string;
  /** Wall ms at which the last slot ended. */
  endMs: number;
  readonly demand: (number | undefined)[];
}

/** What is kept of one recording over a restart; `null`: not measured. */
export interface StoredLoad {
  readonly service: string;
  readonly metric: string;
  readonly endMs: number;
  readonly demand: readonly (number | null)[];
}

/** Keeps the load of groups for two weeks, slot by slot, for forecasts. Pure: told the time. */
export class LoadRecorder {
  readonly #source: MetricSource;
  readonly #metricDelayMs: number;
  readonly #recordings = new Map<string, Recording>();

  /** A period's figures are complete `metricDelayMs` after its end. */
  constructor(source: MetricSource, metricDelayMs: number, stored: readonly StoredLoad[] = []) {
    this.#source = source;
    this.#metricDelayMs = metricDelayMs;
    for (const { service, metric, endMs, demand } of stored) {
      const kept = demand.map((value) => value ?? undefined);
      this.#recordings.set(keyOf(service, metric), { service, metric, endMs, demand: kept });
    }
  }

  /** Takes in the slots that have ended since the last time. Slots nobody looked at for long are not measured. True: there were new ones. */
  sample(service: string, metric: string, nowMs: number): boolean {
    const endMs = Math.floor((nowMs - this.#metricDelayMs) / loadSlotMs) * loadSlotMs;
    const key = keyOf(service, metric);
    const known = this.#recordings.get(key);
    if (known !== undefined && endMs <= known.endMs) return false;
    const count = known === undefined ? 1 : Math.min(slotsMax, (endMs - known.endMs) / loadSlotMs);
    const series = this.#source.read({ service, metric, statistic: "Average", periodMs: loadSlotMs, endMs, count });
    const recording = known ?? { service, metric, endMs, demand: [] };
    recording.endMs = endMs;
    for (const point of series) recording.demand.push(point && point.value * point.inService);
    if (recording.demand.length > slotsMax) recording.demand.splice(0, recording.demand.length - slotsMax);
    this.#recordings.set(key, recording);
    return true;
  }

  history(service: string, metric: string): LoadHistory | undefined {
    const known = this.#recordings.get(keyOf(service, metric));
    return known && { slotMs: loadSlotMs, endMs: known.endMs, demand: known.demand };
  }

  /** Takes a recording in place of what is there: a load that was measured elsewhere. */
  put(service: string, metric: string, history: Omit<LoadHistory, "slotMs">): void {
    const demand = history.demand.slice(-slotsMax);
    this.#recordings.set(keyOf(service, metric), { service, metric, endMs: history.endMs, demand });
  }

  /** All there is, to be kept; of services that `isWanted` no longer, nothing. */
  stored(isWanted: (service: string, metric: string) => boolean): StoredLoad[] {
    return [...this.#recordings.values()]
      .filter(({ service, metric }) => isWanted(service, metric))
      .map(({ service, metric, endMs, demand }) => ({ service, metric, endMs, demand: demand.map(rounded) }));
  }
}

function keyOf(service: string, metric: string): string {
  return `${service} ${metric}`;
}

/** Four digits: a forecast is not better than that, and two weeks of them are kept on disk. */
function rounded(value: number | undefined): number | null {
  return value === undefined ? null : Number(value.toPrecision(4));
}
