import { hash32 } from "@holdfast/kernel";

/**
 * How many of `desired` instances each zone should have: `⌊desired / zones⌋` everywhere, the remainder one each.
 *
 * The remainder goes where most instances already are, so that nothing moves without need; among equals in an order
 * that is fixed for `name`, so that a dead instance is replaced in its own zone and groups favour different zones.
 */
export function spread(
  name: string,
  desired: number,
  zones: readonly string[],
  live: ReadonlyMap<string, number>,
): Map<string, number> {
  const targets = new Map<string, number>();
  if (zones.length === 0) return targets;
  const base = Math.floor(desired / zones.length);
  const first = hash32(name) % zones.length;
  const order = zones.map((zone, index) => ({
    zone,
    // More than one above the others attracts no further: one extra is all a zone can get.
    has: Math.min(live.get(zone) ?? 0, base + 1),
    rank: (index - first + zones.length) % zones.length,
  }));
  order.sort((a, b) => b.has - a.has || a.rank - b.rank);
  const extra = desired - base * zones.length;
  for (const [index, { zone }] of order.entries()) targets.set(zone, base + (index < extra ? 1 : 0));
  return targets;
}
