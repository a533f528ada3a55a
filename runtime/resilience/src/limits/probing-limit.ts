import { numberBetween, type Random, withDefaults } from "@holdfast/kernel";
import { type Bounds, checkBounds, LearntLimit } from "./limit.ts";
import { TimeWindow } from "./time-window.ts";

/** Ours; initial 20, least 1, most 1,000. */
export interface ProbingOptions extends Bounds {
  /** The mean time may be so much longer than an unloaded server's, as a share of it. Default 0.25 (Envoy's buffer). */
  readonly buffer: number;
  /** While calls are turned away, the unloaded time is measured anew so often, in ms ± a quarter. Default 10,000. */
  readonly probeEveryMs: number;
  /** What a window with a drop in it leaves of the limit at most, 0.5 to 1. Default 0.9. */
  readonly backoffRatio: number;
}

const probingDefaults: ProbingOptions = {
  initialLimit: 20,
  minLimit: 1,
  maxLimit: 1_000,
  buffer: 0.25,
  probeEveryMs: 10_000,
  backoffRatio: 0.9,
};

/** Probes are so many mean times apart, and this far at least: what they cost stays below 2 %. */
const probeApartTimes = 200;
const probeApartMs = 1_000;
/** A limit that fell so far since the last probe asks for another: is the server slower, or its work longer? */
const fellTo = 0.5;
/** Half the limit in so much of the time or less: the server had been full even so. */
const stillFull = 0.75;
/** How much of another unloaded time counts at once, when it is learnt without a probe. */
const drift = 0.2;
/** The first calls find an empty server: the first window begins after so many times the first call's. */
const firstTimes = 2;
/** A mean time below so many unloaded ones shows no queue. */
const noQueue = 1.1;
/** How far one window may lower the limit. */
const lowestStep = 0.5;

/**
 * The limit that lets a server work at its best without a queue. It compares the mean time of a window of calls with that
 * of an unloaded server, and goes to where the first would be `1 + buffer` times the second, at once:
 * `limit · (1 + buffer) · unloaded / mean + 1`.
 *
 * The unloaded time makes or breaks it. Netflix's take the shortest or the average time seen, which is wrong when times
 * differ by nature, or when overload lasts. This one has a look: while calls are turned away anyhow, it halves the limit for
 * some mean times each 10 s (and halves again while that makes calls faster by as much). Without overload it learns as it
 * goes and turns nobody away. The idea is Envoy's adaptive concurrency, which goes down to 3 calls for 50 calls.
 */
export class ProbingLimit extends LearntLimit {
  readonly #random: Random;
  readonly #options: ProbingOptions;
  readonly #window = new TimeWindow();
  #estimate: number;
  #unloadedMs = 0;
  /** Was the limit reached in the last window? */
  #isFull = false;
  #probe: Probe | undefined;
  #probedAtMs = Number.NEGATIVE_INFINITY;
  #probeAtMs = Number.NEGATIVE_INFINITY;
  /** The limit that the last probe led to. */
  #probedLimit = 0;

  /** @throws OptionError */
  constructor(random: Random, options?: Partial<ProbingOptions>) {
    const all = withDefaults(probingDefaults, options);
    checkBounds("probing", all);
    numberBetween("probing.buffer", all.buffer, 0.01, 10);
    numberBetween("probing.probeEveryMs", all.probeEveryMs, probeApartMs, 86_400_000);
    numberBetween("probing.backoffRatio", all.backoffRatio, 0.5, 1);
    super(all.initialLimit);
    this.#random = random;
    this.#options = all;
    this.#estimate = all.initialLimit;
  }

  /** The mean time of an unloaded server as far as known, in ms; 0 before the first window. */
  get unloadedMs(): number {
    return this.#unloadedMs;
  }

  protected override learn(startMs: number, rttMs: number, inFlight: number, didDrop: boolean): number {
    const window = this.#window;
    const nowMs = startMs + rttMs;
    if (this.#unloadedMs === 0) {
      this.#unloadedMs = Number.MIN_VALUE;
      window.reset(nowMs + firstTimes * rttMs);
    }
    if (!window.add(nowMs, rttMs, inFlight, didDrop)) return this.limit;
    const { meanMs, passedMs } = window;
    const limit = this.#probe === undefined ? this.#judge(nowMs) : this.#judgeProbe(this.#probe, nowMs);
    // Those under way began under the old limit: most are gone after a mean time, and a probe waits for the last.
    window.reset(nowMs + (this.#probe === undefined ? meanMs : passedMs));
    return limit;
  }

  #judge(nowMs: number): number {
    const { meanMs, mostInFlight, hasDrops } = this.#window;
    const wasFull = this.#isFull;
    this.#isFull = mostInFlight >= this.limit;
    const isIdle = mostInFlight * 2 < this.limit;
    this.#drift(meanMs, isIdle || this.limit === this.#options.minLimit);
    if (wasFull && this.#isFull && this.#isProbeDue(nowMs, meanMs)) return this.#startProbe(meanMs);
    // Far from the limit, nothing is learnt of it but by drops.
    let next = isIdle ? this.#estimate : this.#target(this.#estimate, meanMs, lowestStep);
    if (hasDrops) next = Math.min(next, this.#estimate * this.#options.backoffRatio);
    return this.#settle(next);
  }

  /** Where no probe can know better, the mean is the unloaded time. One that is lower while calls queue is chance. */
  #drift(meanMs: number, isUnloaded: boolean): void {
    if (this.#unloadedMs === Number.MIN_VALUE) this.#unloadedMs = meanMs;
    if (isUnloaded) this.#unloadedMs += (meanMs - this.#unloadedMs) * drift;
  }

  #target(estimate: number, meanMs: number, lowest: number): number {
    const most = 1 + this.#options.buffer;
    return estimate * Math.max(lowest, Math.min(most, (most * this.#unloadedMs) / meanMs)) + 1;
  }

  #settle(next: number): number {
    const { minLimit, maxLimit } = this.#options;
    this.#estimate = Math.max(minLimit, Math.min(maxLimit, next));
    return this.#estimate;
  }

  #isProbeDue(nowMs: number, meanMs: number): boolean {
    // Where no time is lost to a queue, the limit grows without having a look.
    if (this.limit === this.#options.minLimit || meanMs < this.#unloadedMs * noQueue) return false;
    if (nowMs >= this.#probeAtMs) return true;
    const apartMs = Math.max(probeApartMs, probeApartTimes * meanMs);
    return this.#estimate < this.#probedLimit * fellTo && nowMs >= this.#probedAtMs + apartMs;
  }

  #startProbe(meanMs: number): number {
    this.#probe = { estimate: this.#estimate, meanMs, limit: this.#half(this.limit), lastMeanMs: meanMs };
    return this.#probe.limit;
  }

  #half(limit: number): number {
    return Math.max(this.#options.minLimit, Math.floor(limit / 2));
  }

  #judgeProbe(probe: Probe, nowMs: number): number {
    const { meanMs } = this.#window;
    if (meanMs <= stillFull * probe.lastMeanMs && probe.limit > this.#options.minLimit) {
      probe.lastMeanMs = meanMs;
      probe.limit = this.#half(probe.limit);
      return probe.limit;
    }
    this.#probe = undefined;
    this.#unloadedMs = meanMs;
    const apartMs = Math.max(this.#options.probeEveryMs, probeApartTimes * meanMs);
    this.#probedAtMs = nowMs;
    this.#probeAtMs = nowMs + apartMs * (0.75 + this.#random.next() / 2);
    const limit = this.#settle(this.#target(probe.estimate, probe.meanMs, 0));
    this.#probedLimit = limit;
    return limit;
  }
}

/** A look at how fast an unloaded server is. */
interface Probe {
  /** Before it. */
  readonly estimate: number;
  readonly meanMs: number;
  /** In force while it lasts. */
  limit: number;
  /** At twice that limit. */
  lastMeanMs: number;
}
