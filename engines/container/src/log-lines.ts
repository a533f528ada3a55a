/** `2026-11-23T15:46:39.123456789Z `, or with an offset: what the engine puts before each line when asked for times. */
const stamp = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d) /;

/** One line of output, with the engine's time of it in nanoseconds since 1970; 0 when it told none. */
export interface TimedLine {
  readonly atNs: bigint;
  readonly text: string;
}

/**
 * Parts the time from a line of a container's output. Whole numbers of nanoseconds, for two lines often come within one
 * millisecond, and trailing zeros are left out of the text.
 */
export function parseTimed(line: string): TimedLine {
  const match = stamp.exec(line);
  if (match === null) return { atNs: 0n, text: line };
  const [all, second, fraction = "", zone] = match;
  const ms = Date.parse(`${second}${zone}`);
  const atNs = Number.isNaN(ms) ? 0n : BigInt(ms) * 1_000_000n + BigInt(fraction.padEnd(9, "0"));
  return { atNs, text: line.slice(all.length) };
}
