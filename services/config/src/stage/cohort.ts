import { hash32 } from "@holdfast/kernel";
import type { DeploymentContext } from "@holdfast/wire";
import { scopeMatches } from "../scope.ts";
import type { StageRecord, StageStep } from "./stage.ts";

type Cohort = Pick<StageRecord, "id" | "scope" | "steps" | "step" | "threshold">;

/** A number in [0, 1) for an instance in a trial: always the same, and spread differently in each trial. */
export function shareOf(stageId: string, instance: string): number {
  // FNV leaves neighbours near each other; this is the finaliser of MurmurHash3 (public domain).
  let hash = hash32(`${stageId} ${instance}`);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return ((hash ^ (hash >>> 16)) >>> 0) / 4_294_967_296;
}

/**
 * The threshold that lets exactly the wanted share of `instances` in, rounded up: of six, a tenth is one. Instances that
 * come later are in by their own share. Never below `before`: who is in stays in.
 */
export function thresholdFor(stageId: string, step: StageStep, instances: readonly string[], before: number): number {
  if (!("fraction" in step)) return before;
  if (step.fraction >= 1) return 1;
  const shares = instances.map((instance) => shareOf(stageId, instance)).toSorted((a, b) => a - b);
  const wanted = Math.ceil(step.fraction * shares.length);
  return Math.max(before, shares[wanted - 1] ?? step.fraction);
}

/** Whether the trial's value counts for who is `context` (normal). Who was in at an earlier step stays in. */
export function isStaged(stage: Cohort, context: DeploymentContext): boolean {
  if (!scopeMatches(stage.scope, context)) return false;
  if (stage.threshold >= 1) return true;
  const { serverId, zone } = context;
  if (serverId !== undefined && shareOf(stage.id, serverId) <= stage.threshold) return true;
  const zones = stage.steps.slice(0, stage.step + 1).flatMap((step) => ("zones" in step ? step.zones : []));
  return zone !== undefined && zones.includes(zone);
}

/** What a step is, in words. */
export function stepName(step: StageStep): string {
  if ("zones" in step) return `zone ${step.zones.join(", ")}`;
  return step.fraction >= 1 ? "all" : `${Number((step.fraction * 100).toFixed(2))} %`;
}
