import type { Cloud } from "@holdfast/cloud-server";
import type { Clock, Log, Random } from "@holdfast/kernel";
import type { MetricsSource } from "./control-model.ts";

/** Placeholder until insight's scraper is there: nothing is measured, and the views say so. */
export function startInsight(
  _clock: Clock,
  _random: Random,
  _log: Log,
  _cloud: Cloud,
  _signal: AbortSignal,
): MetricsSource {
  return { lastMinute: () => undefined, history: () => [] };
}
