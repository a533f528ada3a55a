import type { ScalingPolicy, ScheduledAction } from "@holdfast/wire/autoscale";
import type { SizeBounds } from "./adjustment.ts";
import { type LoadPoint, loadAt, usualDistance } from "./load-file.ts";
import { instancesFor } from "./predictor.ts";
import { applyActions, Schedule } from "./schedule.ts";
import { type SimulatedChange, type SimulatedTick, simulate } from "./simulate.ts";

export interface ReplayOptions {
  readonly points: readonly LoadPoint[];
  readonly policies: readonly ScalingPolicy[];
  readonly scheduled: readonly ScheduledAction[];
  readonly bounds: SizeBounds;
  /** At the beginning; absent: what was recorded, else what the first load needs. */
  readonly instances?: number;
  readonly startupMs: number;
  /** So much load one instance is to carry at most; absent: the first target or high threshold among the policies. */
  readonly perInstance?: number;
}

/** One way through the load. */
export interface ReplayOutcome {
  readonly instanceHours: number;
  /** Minutes in which the load was more than the instances in service were to carry. */
  readonly shortMinutes: number;
  /** The load of an instance at the worst moment, in percent of what it is to carry; `null`: there was a load and no instance. */
  readonly worstPercent: number | null;
  readonly least: number;
  readonly most: number;
  readonly changes: number;
}

export interface ReplayMoment {
  readonly atMs: number;
  readonly load: number;
  /** As many as the load needed, were they there at once and for nothing. */
  readonly needed: number;
  readonly was: number | undefined;
  readonly would: number;
}

export interface ReplayReport {
  readonly perInstance: number;
  readonly hours: number;
  /** What happened; `undefined` where the file does not say. */
  readonly was: ReplayOutcome | undefined;
  readonly would: ReplayOutcome;
  /** Nothing can do better: each minute exactly the instances that it needed. */
  readonly ideal: ReplayOutcome;
  readonly moments: readonly ReplayMoment[];
  readonly changes: readonly SimulatedChange[];
}

const minuteMs = 60_000;
const hourMs = 3_600_000;

/** Takes a group under these policies through a load that was recorded, and compares with what was there then. */
export function replay(options: ReplayOptions): ReplayReport {
  const { points, policies, bounds } = options;
  const perInstance = options.perInstance ?? carried(policies);
  const tickMs = tickOf(policies);
  const startMs = Math.ceil((points[0]?.atMs ?? 0) / tickMs) * tickMs;
  const endMs = (points.at(-1)?.atMs ?? 0) + usualDistance(points);
  const at = loadAt(points);
  const atStart = at(startMs);
  const schedule = new Schedule(options.scheduled, startMs - 1);
  const first = options.instances ?? atStart?.instances ?? instancesFor(atStart?.load ?? 0, perInstance);
  const { ticks, changes } = simulate({
    policies,
    bounds,
    instances: Math.min(bounds.max, Math.max(bounds.min, first)),
    startMs,
    durationMs: endMs - startMs,
    tickMs,
    metricDelayMs: 0,
    startupMs: options.startupMs,
    saturation: policies.some((policy) => metricOf(policy) === "ASGAverageCPUUtilization") ? 100 : Number.MAX_VALUE,
    noise: () => 1,
    load: (wallMs) => at(wallMs)?.load ?? 0,
    isMeasured: (wallMs) => at(wallMs) !== undefined,
    scheduled: (group, nowMs) => {
      const due = schedule.due(nowMs);
      if (due.length === 0) return undefined;
      const { size, cause } = applyActions(group, due);
      return { ...size, cause };
    },
  });
  const moments = ticks.flatMap((tick) => momentOf(tick, at(tick.atMs), perInstance));
  const outcome = (size: (moment: ReplayMoment) => number): ReplayOutcome =>
    outcomeOf(moments, size, perInstance, tickMs);
  const isRecorded = moments.some((moment) => moment.was !== undefined);
  return {
    perInstance,
    hours: (endMs - startMs) / hourMs,
    was: isRecorded ? outcome((moment) => moment.was ?? 0) : undefined,
    would: outcome((moment) => moment.would),
    ideal: outcome((moment) => Math.min(bounds.max, Math.max(bounds.min, moment.needed))),
    moments,
    changes,
  };
}

/** What a policy watches. */
function metricOf(policy: ScalingPolicy): string {
  return "metric" in policy ? policy.metric : policy.alarm.metric;
}

/** A minute, or a shorter period of a policy. */
function tickOf(policies: readonly ScalingPolicy[]): number {
  const periods = policies.flatMap((policy) => {
    if (policy.policyType === "PredictiveScaling") return [];
    return policy.policyType === "TargetTrackingScaling" ? policy.period : policy.alarm.period;
  });
  return Math.min(minuteMs, ...periods);
}

/** What an instance is to carry, by the first policy that says so. */
function carried(policies: readonly ScalingPolicy[]): number {
  for (const policy of policies) if ("targetValue" in policy) return policy.targetValue;
  for (const policy of policies) {
    if ("alarm" in policy && policy.alarm.comparisonOperator.startsWith("Greater")) return policy.alarm.threshold;
  }
  return 1;
}

function momentOf(tick: SimulatedTick, point: LoadPoint | undefined, perInstance: number): ReplayMoment[] {
  if (point === undefined) return [];
  const { atMs, load, inService } = tick;
  return [{ atMs, load, needed: instancesFor(load, perInstance), was: point.instances, would: inService }];
}

function outcomeOf(
  moments: readonly ReplayMoment[],
  size: (moment: ReplayMoment) => number,
  perInstance: number,
  tickMs: number,
): ReplayOutcome {
  let instanceTicks = 0;
  let short = 0;
  let worst = 0;
  let least = Number.POSITIVE_INFINITY;
  let most = 0;
  let changes = 0;
  let before: number | undefined;
  for (const moment of moments) {
    const now = size(moment);
    instanceTicks += now;
    if (moment.load > now * perInstance * (1 + 1e-9)) short++;
    if (moment.load > 0) worst = Math.max(worst, moment.load / (now * perInstance));
    least = Math.min(least, now);
    most = Math.max(most, now);
    if (before !== undefined && before !== now) changes++;
    before = now;
  }
  return {
    instanceHours: (instanceTicks * tickMs) / hourMs,
    shortMinutes: (short * tickMs) / minuteMs,
    worstPercent: Number.isFinite(worst) ? worst * 100 : null,
    least: moments.length === 0 ? 0 : least,
    most,
    changes,
  };
}
