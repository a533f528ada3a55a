import type { InstanceObservation } from "@holdfast/wire";
import { isOutdated, type ServerGroup } from "./group.ts";

/** A rollout whose instances crash so often in a row in one zone has failed. */
export const rolloutCrashesMax = 5;

export interface GroupProgress {
  /** Instances of the wanted kind that serve. */
  readonly done: number;
  readonly total: number;
  /** All serve, and nothing of the former state is left. */
  readonly complete: boolean;
}

/** How far a group is on its way to what it should be. */
export function progressOf(group: ServerGroup, instances: readonly InstanceObservation[]): GroupProgress {
  let done = 0;
  let left = 0;
  for (const instance of instances) {
    const mark = group.marks[instance.spec.id];
    if (instance.state === "stopped" || mark?.standby === true || mark?.warm !== undefined) continue;
    if (isOutdated(group, instance)) left++;
    else if (instance.state === "up" && mark?.hook === undefined) done++;
    else left++;
  }
  const total = group.desired;
  return { done: Math.min(done, total), total, complete: done === total && left === 0 };
}
