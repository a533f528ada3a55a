import {
  type PolicyOf,
  type ScalingPolicy,
  type ScalingPolicyInput,
  scalingPolicySchema,
} from "@holdfast/wire/autoscale";
import type { GroupView, PolicyVerdict, ScalingActivity } from "../../src/autoscale/group-view.ts";

/** A wall time on a whole minute. */
export const nowMs = 1_700_000_040_000;
export const minuteMs = 60_000;

/** A group of 10, of at least 1 and at most 100. */
export function group(more: Partial<GroupView> = {}): GroupView {
  return { service: "catalog", min: 1, max: 100, desired: 10, activities: [], ...more };
}

/** A scale-out or scale-in that began so many seconds ago and ended so many ago (`undefined`: not yet). */
export function activity(
  from: number,
  to: number,
  startedSecondsAgo: number,
  endedSecondsAgo?: number,
): ScalingActivity {
  const endedAtMs = endedSecondsAgo === undefined ? undefined : nowMs - endedSecondsAgo * 1_000;
  return { from, to, startedAtMs: nowMs - startedSecondsAgo * 1_000, endedAtMs };
}

export function policy<Type extends ScalingPolicy["policyType"]>(
  policyType: Type,
  more: Record<string, unknown>,
): PolicyOf<Type> {
  const input = { name: "p", policyType, ...more } as unknown as ScalingPolicyInput;
  return scalingPolicySchema.parse(input) as PolicyOf<Type>;
}

export function verdict(
  stance: PolicyVerdict["stance"],
  want: number,
  more: Partial<PolicyVerdict> = {},
): PolicyVerdict {
  return {
    policy: `${stance}-${want}`,
    policyType: "StepScaling",
    state: "OK",
    stance,
    want,
    guards: false,
    reason: "because",
    ...more,
  };
}
