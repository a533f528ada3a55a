import type { AlarmDefinition, PolicyOf } from "@holdfast/wire/autoscale";
import { evaluateAlarm, figure, seconds } from "./alarm.ts";
import { unlessWarming } from "./alarm-policies.ts";
import type { GroupView, PolicyVerdict } from "./group-view.ts";
import { type Datapoint, latest, type Series } from "./metric-source.ts";

type Policy = PolicyOf<"TargetTrackingScaling">;

/** What was measured is off by rounding; a share this small is not an instance. */
const hair = 1e-9;

/**
 * Target tracking: as many instances as hold the metric's average at or under the target.
 *
 * What is sized is the demand, `value × instances` of a data point, and not the present size times a ratio: figures that are
 * older than the last change still say how many instances the load needs, so a second look never adds twice.
 * Out at once: over the target in `scaleOutPeriods` periods in a row (2; AWS has 3 of a minute), by the latest figure.
 * In slowly: under `1 - tolerance` of it in every one of `scaleInPeriods` periods (15, as AWS; 10 %), by the highest of them,
 * and only so far that the metric stays under that mark: what made it go in can then not send it out again.
 * An instance that did not report counts as idle when adding, as being at the target when taking away (Kubernetes' HPA).
 * A period without a figure takes nothing away.
 */
export function judgeTarget(policy: Policy, series: Series, group: GroupView, nowMs: number): PolicyVerdict {
  const { targetValue, scaleInPeriods } = policy;
  const verdict = {
    policy: policy.name,
    policyType: policy.policyType,
    want: group.desired,
    guards: !policy.disableScaleIn,
  };
  const high = evaluateAlarm(highAlarm(policy), asIfIdle(series), "OK");
  const lastPoint = series.findLast((point) => point !== undefined);
  const isKnown = latest(series, policy.scaleOutPeriods).some((point) => point !== undefined);
  if (lastPoint === undefined || !isKnown) {
    const reason = `${policy.metric} was not measured in the last ${seconds(policy.scaleOutPeriods * policy.period)}; no data, no change`;
    return { ...verdict, state: "INSUFFICIENT_DATA", stance: "unknown", reason };
  }
  if (high.state === "ALARM") {
    const want = Math.ceil(demandIfIdle(lastPoint) / targetValue - hair);
    if (want > group.desired) {
      return { ...verdict, state: "ALARM", stance: "out", want, reason: over(policy, lastPoint, want) };
    }
    const reason = `${over(policy, lastPoint, want)}; ${group.desired} are there or on their way`;
    return { ...verdict, state: "ALARM", stance: "hold", reason };
  }
  const mark = targetValue * (1 - policy.tolerance);
  const inward = asIfAtTarget(latest(series, scaleInPeriods), targetValue);
  const low = evaluateAlarm(lowAlarm(policy, mark), inward, "OK");
  if (policy.disableScaleIn || low.state !== "ALARM" || low.missing > 0) {
    return { ...verdict, state: "OK", stance: "hold", reason: atEase(policy, lastPoint, low.missing) };
  }
  const want = Math.ceil(highestDemand(inward) / mark - hair);
  if (want >= group.desired) return { ...verdict, state: "OK", stance: "hold", reason: atEase(policy, lastPoint, 0) };
  const reason = `${policy.metric} was under ${figure(mark)} in all of the last ${scaleInPeriods} periods of ${seconds(policy.period)}; its highest needs ${want}`;
  const inVerdict: PolicyVerdict = { ...verdict, state: "OK", stance: "in", want, reason };
  return unlessWarming(inVerdict, group, policy.estimatedInstanceWarmup, nowMs);
}

/** How many data points {@link judgeTarget} wants to see. */
export function targetPeriods(policy: Policy): number {
  return Math.max(policy.scaleOutPeriods, policy.scaleInPeriods) + 2;
}

function highAlarm(policy: Policy): AlarmDefinition {
  return {
    metric: policy.metric,
    statistic: "Average",
    period: policy.period,
    evaluationPeriods: policy.scaleOutPeriods,
    threshold: policy.targetValue,
    comparisonOperator: "GreaterThanThreshold",
    treatMissingData: "notBreaching",
  };
}

function lowAlarm(policy: Policy, mark: number): AlarmDefinition {
  return {
    ...highAlarm(policy),
    evaluationPeriods: policy.scaleInPeriods,
    threshold: mark,
    comparisonOperator: "LessThanThreshold",
  };
}

function asIfIdle(series: Series): Series {
  return series.map((point) => point && { ...point, value: demandIfIdle(point) / point.inService });
}

function asIfAtTarget(series: Series, target: number): Series {
  return series.map((point) => {
    if (point === undefined) return undefined;
    const silent = Math.max(0, point.inService - point.reporting);
    return { ...point, value: (demandIfIdle(point) + target * silent) / point.inService };
  });
}

function demandIfIdle(point: Datapoint): number {
  return point.value * point.reporting;
}

function highestDemand(series: Series): number {
  let highest = 0;
  for (const point of series) if (point) highest = Math.max(highest, point.value * point.inService);
  return highest;
}

function over(policy: Policy, point: Datapoint, want: number): string {
  return `${policy.metric} was over the target of ${figure(policy.targetValue)} in the last ${policy.scaleOutPeriods} periods of ${seconds(policy.period)}; ${figure(point.value)} on ${figure(point.reporting)} instances needs ${want}`;
}

function atEase(policy: Policy, point: Datapoint, missing: number): string {
  const target = `target ${figure(policy.targetValue)}`;
  const silent = missing > 0 ? `; ${missing} of the last ${policy.scaleInPeriods} periods were not measured` : "";
  const only = policy.disableScaleIn ? "; never takes instances away" : "";
  return `${policy.metric} is ${figure(point.value)} (${target})${silent}${only}`;
}
