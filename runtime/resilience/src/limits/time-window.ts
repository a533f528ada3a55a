/** Fewer calls tell nothing. */
const leastCalls = 10;
/** A window goes on until its mean is known so well: its standard error as a share of it. */
const meanWithin = 0.07;
/** Or until it has gone on for so long, in ms. */
const longestMs = 500;
/** How much of a window's own variety counts for the next ones. */
const varietyShare = 0.3;
/** Longer than so many means, a call is an exception. */
const longestTimes = 10;

/**
 * Times of the calls that end in one stretch: as many as it takes to know their mean. It is by their ends that calls
 * belong to it: taken by their beginnings, the slow ones would be missing.
 */
export class TimeWindow {
  /** Variance by the square of the mean. As of times between chance events, until more is known. */
  #variety = 1;
  #longestMs = 0;
  #fromMs = Number.NEGATIVE_INFINITY;
  #firstMs = 0;
  #count = 0;
  #sum = 0;
  #squares = 0;
  #mostInFlight = 0;
  #hasDrops = false;

  get meanMs(): number {
    return this.#sum / this.#count;
  }

  get mostInFlight(): number {
    return this.#mostInFlight;
  }

  get hasDrops(): boolean {
    return this.#hasDrops;
  }

  /** How long to wait until the calls that are under way now have ended, in ms. */
  get passedMs(): number {
    return Math.min(this.#longestMs, longestTimes * this.meanMs);
  }

  /** Empties it. Calls that end before `fromMs` are none of its own. */
  reset(fromMs: number): void {
    if (this.#count > 0) this.#variety += (this.#windowVariety() - this.#variety) * varietyShare;
    this.#fromMs = fromMs;
    this.#longestMs = 0;
    this.#count = 0;
    this.#sum = 0;
    this.#squares = 0;
    this.#mostInFlight = 0;
    this.#hasDrops = false;
  }

  /** True when the window is complete, and waits to be read and reset. */
  add(endMs: number, rttMs: number, inFlight: number, didDrop: boolean): boolean {
    if (endMs < this.#fromMs) return false;
    if (this.#count === 0) this.#firstMs = endMs;
    this.#count += 1;
    this.#sum += rttMs;
    this.#squares += rttMs * rttMs;
    if (rttMs > this.#longestMs) this.#longestMs = rttMs;
    if (inFlight > this.#mostInFlight) this.#mostInFlight = inFlight;
    if (didDrop) this.#hasDrops = true;
    return this.#count >= leastCalls && this.#isEnough(endMs - this.#firstMs);
  }

  #isEnough(tookMs: number): boolean {
    if (tookMs < this.#sum / this.#count) return false;
    if (tookMs >= longestMs) return true;
    // By the variety of earlier windows: one that ends as soon as its own calls are alike ends before the unlike ones come.
    return this.#variety <= meanWithin * meanWithin * this.#count;
  }

  #windowVariety(): number {
    const mean = this.meanMs;
    return this.#squares / this.#count / (mean * mean) - 1;
  }
}
