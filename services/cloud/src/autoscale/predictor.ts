import type { PolicyOf } from "@holdfast/wire/autoscale";
import { figure, seconds } from "./alarm.ts";
import { type Forecast, type ForecastResult, forecast } from "./forecast.ts";
import type { GroupView, PolicyVerdict } from "./group-view.ts";
import type { LoadRecorder } from "./load-recorder.ts";

type Policy = PolicyOf<"PredictiveScaling">;

/** How often a forecast is made anew. AWS does so every 6 h; ours takes milliseconds. */
const remakeMs = 3_600_000;
const noHistory = "a forecast needs 24 h of history, there is none yet";

interface Cached {
  readonly madeAtMs: number;
  readonly result: ForecastResult;
}

/** Makes forecasts and keeps them for an hour; says what each predictive policy wants now. */
export class Predictor {
  readonly #recorder: LoadRecorder;
  readonly #cache = new Map<string, Cached>();

  constructor(recorder: LoadRecorder) {
    this.#recorder = recorder;
  }

  /** The forecast for one service by one metric. */
  forecast(service: string, metric: string, nowMs: number): ForecastResult {
    const key = `${service} ${metric}`;
    const cached = this.#cache.get(key);
    const isFresh = cached !== undefined && nowMs - cached.madeAtMs < remakeMs && nowMs >= cached.madeAtMs;
    if (isFresh && cached.result.kind === "forecast") return cached.result;
    const history = this.#recorder.history(service, metric);
    const result: ForecastResult =
      history === undefined ? { kind: "no-forecast", reason: noHistory } : forecast(history);
    this.#cache.set(key, { madeAtMs: nowMs, result });
    return result;
  }

  /**
   * As many instances as the load needs at its highest from now until `schedulingBufferTime` from now: those that are launched
   * now are ready by then.
   */
  judge(policy: Policy, group: GroupView, nowMs: number): PolicyVerdict {
    const verdict = { policy: policy.name, policyType: policy.policyType, want: group.desired, guards: false };
    this.#recorder.sample(group.service, policy.metric, nowMs);
    const made = this.forecast(group.service, policy.metric, nowMs);
    if (made.kind === "no-forecast") {
      return { ...verdict, state: "INSUFFICIENT_DATA", stance: "unknown", reason: made.reason };
    }
    const peak = peakOf(made, nowMs, nowMs + policy.schedulingBufferTime);
    if (peak === undefined) {
      const reason = "the forecast has run out: nothing was measured in the last two days";
      return { ...verdict, state: "INSUFFICIENT_DATA", stance: "unknown", reason };
    }
    const want = instancesFor(peak.demand, policy.targetValue);
    const isObeyed = policy.mode === "ForecastAndScale";
    return {
      ...verdict,
      state: "OK",
      stance: isObeyed ? "floor" : "shown",
      want,
      ...raisedMax(policy, group, want),
      reason: sentence(policy, made, peak, want),
    };
  }
}

/** So many instances hold a load at the target. */
export function instancesFor(demand: number, target: number): number {
  return Math.ceil(demand / target - 1e-9);
}

interface Peak {
  readonly atMs: number;
  readonly demand: number;
}

function peakOf(made: Forecast, fromMs: number, toMs: number): Peak | undefined {
  let peak: Peak | undefined;
  const first = Math.max(0, Math.floor((fromMs - made.startMs) / made.slotMs));
  const last = Math.floor((toMs - made.startMs) / made.slotMs);
  for (let index = first; index <= last; index++) {
    const demand = made.demand[index];
    if (demand === undefined || (peak !== undefined && demand <= peak.demand)) continue;
    peak = { atMs: made.startMs + index * made.slotMs, demand };
  }
  return peak;
}

/** AWS: with IncreaseMaxCapacity the max rises to the forecast and `maxCapacityBuffer` percent on top of it. */
function raisedMax(policy: Policy, group: GroupView, want: number): Pick<PolicyVerdict, "max"> {
  if (policy.mode !== "ForecastAndScale" || policy.maxCapacityBreachBehavior === "HonorMaxCapacity") return {};
  const max = Math.ceil(want * (1 + policy.maxCapacityBuffer / 100));
  return max > group.max ? { max } : {};
}

function sentence(policy: Policy, made: Forecast, peak: Peak, want: number): string {
  const at = new Date(peak.atMs).toISOString().slice(11, 16);
  const off = made.errorPercent === undefined ? "not proven yet" : `off by ${figure(made.errorPercent)} % so far`;
  const within = `in the next ${seconds(policy.schedulingBufferTime)}`;
  return `the ${made.season} forecast (${off}) is ${figure(peak.demand)} at ${at} UTC ${within}, which needs ${want}`;
}
