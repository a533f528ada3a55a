import type { AlarmState, ScalingPolicy } from "@holdfast/wire/autoscale";
import { periodsSeen } from "./alarm.ts";
import { judgeSimple, judgeStep } from "./alarm-policies.ts";
import { decide, type ScalingDecision } from "./decide.ts";
import type { GroupView, PolicyVerdict } from "./group-view.ts";
import type { MetricSource, Series } from "./metric-source.ts";
import { judgeTarget, targetPeriods } from "./target-tracking.ts";

/** The forecast of one predictive policy: its verdict on this moment. */
export type Predict = (
  policy: Extract<ScalingPolicy, { policyType: "PredictiveScaling" }>,
  group: GroupView,
  nowMs: number,
) => PolicyVerdict;

export interface ScalerOptions {
  readonly source: MetricSource;
  readonly predict: Predict;
  /** A period's figures are complete so long after its end. */
  readonly metricDelayMs: number;
}

export interface Evaluation {
  readonly decision: ScalingDecision;
  /** In the order of the policies. */
  readonly verdicts: readonly PolicyVerdict[];
}

interface Memory {
  readonly endMs: number;
  readonly state: AlarmState;
  readonly verdict: PolicyVerdict;
}

/**
 * The policies of one group, and what each thought last. A policy looks once at each data point: until there is a new one it
 * stays with its opinion, and a policy of alarms does not adjust twice for one breach. Told the time; does nothing itself.
 */
export class GroupScaler {
  readonly #options: ScalerOptions;
  #policies: readonly ScalingPolicy[] = [];
  readonly #memory = new Map<string, Memory>();

  constructor(options: ScalerOptions, policies: readonly ScalingPolicy[]) {
    this.#options = options;
    this.policies = policies;
  }

  get policies(): readonly ScalingPolicy[] {
    return this.#policies;
  }

  /** A policy that has changed begins anew, without a memory. */
  set policies(policies: readonly ScalingPolicy[]) {
    const before = new Map(this.#policies.map((policy) => [policy.name, JSON.stringify(policy)]));
    const kept = new Set(
      policies.filter((policy) => before.get(policy.name) === JSON.stringify(policy)).map((policy) => policy.name),
    );
    for (const name of this.#memory.keys()) if (!kept.has(name)) this.#memory.delete(name);
    this.#policies = policies;
  }

  /** What the policies make of the group now. Disabled ones are judged and not heard. */
  evaluate(group: GroupView, nowMs: number): Evaluation {
    const verdicts = this.#policies.map((policy) => this.#judge(policy, group, nowMs));
    const heard = verdicts.filter((_, index) => this.#policies[index]?.enabled === true);
    return { decision: decide(group, heard), verdicts };
  }

  #judge(policy: ScalingPolicy, group: GroupView, nowMs: number): PolicyVerdict {
    if (policy.policyType === "PredictiveScaling") return this.#options.predict(policy, group, nowMs);
    const periodMs = policy.policyType === "TargetTrackingScaling" ? policy.period : policy.alarm.period;
    const endMs = Math.floor((nowMs - this.#options.metricDelayMs) / periodMs) * periodMs;
    const memory = this.#memory.get(policy.name);
    if (memory?.endMs === endMs) return seenAlready(memory.verdict, group);
    const verdict = this.#look(policy, group, memory?.state ?? "INSUFFICIENT_DATA", endMs, nowMs);
    this.#memory.set(policy.name, { endMs, state: verdict.state, verdict });
    return verdict;
  }

  #look(
    policy: Exclude<ScalingPolicy, { policyType: "PredictiveScaling" }>,
    group: GroupView,
    before: AlarmState,
    endMs: number,
    nowMs: number,
  ): PolicyVerdict {
    if (policy.policyType === "TargetTrackingScaling") {
      const { metric, period } = policy;
      const series = this.#read(group, { metric, statistic: "Average", period }, endMs, targetPeriods(policy));
      return judgeTarget(policy, series, group, nowMs);
    }
    const series = this.#read(group, policy.alarm, endMs, periodsSeen(policy.alarm));
    return policy.policyType === "SimpleScaling"
      ? judgeSimple(policy, series, before, group, nowMs)
      : judgeStep(policy, series, before, group, nowMs);
  }

  #read(
    group: GroupView,
    what: Pick<Extract<ScalingPolicy, { policyType: "StepScaling" }>["alarm"], "metric" | "statistic" | "period">,
    endMs: number,
    count: number,
  ): Series {
    const { metric, statistic, period: periodMs } = what;
    return this.#options.source.read({ service: group.service, metric, statistic, periodMs, endMs, count });
  }
}

/**
 * An opinion that was formed before. Target tracking says how many instances the load needs, which holds until the next
 * look; an adjustment is for the size it was made from, and is not repeated.
 */
function seenAlready(verdict: PolicyVerdict, group: GroupView): PolicyVerdict {
  if (verdict.stance !== "out" && verdict.stance !== "in") return verdict;
  if (verdict.policyType !== "TargetTrackingScaling") return { ...verdict, stance: "hold", want: group.desired };
  const isStill = verdict.stance === "out" ? verdict.want > group.desired : verdict.want < group.desired;
  return isStill ? verdict : { ...verdict, stance: "hold", want: group.desired };
}
