import type { Datapoint, MetricQuery, MetricSource } from "@holdfast/cloud-server";
import type { InstanceFigures } from "@holdfast/insight-server";
import type { MetricPoint } from "@holdfast/wire/control";

/** Insight looks each ten seconds, give or take one, and a second for the answer: then a period's figures are complete. */
export const metricDelayMs = 12_000;

const minuteMs = 60_000;

export interface FiguresParts {
  readonly figures: InstanceFigures;
  /** Minutes of a service since a wall time, for latencies, which cannot be told apart by instance. */
  readonly minutes: (service: string, sinceMs: number) => readonly MetricPoint[];
  /** The instances of the group that is scaled, out of all with figures. */
  readonly membersOf: (service: string, known: Iterable<string>) => readonly string[];
}

/** What insight measured, in the words of scaling policies. */
export class GroupFigures implements MetricSource {
  readonly #parts: FiguresParts;

  constructor(parts: FiguresParts) {
    this.#parts = parts;
  }

  read(query: MetricQuery): (Datapoint | undefined)[] {
    const { figures, membersOf } = this.#parts;
    const members = membersOf(query.service, figures.known());
    return Array.from({ length: query.count }, (_, index) =>
      this.#point(query, members, query.endMs - (query.count - 1 - index) * query.periodMs),
    );
  }

  /** An instance that was there for a part of the period counts for that part: value times instances is then the whole load. */
  #point(query: MetricQuery, members: readonly string[], endMs: number): Datapoint | undefined {
    const startMs = endMs - query.periodMs;
    const shares: Share[] = [];
    let reporting = 0;
    let inService = 0;
    for (const id of members) {
      const present = this.#parts.figures.presence(id, startMs, endMs);
      if (present === undefined) continue;
      const share = (present.toMs - present.fromMs) / query.periodMs;
      inService += share;
      const value = this.#figure(id, query.metric, present.fromMs, present.toMs);
      if (value === undefined) continue;
      reporting += share;
      shares.push({ value, share });
    }
    if (query.metric === "LatencyP50" || query.metric === "LatencyP99") {
      const value = this.#latency(query, startMs, endMs);
      return value === undefined ? undefined : { endMs, value, reporting: inService, inService };
    }
    return reporting === 0 ? undefined : { endMs, value: together(shares, query.statistic), reporting, inService };
  }

  #figure(instance: string, metric: string, fromMs: number, endMs: number): number | undefined {
    const { figures } = this.#parts;
    switch (metric) {
      case "ASGAverageCPUUtilization":
        return figures.figure(instance, "cpuPercent", fromMs, endMs);
      case "RequestsPerSecond":
        return figures.figure(instance, "requestsPerSecond", fromMs, endMs);
      case "ALBRequestCountPerTarget": {
        const perSecond = figures.figure(instance, "requestsPerSecond", fromMs, endMs);
        return perSecond === undefined ? undefined : perSecond * 60;
      }
      case "ErrorPercent":
        return figures.figure(instance, "errorPercent", fromMs, endMs);
      case "LatencyP50":
      case "LatencyP99":
        return undefined;
      default:
        return figures.meter(instance, metric, fromMs, endMs);
    }
  }

  /** The worst of the minutes that the period touches: percentiles have no average. */
  #latency({ service, metric }: MetricQuery, fromMs: number, endMs: number): number | undefined {
    const firstMs = Math.floor(fromMs / minuteMs) * minuteMs;
    let worst: number | undefined;
    for (const point of this.#parts.minutes(service, firstMs)) {
      const startMs = Date.parse(point.at);
      if (startMs < firstMs || startMs >= endMs) continue;
      const value = metric === "LatencyP50" ? point.p50Ms : point.p99Ms;
      if (value !== null) worst = Math.max(worst ?? value, value);
    }
    return worst;
  }
}

interface Share {
  readonly value: number;
  /** Of the period that the instance was there. */
  readonly share: number;
}

function together(shares: readonly Share[], statistic: MetricQuery["statistic"]): number {
  const values = shares.map(({ value }) => value);
  if (statistic === "Minimum") return Math.min(...values);
  if (statistic === "Maximum") return Math.max(...values);
  const sum = shares.reduce((total, { value, share }) => total + value * share, 0);
  return statistic === "Sum" ? sum : sum / shares.reduce((total, { share }) => total + share, 0);
}
