/** Says in which of a handful of buckets a value lies. The names of buckets sort as their values do. */
export type BucketFunction = (value: number) => string;

/** Up to `below`, numbers are written with `digits` in multiples of `unit`. */
interface Format {
  readonly below: number;
  readonly unit: number;
  readonly digits: number;
  readonly suffix: string;
}

const nsPerMs = 1e6;
const second = 1e9;
const minute = 60 * second;
const hour = 60 * minute;
const day = 24 * hour;

/** Spectator's, in ns: each unit until the next says enough. */
const timeFormats: readonly Format[] = [
  ...unitFormats(1, "ns", [10, 100, 1e3, 8e3]),
  ...unitFormats(1e3, "us", [10, 100, 1e3, 8e3]),
  ...unitFormats(1e6, "ms", [10, 100, 1e3, 8e3]),
  ...unitFormats(second, "s", [10, 100]),
  { below: 8 * minute, unit: second, digits: 3, suffix: "s" },
  ...unitFormats(minute, "min", [10, 100]),
  { below: 8 * hour, unit: minute, digits: 3, suffix: "min" },
  ...unitFormats(hour, "h", [10, 100]),
  { below: 8 * day, unit: hour, digits: 3, suffix: "h" },
  ...unitFormats(day, "d", [10, 100, 1e3, 1e4, 1e5]),
  { below: Number.POSITIVE_INFINITY, unit: day, digits: 6, suffix: "d" },
];
const byteFormats = ["_B", "_KiB", "_MiB", "_GiB", "_TiB", "_PiB"].flatMap((suffix, power) =>
  unitFormats(1_024 ** power, suffix, [10, 100, 1e3, 1e4]),
);
const decimalFormats = ["", "_k", "_M", "_G", "_T", "_P", "_E"].flatMap((suffix, power) =>
  unitFormats(1_000 ** power, suffix, power < 5 ? [10, 100, 1e3, 1e4] : [10, 100, 1e3]),
);

function unitFormats(unit: number, suffix: string, limits: readonly number[]): Format[] {
  return limits.map((limit, i) => ({ below: limit * unit, unit, digits: i + 1, suffix }));
}

/** Ages in ms up to `maxMs`, close looked at near 0: `future`, max/8, /4, /2, max, `old`. */
export function ageBuckets(maxMs: number): BucketFunction {
  return times(maxMs, [1 / 8, 1 / 4, 1 / 2, 1], "future", "old");
}

/** As {@link ageBuckets}, close looked at near the maximum: max/2, max − max/4, max − max/8, max. */
export function ageBucketsBiasOld(maxMs: number): BucketFunction {
  return times(maxMs, [1 / 2, 3 / 4, 7 / 8, 1], "future", "old");
}

/** Latencies in ms up to `maxMs`: `negative_latency`, max/8, /4, /2, max, `slow`. */
export function latencyBuckets(maxMs: number): BucketFunction {
  return times(maxMs, [1 / 8, 1 / 4, 1 / 2, 1], "negative_latency", "slow");
}

/** As {@link latencyBuckets}, close looked at near the maximum. */
export function latencyBucketsBiasSlow(maxMs: number): BucketFunction {
  return times(maxMs, [1 / 2, 3 / 4, 7 / 8, 1], "negative_latency", "slow");
}

/** Sizes in powers of 1 024: `negative`, max/8, /4, /2, max, `large`. */
export function byteBuckets(max: number): BucketFunction {
  return buckets(max, byteFormats, [1 / 8, 1 / 4, 1 / 2, 1], "negative", "large");
}

/** Amounts in powers of 1 000: `negative`, max/8, /4, /2, max, `large`. */
export function decimalBuckets(max: number): BucketFunction {
  return buckets(max, decimalFormats, [1 / 8, 1 / 4, 1 / 2, 1], "negative", "large");
}

function times(maxMs: number, shares: readonly number[], below: string, above: string): BucketFunction {
  const ofNs = buckets(maxMs * nsPerMs, timeFormats, shares, below, above);
  return (ms) => ofNs(ms * nsPerMs);
}

function buckets(
  max: number,
  formats: readonly Format[],
  shares: readonly number[],
  below: string,
  above: string,
): BucketFunction {
  const format = formats.find((one) => max < one.below) ?? formats.at(-1);
  const bounds = shares.map((share) => Math.floor(max * share));
  const names = bounds.map((bound) => {
    const whole = String(Math.floor(bound / (format?.unit ?? 1)));
    return `${whole.padStart(format?.digits ?? 1, "0")}${format?.suffix ?? ""}`;
  });
  return (value) => {
    if (value < 0) return below;
    for (let i = 0; i < bounds.length; i++) if (value <= (bounds[i] ?? 0)) return names[i] ?? above;
    return above;
  };
}
