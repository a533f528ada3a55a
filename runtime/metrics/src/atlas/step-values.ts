import { Counter } from "../meters/counter.ts";
import { Distribution } from "../meters/distribution.ts";
import { Gauge } from "../meters/gauge.ts";
import { MaxGauge } from "../meters/max-gauge.ts";
import type { Meter } from "../meters/meter.ts";
import { PercentileDistributionSummary } from "../meters/percentile-summary.ts";
import { PercentileTimer } from "../meters/percentile-timer.ts";
import type { Tags } from "../meters/tags.ts";
import { Timer } from "../meters/timer.ts";
import { atlasTags } from "./atlas-tags.ts";

type Emit = (tags: Readonly<Record<string, string>>, value: number) => void;
type AtlasTags = Readonly<Record<string, string>>;

const msPerSecond = 1_000;

/**
 * What one meter did since it was asked last, as the series that Spectator publishes: counts as rates per second
 * (`atlas.dstype=rate`), times in seconds. What did not happen is not said: neither rates of 0 nor gauges without a value.
 */
export interface StepValues {
  /** `seconds`: the length of the step. Without `emit`, what happened so far is let pass. */
  take(seconds: number, emit: Emit | undefined): void;
}

/** `undefined` for a meter that is published by nobody. */
export function stepValuesOf(name: string, tags: Tags, meter: Meter): StepValues | undefined {
  const fixed = atlasTags(name, tags);
  if (meter instanceof Counter) return new CounterValues(fixed, meter);
  if (meter instanceof Gauge) return new GaugeValues(fixed, meter);
  if (meter instanceof MaxGauge) return new MaxGaugeValues(fixed, meter);
  return meter instanceof Distribution ? new DistributionValues(fixed, meter) : undefined;
}

/** A tag `statistic` of the user's own stays, as in Spectator. */
function withDefault(tags: AtlasTags, statistic: string, dstype: "rate" | "gauge"): AtlasTags {
  return { statistic, ...tags, "atlas.dstype": dstype };
}

function withStatistic(tags: AtlasTags, statistic: string, dstype: "rate" | "gauge"): AtlasTags {
  return { ...tags, statistic, "atlas.dstype": dstype };
}

class CounterValues implements StepValues {
  readonly #tags: AtlasTags;
  readonly #counter: Counter;
  #before = 0;

  constructor(tags: AtlasTags, counter: Counter) {
    this.#tags = withDefault(tags, "count", "rate");
    this.#counter = counter;
  }

  take(seconds: number, emit: Emit | undefined): void {
    const more = this.#counter.count - this.#before;
    this.#before = this.#counter.count;
    if (more > 0) emit?.(this.#tags, more / seconds);
  }
}

class GaugeValues implements StepValues {
  readonly #tags: AtlasTags;
  readonly #gauge: Gauge;

  constructor(tags: AtlasTags, gauge: Gauge) {
    this.#tags = withDefault(tags, "gauge", "gauge");
    this.#gauge = gauge;
  }

  take(_seconds: number, emit: Emit | undefined): void {
    if (Number.isFinite(this.#gauge.value)) emit?.(this.#tags, this.#gauge.value);
  }
}

class MaxGaugeValues implements StepValues {
  readonly #tags: AtlasTags;
  readonly #gauge: MaxGauge;

  constructor(tags: AtlasTags, gauge: MaxGauge) {
    this.#tags = withDefault(tags, "max", "gauge");
    this.#gauge = gauge;
  }

  take(_seconds: number, emit: Emit | undefined): void {
    const largest = this.#gauge.recent.takeStep();
    if (Number.isFinite(largest)) emit?.(this.#tags, largest);
  }
}

class DistributionValues implements StepValues {
  readonly #meter: Distribution;
  readonly #unit: number;
  readonly #count: AtlasTags;
  readonly #total: AtlasTags;
  readonly #squares: AtlasTags;
  readonly #max: AtlasTags;
  readonly #percentiles: PercentileValues | undefined;
  #countBefore = 0;
  #totalBefore = 0;
  #squaresBefore = 0;

  constructor(tags: AtlasTags, meter: Distribution) {
    const isTimer = meter instanceof Timer || meter instanceof PercentileTimer;
    this.#meter = meter;
    this.#unit = isTimer ? msPerSecond : 1;
    this.#count = withStatistic(tags, "count", "rate");
    this.#total = withStatistic(tags, isTimer ? "totalTime" : "totalAmount", "rate");
    this.#squares = withStatistic(tags, "totalOfSquares", "rate");
    this.#max = withStatistic(tags, "max", "gauge");
    if (meter instanceof PercentileTimer || meter instanceof PercentileDistributionSummary) {
      this.#percentiles = new PercentileValues(tags, isTimer ? "T" : "D", meter.buckets);
    }
  }

  take(seconds: number, emit: Emit | undefined): void {
    const { count, total, totalOfSquares, recent } = this.#meter;
    const moreCount = count - this.#countBefore;
    const moreTotal = total - this.#totalBefore;
    const moreSquares = totalOfSquares - this.#squaresBefore;
    this.#countBefore = count;
    this.#totalBefore = total;
    this.#squaresBefore = totalOfSquares;
    const largest = recent.takeStep();
    if (moreCount === 0) return;
    emit?.(this.#count, moreCount / seconds);
    if (moreTotal > 0) emit?.(this.#total, moreTotal / this.#unit / seconds);
    if (moreSquares > 0) emit?.(this.#squares, moreSquares / (this.#unit * this.#unit) / seconds);
    if (largest >= 0) emit?.(this.#max, largest / this.#unit);
    this.#percentiles?.take(seconds, emit);
  }
}

class PercentileValues {
  readonly #tags: AtlasTags;
  readonly #letter: "T" | "D";
  readonly #counts: Float64Array;
  readonly #before: Float64Array;
  readonly #bucketTags: (AtlasTags | undefined)[] = [];

  constructor(tags: AtlasTags, letter: "T" | "D", counts: Float64Array) {
    this.#tags = tags;
    this.#letter = letter;
    this.#counts = counts;
    this.#before = new Float64Array(counts.length);
  }

  take(seconds: number, emit: Emit | undefined): void {
    for (let index = 0; index < this.#counts.length; index++) {
      const more = (this.#counts[index] ?? 0) - (this.#before[index] ?? 0);
      if (more > 0) emit?.((this.#bucketTags[index] ??= this.#tagsOf(index)), more / seconds);
    }
    this.#before.set(this.#counts);
  }

  /** `T00C8`: the index of the bucket in upper-case hexadecimal. */
  #tagsOf(index: number): AtlasTags {
    const percentile = this.#letter + index.toString(16).toUpperCase().padStart(4, "0");
    return { ...this.#tags, statistic: "percentile", percentile, "atlas.dstype": "rate" };
  }
}
