const windowSize = 128;
/** Of the first window, and from then on: sorting costs as much as all the rest of a call's bookkeeping. */
const recomputeFirst = 16;
const recomputeEvery = 128;

/** The 95th percentile of the last 128 latencies, brought up to date each 128 (the first 128: each 16). */
export class RecentLatency {
  readonly #window = new Float64Array(windowSize);
  #next = 0;
  #count = 0;
  #p95Ms: number | undefined;

  record(ms: number): void {
    this.#window[this.#next] = ms;
    this.#next = (this.#next + 1) % windowSize;
    this.#count += 1;
    if (this.#count % (this.#count <= windowSize ? recomputeFirst : recomputeEvery) === 0) {
      const size = Math.min(this.#count, windowSize);
      const sorted = this.#window.slice(0, size).sort();
      this.#p95Ms = sorted[Math.floor(size * 0.95)];
    }
  }

  /** `undefined` until sixteen calls have been seen. */
  get p95Ms(): number | undefined {
    return this.#p95Ms;
  }
}

/** Time constant of the average: older than ten seconds counts little (Finagle's peak EWMA). */
const decayMs = 10_000;

/**
 * Of a slower answer so much counts at once. Finagle's average jumps up all the way, so that one hiccup of a hundred equal
 * servers starves one for seconds (busiest / mean 1.35; 1.1 with a tenth, measured), and the first answer of a cold process keeps others from it. It may be
 * slow to believe here, because a server that owes answers looks slow before it gives them.
 */
const riseShare = 0.1;

/** An average that goes up faster than it comes down: each slow answer counts, and is forgotten over ten seconds. */
export class PeakEwma {
  #valueMs = 0;
  #atMs: number;

  constructor(nowMs: number) {
    this.#atMs = nowMs;
  }

  record(ms: number, nowMs: number): void {
    const weight = Math.exp(-Math.max(0, nowMs - this.#atMs) / decayMs);
    this.#atMs = nowMs;
    if (ms > this.#valueMs) this.#valueMs += (ms - this.#valueMs) * riseShare;
    else this.#valueMs = this.#valueMs * weight + ms * (1 - weight);
  }

  /** 0 until something was recorded. */
  valueMs(nowMs: number): number {
    return this.#valueMs * Math.exp(-Math.max(0, nowMs - this.#atMs) / decayMs);
  }
}

/** Weight of a new answer time in a plain average: about the last hundred count. */
const averageShare = 0.02;

/** A plain moving average of answer times, which forgets by count and not by time. */
export class RecentAverage {
  #valueMs = 0;
  #count = 0;

  /** 0 until something was recorded. */
  get valueMs(): number {
    return this.#valueMs;
  }

  record(ms: number): void {
    this.#count += 1;
    this.#valueMs += (ms - this.#valueMs) * Math.max(averageShare, 1 / this.#count);
  }
}
