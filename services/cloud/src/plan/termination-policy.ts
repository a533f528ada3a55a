import { hash32, type InstanceId } from "@holdfast/kernel";
import type { TerminationPolicy } from "../group-settings.ts";

/** What termination policies look at. */
export interface Candidate {
  readonly id: InstanceId;
  readonly ageMs: number;
  /** How many versions behind the newest its launch template is; 0 for the newest. */
  readonly versionsBehind: number;
}

const hourMs = 3_600_000;

/**
 * The instance that goes first by these policies. Each in order narrows the choice to those it would rather lose; what is
 * left after the last is a draw, the same one for the same instances.
 *
 * `Default` is: the oldest launch template, then the one closest to the next full hour of its life, then a draw (AWS). The
 * balance of the zones comes before all of this and is the caller's affair.
 */
export function chooseVictim<T extends Candidate>(
  policies: readonly TerminationPolicy[],
  candidates: readonly T[],
): T | undefined {
  let left = candidates;
  for (const policy of policies) {
    if (left.length <= 1) break;
    left = narrow(policy, left);
  }
  return left.toSorted((a, b) => hash32(a.id) - hash32(b.id))[0];
}

function narrow<T extends Candidate>(policy: TerminationPolicy, left: readonly T[]): readonly T[] {
  switch (policy) {
    case "OldestInstance":
      return least(left, (candidate) => -candidate.ageMs);
    case "NewestInstance":
      return least(left, (candidate) => candidate.ageMs);
    case "OldestLaunchTemplate":
    case "OldestLaunchConfiguration":
      return least(left, (candidate) => -candidate.versionsBehind);
    case "ClosestToNextInstanceHour":
      return least(left, (candidate) => hourMs - (candidate.ageMs % hourMs));
    case "AllocationStrategy":
      // There is one kind of machine here: every choice is in line with every strategy.
      return left;
    case "Default":
      return narrow("ClosestToNextInstanceHour", narrow("OldestLaunchTemplate", left));
    default:
      return policy satisfies never;
  }
}

function least<T>(items: readonly T[], measure: (item: T) => number): readonly T[] {
  const best = Math.min(...items.map((item) => measure(item)));
  return items.filter((item) => measure(item) === best);
}
