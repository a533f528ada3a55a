import type { Random } from "@holdfast/kernel";
import type { PickServer } from "./picker.ts";

/** Ribbon's numbers of `ServerListSubsetFilter`, by the names of its properties. */
export interface WornSubsetOptions {
  /** `size`. */
  readonly size: number;
  /** `forceEliminatePercent`: of `size`, so many are replaced at each refresh, 0 to 1. */
  readonly replacedShare: number;
  /** `eliminationConnectionThresold`: more calls under way than this and it is replaced. */
  readonly outstandingMax: number;
  /** `eliminationFailureThresold`: more recent failures than this and it is replaced. */
  readonly failuresMax: number;
}

export const wornSubsetDefaults: WornSubsetOptions = {
  size: 20,
  replacedShare: 0.1,
  outstandingMax: 0,
  failuresMax: 0,
};

/**
 * Ribbon's `ServerListSubsetFilter`, one refresh: keeps of `current` what is still listed and healthy, replaces at least a
 * tenth of `size` (the worst first: most failures, then most calls), and fills up by chance with servers it had not. What
 * was just thrown out comes back only when there are not enough others.
 *
 * It keeps walking through the list, whereas {@link subset} stays: for callers that want Ribbon's behaviour.
 */
export function wornSubset<S extends PickServer>(
  servers: readonly S[],
  current: readonly S[],
  failuresOf: (server: S) => number,
  random: Random,
  options: WornSubsetOptions = wornSubsetDefaults,
): readonly S[] {
  const { size, replacedShare, outstandingMax, failuresMax } = options;
  const listed = new Set(servers);
  const kept = current.filter(
    (server) => listed.has(server) && server.outstanding <= outstandingMax && failuresOf(server) <= failuresMax,
  );
  const gone = current.length - kept.length;
  const shrinks = kept.length - size;
  const replaced = shrinks > 0 ? shrinks : Math.max(0, Math.floor(size * replacedShare) - gone);
  kept.sort((a, b) => failuresOf(b) - failuresOf(a) || b.outstanding - a.outstanding);
  const next = new Set(kept.slice(replaced));
  const before = new Set(current);
  let candidates = servers.filter((server) => !before.has(server));
  if (candidates.length < size - next.size) candidates = servers.filter((server) => !next.has(server));
  while (next.size < size && candidates.length > 0) {
    const at = random.below(candidates.length);
    const [chosen] = candidates.splice(at, 1);
    if (chosen !== undefined) next.add(chosen);
  }
  return servers.filter((server) => next.has(server));
}
