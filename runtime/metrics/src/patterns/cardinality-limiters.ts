import type { Clock } from "@holdfast/kernel";

/** Lets few values of a tag through and answers one name for all others, so that strangers cannot make series. */
export type CardinalityLimiter = (value: string) => string;

/** What values beyond the limit are called, as in Spectator. */
export const otherValues = "--others--";
/** What all values are called once there are too many, as in Spectator. */
export const autoRollup = "--auto-rollup--";
/** More is no limit (Spectator's `MAX_LIMIT`). */
const limitMax = 100;
/** How often {@link mostFrequentValues} looks which they are (Spectator's `REFRESH_INTERVAL`). */
const refreshMs = 600_000;
/** Values counted at a time by {@link mostFrequentValues}; more are others until the next refresh. Our own bound. */
const countedMax = 10_000;

/** The first `limit` values (at most 100) are themselves for ever. */
export function firstValues(limit: number): CardinalityLimiter {
  const kept = new Set<string>();
  const most = Math.min(limit, limitMax);
  return (value) => {
    if (kept.has(value)) return value;
    if (kept.size >= most) return otherValues;
    kept.add(value);
    return value;
  };
}

/** All values are themselves up to `limit` of them (at most 100); with one more, all are {@link autoRollup} for ever. */
export function rolledUpValues(limit: number): CardinalityLimiter {
  const kept = new Set<string>();
  const most = Math.min(limit, limitMax);
  let isRolledUp = false;
  return (value) => {
    if (isRolledUp) return autoRollup;
    kept.add(value);
    if (kept.size <= most) return value;
    isRolledUp = true;
    kept.clear();
    return autoRollup;
  };
}

/**
 * The `limit` values (at most 100) seen most often are themselves. Which they are is looked at each ten minutes; until then
 * they are the first ones, so that values that come once each do not push out those that come all the time.
 */
export function mostFrequentValues(clock: Pick<Clock, "monotonicMs">, limit: number): CardinalityLimiter {
  const counts = new Map<string, number>();
  const most = Math.min(limit, limitMax);
  let first = firstValues(most);
  let cutoff = 0;
  let refreshedAtMs = clock.monotonicMs();
  const refresh = (nowMs: number): void => {
    refreshedAtMs = nowMs;
    first = firstValues(most);
    const least = [...counts.values()].toSorted((a, b) => b - a)[Math.min(most, counts.size) - 1] ?? 0;
    const dropUpTo = Math.max(least / 2, 1);
    for (const [value, count] of counts) {
      if (count <= dropUpTo) counts.delete(value);
      else counts.set(value, 1);
    }
    cutoff = 1;
  };
  return (value) => {
    const count = (counts.get(value) ?? 0) + 1;
    if (count > 1 || counts.size < countedMax) counts.set(value, count);
    // After a refresh those that were there before count from 1: they are ahead by one.
    if (count <= cutoff) return otherValues;
    const nowMs = clock.monotonicMs();
    if (nowMs - refreshedAtMs > refreshMs) refresh(nowMs);
    return first(value);
  };
}
