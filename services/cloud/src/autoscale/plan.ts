import { PlatformError } from "@holdfast/kernel";
import type { ScalingPolicy, ScheduledAction } from "@holdfast/wire/autoscale";
import { checkAction } from "./schedule.ts";

/** How one service is to be scaled. */
export interface ScalingPlan {
  readonly policies: readonly ScalingPolicy[];
  readonly scheduled: readonly ScheduledAction[];
}

export const noPlan: ScalingPlan = { policies: [], scheduled: [] };

/** AWS has 50 policies and 125 scheduled actions a group. */
const policiesMax = 50;
const scheduledMax = 125;

/**
 * Refuses a plan that contradicts itself, before anything is changed.
 *
 * @throws PlatformError `SCALING_PLAN_INVALID`, `SCHEDULE_INVALID` (400).
 */
export function checkPlan(plan: ScalingPlan): void {
  if (plan.policies.length > policiesMax) refuse(`a service has at most ${policiesMax} scaling policies`);
  if (plan.scheduled.length > scheduledMax) refuse(`a service has at most ${scheduledMax} scheduled actions`);
  checkNames("policies", plan.policies);
  checkNames("scheduled", plan.scheduled);
  for (const action of plan.scheduled) checkAction(action);
}

export function samePlan(a: ScalingPlan, b: ScalingPlan): boolean {
  // Both have come through the same schema, which puts keys in its own order.
  return JSON.stringify([a.policies, a.scheduled]) === JSON.stringify([b.policies, b.scheduled]);
}

function checkNames(what: keyof ScalingPlan, items: readonly { readonly name: string }[]): void {
  const seen = new Set<string>();
  for (const { name } of items) {
    if (seen.has(name)) refuse(`${what}: there are two with the name ${name}`);
    seen.add(name);
  }
}

function refuse(reason: string): never {
  throw new PlatformError("SCALING_PLAN_INVALID", reason, { status: 400, next: "docs/autoscaling.md" });
}
