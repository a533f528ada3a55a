import type { AlarmDefinition, AlarmState, PolicyOf } from "@holdfast/wire/autoscale";
import { groupSettingsDefaults } from "../group-settings.ts";
import { adjust, stepFor } from "./adjustment.ts";
import { type AlarmVerdict, evaluateAlarm, figure, seconds } from "./alarm.ts";
import { type GroupView, leavingSize, type PolicyVerdict, warmedSize, warmingForMs } from "./group-view.ts";
import type { Series } from "./metric-source.ts";

/**
 * Simple scaling: when the alarm is in ALARM, one adjustment of the present size, and then nothing until `cooldown` has
 * passed (its own, else the group's) since the last scaling activity of the group, by whomever, ended (AWS: from when its last instance was launched or
 * gone).
 */
export function judgeSimple(
  policy: PolicyOf<"SimpleScaling">,
  series: Series,
  before: AlarmState,
  group: GroupView,
  nowMs: number,
): PolicyVerdict {
  const alarm = evaluateAlarm(policy.alarm, series, before);
  if (alarm.state !== "ALARM") return calm(policy, alarm, group);
  const want = adjust(group.desired, policy);
  const verdict = wanting(policy, alarm, group, want, alarm.reason);
  if (verdict.stance !== "out" && verdict.stance !== "in") return verdict;
  const last = group.activities.at(-1);
  if (last === undefined) return verdict;
  if (last.endedAtMs === undefined) {
    return { ...verdict, stance: "wait", reason: `${alarm.reason}; waits for the scaling to ${last.to} to end` };
  }
  const cooldownMs = policy.cooldown ?? group.defaultCooldownMs ?? groupSettingsDefaults.defaultCooldownMs;
  const leftMs = last.endedAtMs + cooldownMs - nowMs;
  if (leftMs <= 0) return verdict;
  return { ...verdict, stance: "wait", reason: `${alarm.reason}; the cooldown ends in ${seconds(leftMs)}` };
}

/**
 * Step scaling: while the alarm is in ALARM, the step that the breach falls in is looked up each period. There is no
 * cooldown: what is warming up does not count towards the size that is added to, so a breach in the same step adds nothing
 * more, and one in a higher step adds the difference. Nothing is taken away while a scale-out is warming up.
 */
export function judgeStep(
  policy: PolicyOf<"StepScaling">,
  series: Series,
  before: AlarmState,
  group: GroupView,
  nowMs: number,
): PolicyVerdict {
  const alarm = evaluateAlarm(policy.alarm, series, before);
  if (alarm.state !== "ALARM") return calm(policy, alarm, group);
  const { threshold } = policy.alarm;
  if (alarm.values.length === 0) {
    const reason = `${alarm.reason}; the alarm is on, but no step can be chosen without a figure`;
    return { ...calm(policy, alarm, group), stance: "unknown", reason };
  }
  const value = aggregate(alarm.values, policy.metricAggregationType);
  const step = stepFor(policy.stepAdjustments, value, threshold, isHigh(policy.alarm));
  if (step === undefined) {
    const reason = `${alarm.reason}; no step is for ${figure(value)}, ${figure(value - threshold)} from the threshold`;
    return { ...calm(policy, alarm, group), reason };
  }
  const adjustment = { ...policy, scalingAdjustment: step.scalingAdjustment };
  const outwards = adjust(warmedSize(group, policy.estimatedInstanceWarmup, nowMs), adjustment);
  const inwards = adjust(leavingSize(group), adjustment);
  const isOut = policy.adjustmentType === "ExactCapacity" ? inwards > group.desired : step.scalingAdjustment > 0;
  const want = isOut ? Math.max(group.desired, outwards) : Math.min(group.desired, inwards);
  const reason = `${alarm.reason}; the step for ${figure(value)} says ${stepWords(policy, step.scalingAdjustment)}`;
  const verdict = wanting(policy, alarm, group, want, reason);
  return verdict.stance === "in" ? unlessWarming(verdict, group, policy.estimatedInstanceWarmup, nowMs) : verdict;
}

/** A wish for fewer instances waits while new ones warm up (AWS: no scale-in while a scale-out is in progress). */
export function unlessWarming(
  verdict: PolicyVerdict,
  group: GroupView,
  warmupMs: number,
  nowMs: number,
): PolicyVerdict {
  const warmMs = warmingForMs(group, warmupMs, nowMs);
  if (warmMs === 0) return verdict;
  const until = warmMs === undefined ? "new instances are being launched" : `warm-up ends in ${seconds(warmMs)}`;
  return { ...verdict, stance: "wait", reason: `${verdict.reason}; takes none away yet: ${until}` };
}

type AlarmPolicy = PolicyOf<"SimpleScaling"> | PolicyOf<"StepScaling">;

/** A policy whose alarm is not on. It does not keep others from taking instances away; one that knows nothing does. */
function calm(policy: AlarmPolicy, alarm: AlarmVerdict, group: GroupView): PolicyVerdict {
  const isUnknown = alarm.state === "INSUFFICIENT_DATA";
  return {
    policy: policy.name,
    policyType: policy.policyType,
    state: alarm.state,
    stance: isUnknown ? "unknown" : "hold",
    want: group.desired,
    guards: isUnknown && isHigh(policy.alarm),
    reason: alarm.reason,
  };
}

function wanting(
  policy: AlarmPolicy,
  alarm: AlarmVerdict,
  group: GroupView,
  want: number,
  reason: string,
): PolicyVerdict {
  const verdict = {
    policy: policy.name,
    policyType: policy.policyType,
    state: alarm.state,
    want,
    guards: false,
    reason,
  };
  if (want === group.desired) return { ...verdict, stance: "hold" };
  if (want > group.desired) return { ...verdict, stance: "out" };
  if (alarm.missing === 0) return { ...verdict, stance: "in" };
  return {
    ...verdict,
    stance: "unknown",
    want: group.desired,
    reason: `${reason}; takes none away: ${alarm.missing} of the last ${policy.alarm.evaluationPeriods} periods were not measured`,
  };
}

function isHigh(alarm: AlarmDefinition): boolean {
  return alarm.comparisonOperator.startsWith("Greater");
}

function aggregate(values: readonly number[], by: PolicyOf<"StepScaling">["metricAggregationType"]): number {
  if (by === "Minimum") return Math.min(...values);
  if (by === "Maximum") return Math.max(...values);
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function stepWords(policy: PolicyOf<"StepScaling">, amount: number): string {
  if (policy.adjustmentType === "ExactCapacity") return `exactly ${amount}`;
  const sign = amount > 0 ? "+" : "";
  return policy.adjustmentType === "ChangeInCapacity" ? `${sign}${amount}` : `${sign}${amount} %`;
}
