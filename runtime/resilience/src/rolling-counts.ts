/**
 * Counts of events in a rolling window of buckets (Hystrix: 10 s in 10). Adding is two array accesses; a sum is kept up
 * to date as buckets leave the window, so that reading it costs nothing.
 */
export class RollingCounts {
  readonly bucketMs: number;
  readonly #buckets: number;
  readonly #kinds: number;
  readonly #counts: Uint32Array;
  readonly #sums: Float64Array;
  /** Of what has left the window. */
  readonly #left: Float64Array;
  /** Highest number of calls under way in each bucket. */
  readonly #peaks: Uint32Array;
  #at = 0;
  /** End of the present bucket, in the clock's ms. */
  #endMs = Number.NEGATIVE_INFINITY;

  /** @throws RangeError when the window is no multiple of the buckets, as Hystrix does. */
  constructor(windowMs: number, buckets: number, kinds: number) {
    if (!(windowMs > 0) || !Number.isInteger(buckets) || buckets < 1 || windowMs % buckets !== 0) {
      throw new RangeError(`a window of ${windowMs} ms cannot be cut into ${buckets} buckets`);
    }
    this.bucketMs = windowMs / buckets;
    this.#buckets = buckets;
    this.#kinds = kinds;
    this.#sums = new Float64Array(kinds);
    this.#left = new Float64Array(kinds);
    this.#counts = new Uint32Array(buckets * kinds);
    this.#peaks = new Uint32Array(buckets);
  }

  add(event: number, nowMs: number): void {
    if (nowMs >= this.#endMs) this.#roll(nowMs);
    const place = this.#at * this.#kinds + event;
    this.#counts[place] = (this.#counts[place] ?? 0) + 1;
    this.#sums[event] = (this.#sums[event] ?? 0) + 1;
  }

  /** {@link add}, `by` times. */
  addMany(event: number, by: number, nowMs: number): void {
    if (nowMs >= this.#endMs) this.#roll(nowMs);
    const place = this.#at * this.#kinds + event;
    this.#counts[place] = (this.#counts[place] ?? 0) + by;
    this.#sums[event] = (this.#sums[event] ?? 0) + by;
  }

  /** So many calls are under way. */
  active(count: number, nowMs: number): void {
    if (nowMs >= this.#endMs) this.#roll(nowMs);
    if (count > (this.#peaks[this.#at] ?? 0)) this.#peaks[this.#at] = count;
  }

  /** In the window, the present bucket included. */
  sum(event: number, nowMs: number): number {
    if (nowMs >= this.#endMs) this.#roll(nowMs);
    return this.#sums[event] ?? 0;
  }

  /** Since the beginning. */
  total(event: number): number {
    return (this.#left[event] ?? 0) + (this.#sums[event] ?? 0);
  }

  /** Highest number of calls under way at once in the window. */
  peak(nowMs: number): number {
    if (nowMs >= this.#endMs) this.#roll(nowMs);
    let peak = 0;
    for (const one of this.#peaks) if (one > peak) peak = one;
    return peak;
  }

  reset(): void {
    for (let i = 0; i < this.#kinds; i++) this.#left[i] = (this.#left[i] ?? 0) + (this.#sums[i] ?? 0);
    this.#counts.fill(0);
    this.#sums.fill(0);
    this.#peaks.fill(0);
  }

  #roll(nowMs: number): void {
    const late = this.#endMs === Number.NEGATIVE_INFINITY ? this.#buckets : (nowMs - this.#endMs) / this.bucketMs;
    if (late >= this.#buckets) {
      this.reset();
      this.#endMs = nowMs + this.bucketMs;
      return;
    }
    while (nowMs >= this.#endMs) {
      this.#at = (this.#at + 1) % this.#buckets;
      const from = this.#at * this.#kinds;
      for (let i = 0; i < this.#kinds; i++) {
        const place = from + i;
        const gone = this.#counts[place] ?? 0;
        this.#sums[i] = (this.#sums[i] ?? 0) - gone;
        this.#left[i] = (this.#left[i] ?? 0) + gone;
        this.#counts[place] = 0;
      }
      this.#peaks[this.#at] = 0;
      this.#endMs += this.bucketMs;
    }
  }
}
