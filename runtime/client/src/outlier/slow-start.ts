/** Even the newest server gets some calls: Envoy's `min_weight_percent`. */
const leastShare = 0.1;

/**
 * Share of a full server's calls that one gets which has been there (or back) for `ageMs`: it grows from a tenth to 1 over
 * `windowMs`, so that a cold process is not put under full load at once. `aggression` 1 grows evenly, more than 1 faster in
 * the beginning. (Envoy's `slow_start_config`: window, aggression, min_weight_percent.)
 */
export function slowStartShare(ageMs: number, windowMs: number, aggression = 1): number {
  if (ageMs >= windowMs) return 1;
  return Math.max(leastShare, (Math.max(0, ageMs) / windowMs) ** (1 / aggression));
}
