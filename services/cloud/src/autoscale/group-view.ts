import type { AlarmState, ScalingPolicy } from "@holdfast/wire/autoscale";

/** One change of a group's wanted size, by whomever. */
export interface ScalingActivity {
  readonly from: number;
  readonly to: number;
  /** Wall ms. */
  readonly startedAtMs: number;
  /** Wall ms at which the last instance had come into service, or had gone; `undefined` while that is under way. */
  readonly endedAtMs: number | undefined;
}

/** All that policies need to know of a group. */
export interface GroupView {
  readonly service: string;
  readonly min: number;
  readonly max: number;
  readonly desired: number;
  /** How long simple policies without a cooldown of their own wait. Default: AWS's `DefaultCooldown`, 300 s. */
  readonly defaultCooldownMs?: number;
  /** Changes of the wanted size, oldest first, as far back as warm-ups and cooldowns reach. */
  readonly activities: readonly ScalingActivity[];
}

/** What one policy thinks of one moment. */
export interface PolicyVerdict {
  readonly policy: string;
  readonly policyType: ScalingPolicy["policyType"];
  readonly state: AlarmState;
  /**
   * `out`, `in`: it wants another size. `hold`: the present one. `wait`: it would change it, and may not yet.
   * `unknown`: it lacks figures. `floor`: at least `want`, whatever the others say. `shown`: what it wants is only shown.
   */
  readonly stance: "out" | "in" | "hold" | "wait" | "unknown" | "floor" | "shown";
  /** The size it wants, before the group's bounds; the present one when it wants none. */
  readonly want: number;
  /** As long as this policy does not say `in` itself, no other may take instances away. */
  readonly guards: boolean;
  /** A forecast that may go past the group's max may go so far. */
  readonly max?: number;
  /** One sentence. */
  readonly reason: string;
}

/**
 * The size that a policy adds to: instances that are warming up after a scale-out do not count yet. A second look at the same
 * overload then comes to the same size, and does not add twice (AWS: "Set the default instance warmup").
 */
export function warmedSize(group: GroupView, warmupMs: number, nowMs: number): number {
  let size = group.desired;
  for (const activity of group.activities) {
    if (isWarming(activity, warmupMs, nowMs)) size = Math.min(size, activity.from);
  }
  return size;
}

/** The size that a policy takes from: instances on their way out still count, so that none is taken twice. */
export function leavingSize(group: GroupView): number {
  let size = group.desired;
  for (const { from, to, endedAtMs } of group.activities) {
    if (to < from && endedAtMs === undefined) size = Math.max(size, from);
  }
  return size;
}

/** Ms until the last scale-out has warmed up; 0 when none is warming, `undefined` while instances are still being launched. */
export function warmingForMs(group: GroupView, warmupMs: number, nowMs: number): number | undefined {
  let longestMs = 0;
  for (const activity of group.activities) {
    if (!isWarming(activity, warmupMs, nowMs)) continue;
    if (activity.endedAtMs === undefined) return undefined;
    longestMs = Math.max(longestMs, activity.endedAtMs + warmupMs - nowMs);
  }
  return longestMs;
}

function isWarming({ from, to, endedAtMs }: ScalingActivity, warmupMs: number, nowMs: number): boolean {
  return to > from && (endedAtMs === undefined || nowMs < endedAtMs + warmupMs);
}
