import { monitorEventLoopDelay } from "node:perf_hooks";
import { type Clock, numberBetween } from "@holdfast/kernel";

/** How late the event loop came, in ms, over a while. */
export interface EventLoopDelay {
  readonly forMs: number;
  readonly meanMs: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
}

const resolutionMs = 10;
const nsPerMs = 1e6;

/**
 * Measures for `forMs` (10 to 60 000) how late the event loop comes. On demand only: it wakes the process a hundred times a
 * second while it lasts.
 *
 * @throws OptionError for another time, and the signal's reason when it aborts first.
 */
export async function measureEventLoopDelay(
  clock: Clock,
  forMs: number,
  signal?: AbortSignal,
): Promise<EventLoopDelay> {
  numberBetween("forMs", forMs, resolutionMs, 60_000);
  const histogram = monitorEventLoopDelay({ resolution: resolutionMs });
  histogram.enable();
  try {
    await clock.sleep(forMs, signal);
  } finally {
    histogram.disable();
  }
  // It counts from one wake-up to the next: what is above the resolution is the delay.
  const late = (ns: number): number => Math.max(0, Math.round((ns / nsPerMs - resolutionMs) * 1_000) / 1_000) || 0;
  return {
    forMs,
    meanMs: late(histogram.mean),
    p50Ms: late(histogram.percentile(50)),
    p99Ms: late(histogram.percentile(99)),
    maxMs: late(histogram.max),
  };
}
