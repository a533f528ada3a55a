import { type ForecastResult, nextDue, type ScaledServiceView } from "@holdfast/cloud-server";
import type { AutoscaleView, ForecastView } from "@holdfast/wire/control";

/** As control's API tells of one service. */
export function autoscaleView(view: ScaledServiceView, nowMs: number): AutoscaleView {
  const { group, evaluation, plan } = view;
  const verdicts = new Map(evaluation?.verdicts.map((verdict) => [verdict.policy, verdict]));
  return {
    service: view.service,
    group: group?.name ?? null,
    min: group?.min ?? 0,
    desired: group?.desired ?? 0,
    max: group?.max ?? 0,
    inService: group?.inService ?? 0,
    origin: view.origin,
    suspended: [
      ...(group?.policiesSuspended === true ? (["AlarmNotification"] as const) : []),
      ...(group?.scheduleSuspended === true ? (["ScheduledActions"] as const) : []),
    ],
    policies: plan.policies.map((policy) => {
      const verdict = verdicts.get(policy.name);
      return {
        policy,
        state: verdict?.state ?? "INSUFFICIENT_DATA",
        stance: verdict?.stance ?? "unknown",
        want: verdict?.want ?? null,
        reason: verdict?.reason ?? "not looked at yet",
      };
    }),
    scheduled: plan.scheduled.map((action) => {
      const nextMs = nextDue(action, nowMs);
      return { action, nextAt: nextMs === undefined ? null : new Date(nextMs).toISOString() };
    }),
    wants: evaluation?.decision.desired ?? null,
    cause: evaluation?.decision.cause ?? "",
    heldBy: view.heldBy,
    failure: view.failure,
    evaluatedAt: view.evaluatedAtMs === undefined ? null : new Date(view.evaluatedAtMs).toISOString(),
  };
}

/** As control's API tells of the load to come. */
export function forecastView(service: string, metric: string, result: ForecastResult): ForecastView {
  if (result.kind === "no-forecast") {
    const none = { season: null, errorPercent: null, startAt: null, demand: [] };
    return { service, metric, reason: result.reason, slotMs: 0, ...none };
  }
  return {
    service,
    metric,
    reason: "",
    season: result.season,
    errorPercent: result.errorPercent ?? null,
    slotMs: result.slotMs,
    startAt: new Date(result.startMs).toISOString(),
    demand: [...result.demand],
  };
}
