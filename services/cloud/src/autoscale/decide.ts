import { within } from "./adjustment.ts";
import type { GroupView, PolicyVerdict } from "./group-view.ts";

/** What a group's policies come to together. */
export interface ScalingDecision {
  /** From the group's min to its max, or to the max that a forecast may have; the present size when nothing is to change. */
  readonly desired: number;
  /** Why, or why not: one sentence. */
  readonly cause: string;
  /** The policy that had its way; `undefined` when nothing changes. */
  readonly policy: string | undefined;
}

/**
 * One size out of many opinions, as AWS does it: the largest wins, going out as going in; instances are taken away only when
 * every policy that guards (target tracking that may scale in; any that lacks figures) wants fewer as well. A forecast
 * is a floor under all of them. Policies that wait or only show change nothing.
 */
export function decide(group: GroupView, verdicts: readonly PolicyVerdict[]): ScalingDecision {
  const reactive = decideReactive(group, verdicts);
  const floor = largest(verdicts.filter((verdict) => verdict.stance === "floor"));
  if (floor === undefined || floor.want <= reactive.desired) return reactive;
  if (floor.max !== undefined && floor.max > group.max) {
    const raised = decide({ ...group, max: floor.max }, verdicts);
    return { ...raised, cause: `${raised.cause}; which may go past the group's max of ${group.max}` };
  }
  if (floor.want > group.desired) return bounded(group, floor, `predictive policy ${floor.policy}: ${floor.reason}`);
  const cause = `${reactive.cause}; not below the forecast of ${floor.policy}: ${floor.reason}`;
  const desired = within(group, floor.want);
  return { desired, cause, policy: desired === group.desired ? undefined : reactive.policy };
}

function decideReactive(group: GroupView, verdicts: readonly PolicyVerdict[]): ScalingDecision {
  const out = largest(verdicts.filter((verdict) => verdict.stance === "out"));
  if (out !== undefined) return bounded(group, out, `policy ${out.policy}: ${out.reason}`);
  const inward = largest(verdicts.filter((verdict) => verdict.stance === "in"));
  if (inward === undefined) return unchanged(group, verdicts);
  const guard = verdicts.find((verdict) => verdict.guards && verdict.stance !== "in");
  if (guard !== undefined) {
    const cause = `policy ${inward.policy} wants ${inward.want}, but ${guard.policy} does not agree: ${guard.reason}`;
    return { desired: within(group, group.desired), cause, policy: undefined };
  }
  return bounded(group, inward, `policy ${inward.policy}: ${inward.reason}`);
}

function bounded(group: GroupView, verdict: PolicyVerdict, cause: string): ScalingDecision {
  const desired = within(group, verdict.want);
  const held =
    desired === verdict.want ? "" : `; held at the group's ${desired === group.max ? "max" : "min"} of ${desired}`;
  const policy = desired === group.desired ? undefined : verdict.policy;
  return { desired, cause: cause + held, policy };
}

function unchanged(group: GroupView, verdicts: readonly PolicyVerdict[]): ScalingDecision {
  const desired = within(group, group.desired);
  if (desired !== group.desired) {
    return { desired, cause: `the group's bounds are ${group.min} to ${group.max}`, policy: undefined };
  }
  const order = ["wait", "unknown", "hold", "shown", "floor"];
  const first = verdicts.toSorted((a, b) => order.indexOf(a.stance) - order.indexOf(b.stance))[0];
  const cause = first === undefined ? "no policy is in force" : `policy ${first.policy}: ${first.reason}`;
  return { desired, cause, policy: undefined };
}

function largest(verdicts: readonly PolicyVerdict[]): PolicyVerdict | undefined {
  let best: PolicyVerdict | undefined;
  for (const verdict of verdicts) if (best === undefined || verdict.want > best.want) best = verdict;
  return best;
}
