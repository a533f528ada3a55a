import type { MetricStatistic } from "@holdfast/wire/autoscale";

/** One figure of a group over one whole period. */
export interface Datapoint {
  /** Wall ms at which the period ended. */
  readonly endMs: number;
  /** By the statistic that was asked for, over the instances that told a figure. */
  readonly value: number;
  /** So many instances told a figure; one that was there for half of the period is half an instance. */
  readonly reporting: number;
  /** So many instances took traffic, counted likewise; those that did not report are `inService - reporting`. */
  readonly inService: number;
}

/** Data points of consecutive periods, oldest first, the last one that of the latest whole period; `undefined`: no figure. */
export type Series = readonly (Datapoint | undefined)[];

export interface MetricQuery {
  /** The logical name of the service. */
  readonly service: string;
  readonly metric: string;
  readonly statistic: MetricStatistic;
  readonly periodMs: number;
  /** Wall ms at which the latest period ended: a whole multiple of `periodMs`. */
  readonly endMs: number;
  /** So many periods back from there. */
  readonly count: number;
}

/** Where the figures of a group come from. Answers at once, out of memory, and never throws: what it lacks is `undefined`. */
export interface MetricSource {
  read(query: MetricQuery): Series;
}

/** Data points that are lacking at the front count as missing. */
export function latest(series: Series, count: number): Series {
  if (series.length >= count) return series.slice(series.length - count);
  return [...Array.from({ length: count - series.length }, () => undefined), ...series];
}
