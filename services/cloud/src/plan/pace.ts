import type { PlanInput } from "./action.ts";

/** A rollout may go down to so many that serve; without a pace of its own not below what is wanted. */
export function healthyFloor({ group }: PlanInput): number {
  const percent = group.rollout?.minHealthyPercent ?? 100;
  return Math.ceil((group.desired * percent) / 100);
}

/** True when successors come first. Where nothing may be started beside, they do all the same if nobody can be spared. */
export function startsSuccessorsFirst(input: PlanInput): boolean {
  return input.group.rollout?.noSurge === undefined || healthyFloor(input) >= input.group.desired;
}
