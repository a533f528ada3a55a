import { type Clock, type Timer } from "./clock.ts";
import { PlatformError } from "./errors.ts";

/**
 * Waits for `work`, but no longer than `ms`.
 *
 * @throws {@link PlatformError} `TIMED_OUT` naming `what` when the time is over first.
 */
export async function within<T>(clock: Clock, ms: number, what: string, work: Promise<T>): Promise<T> {
  let timer: Timer | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = clock.after(ms, () => {
      reject(
        new PlatformError("TIMED_OUT", `${what}: not done within ${ms} ms`, { details: { what, ms }, status: 504 }),
      );
    });
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    timer?.cancel();
  }
}

export interface BackoffOptions {
  /** First delay in ms. */
  readonly initialMs: number;
  /** No delay is longer, in ms. */
  readonly maxMs: number;
  /** Growth from one failure to the next. */
  readonly factor: number;
}

/** 250 ms doubling to 30 s: a first retry nobody notices, never a hot loop. */
export const backoffDefaults: BackoffOptions = { initialMs: 250, maxMs: 30_000, factor: 2 };

/** The delay before attempt `failures + 1`, without jitter: `initialMs · factor^(failures−1)`, at most `maxMs`. */
export function backoffMs(failures: number, options: BackoffOptions = backoffDefaults): number {
  if (failures <= 0) return 0;
  return Math.min(options.maxMs, options.initialMs * options.factor ** (failures - 1));
}
