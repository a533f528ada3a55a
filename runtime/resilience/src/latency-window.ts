/**
 * Durations of the last minute (Hystrix: 60 s in 6), as histograms whose bounds grow by an eighth of a power of two: a
 * percentile is at most 6 % off, and adding one is a look at the number's own bits. Hystrix keeps 100 samples a bucket
 * instead; under load its percentiles are those of an arbitrary hundred calls.
 */
const stepsPerOctave = 8;
/** 2^-6 ms, 16 µs: less is in the first step. */
const firstExponent = -6;
/** 2^18 ms, 4.4 minutes: more is in the last. */
const octaves = 24;
const steps = octaves * stepsPerOctave;

// The upper half of a double: sign, 11 bits of exponent, and of its mantissa the 3 bits that make 8 steps.
const asNumber = new Float64Array(1);
const asWords = new Uint32Array(asNumber.buffer);
const highWord = new Uint8Array(new Uint32Array([1]).buffer)[0] === 1 ? 1 : 0;
const firstStep = (1_023 + firstExponent) * stepsPerOctave;

/** The share of durations under which a percentile lies, as Hystrix's streams list them. */
export interface Percentiles {
  readonly mean: number;
  /** In ms; `share` from 0 to 100. */
  at(share: number): number;
}

/** Of nothing. */
export const noLatency: Percentiles = { mean: 0, at: () => 0 };

interface Slice {
  readonly counts: Uint32Array;
  count: number;
  totalMs: number;
  minMs: number;
  maxMs: number;
}

export class LatencyWindow {
  readonly #sliceMs: number;
  readonly #slices: (Slice | undefined)[];
  #at = 0;
  #endMs = Number.NEGATIVE_INFINITY;

  /** A window cut into `slices`; what it holds in memory grows with what is used of it, at most 800 bytes a slice. */
  constructor(windowMs: number, slices: number) {
    this.#sliceMs = windowMs / slices;
    this.#slices = Array.from({ length: slices }, () => undefined);
  }

  add(ms: number, nowMs: number): void {
    if (nowMs >= this.#endMs) this.#roll(nowMs);
    const slice = this.#slices[this.#at] ?? this.#newSlice();
    const step = stepOf(ms);
    slice.counts[step] = (slice.counts[step] ?? 0) + 1;
    slice.count += 1;
    slice.totalMs += ms;
    if (ms < slice.minMs) slice.minMs = ms;
    if (ms > slice.maxMs) slice.maxMs = ms;
  }

  /** Of what is in the window now, and in the other windows given. */
  read(nowMs: number, others: readonly LatencyWindow[] = []): Percentiles {
    const counts = new Float64Array(steps);
    const sum = { count: 0, totalMs: 0, minMs: Number.POSITIVE_INFINITY, maxMs: 0 };
    for (const window of [this, ...others]) window.#addTo(counts, sum, nowMs);
    if (sum.count === 0) return noLatency;
    return {
      mean: sum.totalMs / sum.count,
      at: (share) => (share <= 0 ? sum.minMs : share >= 100 ? sum.maxMs : percentile(counts, sum, share)),
    };
  }

  #addTo(
    counts: Float64Array,
    sum: { count: number; totalMs: number; minMs: number; maxMs: number },
    nowMs: number,
  ): void {
    if (nowMs >= this.#endMs) this.#roll(nowMs);
    for (const slice of this.#slices) {
      if (slice === undefined) continue;
      for (let i = 0; i < steps; i++) counts[i] = (counts[i] ?? 0) + (slice.counts[i] ?? 0);
      sum.count += slice.count;
      sum.totalMs += slice.totalMs;
      sum.minMs = Math.min(sum.minMs, slice.minMs);
      sum.maxMs = Math.max(sum.maxMs, slice.maxMs);
    }
  }

  #newSlice(): Slice {
    const slice = {
      counts: new Uint32Array(steps),
      count: 0,
      totalMs: 0,
      minMs: Number.POSITIVE_INFINITY,
      maxMs: 0,
    };
    this.#slices[this.#at] = slice;
    return slice;
  }

  #roll(nowMs: number): void {
    const slices = this.#slices.length;
    const late = this.#endMs === Number.NEGATIVE_INFINITY ? slices : (nowMs - this.#endMs) / this.#sliceMs;
    if (late >= slices) {
      this.#slices.fill(undefined);
      this.#endMs = nowMs + this.#sliceMs;
      return;
    }
    while (nowMs >= this.#endMs) {
      this.#at = (this.#at + 1) % slices;
      this.#slices[this.#at] = undefined;
      this.#endMs += this.#sliceMs;
    }
  }
}

function stepOf(ms: number): number {
  asNumber[0] = ms;
  const step = ((asWords[highWord] ?? 0) >>> 17) - firstStep;
  return step < 0 ? 0 : step >= steps ? steps - 1 : step;
}

/** Between the bounds of the step where the rank falls, in proportion; never outside what was measured. */
function percentile(
  counts: Float64Array,
  sum: { readonly count: number; readonly minMs: number; readonly maxMs: number },
  share: number,
): number {
  let rank = (sum.count * share) / 100;
  for (let i = 0; i < steps; i++) {
    const count = counts[i] ?? 0;
    if (count > 0 && rank <= count) {
      const value = boundOf(i) + ((boundOf(i + 1) - boundOf(i)) * rank) / count;
      return Math.min(sum.maxMs, Math.max(sum.minMs, value));
    }
    rank -= count;
  }
  return sum.maxMs;
}

function boundOf(step: number): number {
  const octave = Math.floor(step / stepsPerOctave);
  return 2 ** (firstExponent + octave) * (1 + (step % stepsPerOctave) / stepsPerOctave);
}
