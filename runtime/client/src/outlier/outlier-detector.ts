import type { Clock, Random } from "@holdfast/kernel";
import type { EjectionReport } from "@holdfast/wire";
import type { HostHealth } from "./host-health.ts";
import type { OutlierOptions } from "./outlier-options.ts";

const historyMax = 50;

/** How long servers are out that are out of reach, in ms: the first time, and at most. */
export interface OutOfReachTimes {
  readonly ejectionMs: number;
  readonly ejectionMaxMs: number;
}

interface Change {
  readonly atMs: number;
  readonly instance: string;
  readonly what: EjectionReport["what"];
  readonly why: string;
}

/**
 * Compares the servers of one app with one another, as Envoy does: each interval, out is whose success rate lies far below
 * that of the others, or of whose calls most have failed. It has no timer: it looks when calls end.
 */
export class OutlierDetector {
  options: OutlierOptions;
  outOfReach: OutOfReachTimes;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #onChange: () => void;
  readonly #history: Change[] = [];
  #hosts: readonly HostHealth[] = [];
  #nextLookMs = Number.NEGATIVE_INFINITY;

  constructor(
    clock: Clock,
    random: Random,
    options: OutlierOptions,
    outOfReach: OutOfReachTimes,
    onChange: () => void,
  ) {
    this.#clock = clock;
    this.#random = random;
    this.options = options;
    this.outOfReach = outOfReach;
    this.#onChange = onChange;
  }

  get outOfReachMaxMs(): number {
    return this.outOfReach.ejectionMaxMs;
  }

  /** Ejections and returns, latest last. */
  get history(): EjectionReport[] {
    const offsetMs = this.#clock.wallMs() - this.#clock.monotonicMs();
    return this.#history.map(({ atMs, ...change }) => ({ at: new Date(atMs + offsetMs).toISOString(), ...change }));
  }

  /** Those that are compared. */
  watch(hosts: readonly HostHealth[]): void {
    this.#hosts = hosts;
  }

  /** A rule of that strength is to be applied this time. */
  enforces(percentage: number): boolean {
    return percentage >= 100 || (percentage > 0 && this.#random.next() * 100 < percentage);
  }

  /** May one more be put out for its answers? At least one always may. */
  mayEject(nowMs: number): boolean {
    let out = 0;
    for (const host of this.#hosts) if (host.isOutForAnswers || host.standing(nowMs) === "ejected") out += 1;
    return out < Math.max(1, Math.floor((this.#hosts.length * this.options.maxEjectionPercent) / 100));
  }

  /** How long the `times`-th ejection for answers lasts. */
  ejectionMs(times: number): number {
    const { baseEjectionTime, maxEjectionTime, maxEjectionTimeJitter } = this.options;
    const ms = Math.min(baseEjectionTime * times, Math.max(baseEjectionTime, maxEjectionTime));
    return ms + this.#random.next() * maxEjectionTimeJitter;
  }

  /** How long an ejection for being out of reach lasts after so many before it. */
  outOfReachMs(before: number): number {
    const { ejectionMs, ejectionMaxMs } = this.outOfReach;
    return Math.min(ejectionMaxMs, ejectionMs * 2 ** Math.min(before, 16));
  }

  changed(instance: string, what: EjectionReport["what"], why: string, nowMs: number): void {
    this.#history.push({ atMs: nowMs, instance, what, why });
    if (this.#history.length > historyMax) this.#history.shift();
    this.#onChange();
  }

  /** Called when a call has ended: compares when the interval is over. */
  look(nowMs: number): void {
    if (nowMs < this.#nextLookMs) return;
    const isFirst = this.#nextLookMs === Number.NEGATIVE_INFINITY;
    this.#nextLookMs = nowMs + this.options.interval;
    if (isFirst) return;
    this.#compareSuccessRates(nowMs);
    this.#compareFailures(nowMs);
    for (const host of this.#hosts) host.newInterval(nowMs);
  }

  #compareSuccessRates(nowMs: number): void {
    const { successRateRequestVolume, successRateMinimumHosts, successRateStdevFactor, enforcingSuccessRate } =
      this.options;
    const counted = this.#hosts.filter((host) => host.calls >= successRateRequestVolume);
    if (counted.length < successRateMinimumHosts) return;
    const rates = counted.map((host) => (100 * host.successes) / host.calls);
    const mean = rates.reduce((sum, rate) => sum + rate, 0) / rates.length;
    const deviation = Math.sqrt(rates.reduce((sum, rate) => sum + (rate - mean) ** 2, 0) / rates.length);
    const least = mean - (successRateStdevFactor / 1_000) * deviation;
    for (const [i, host] of counted.entries()) {
      const rate = rates[i] ?? 100;
      if (rate >= least || !this.enforces(enforcingSuccessRate)) continue;
      const words = `${rate.toFixed(1)} % of its ${host.calls} calls succeeded`;
      host.isOutlier(`${words}, of the others' ${mean.toFixed(1)} % (less than ${least.toFixed(1)} % is out)`, nowMs);
    }
  }

  #compareFailures(nowMs: number): void {
    const {
      failurePercentageRequestVolume,
      failurePercentageMinimumHosts,
      failurePercentageThreshold,
      enforcingFailurePercentage,
    } = this.options;
    const counted = this.#hosts.filter((host) => host.calls >= failurePercentageRequestVolume);
    if (counted.length < failurePercentageMinimumHosts) return;
    for (const host of counted) {
      const failed = (100 * (host.calls - host.successes)) / host.calls;
      if (failed < failurePercentageThreshold || !this.enforces(enforcingFailurePercentage)) continue;
      host.isOutlier(`${failed.toFixed(1)} % of its ${host.calls} calls failed`, nowMs);
    }
  }
}
