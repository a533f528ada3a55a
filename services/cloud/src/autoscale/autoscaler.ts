import { type Clock, type Log, messageOf, PlatformError, type Timer } from "@holdfast/kernel";
import type { ScalingPolicy, ScheduledAction } from "@holdfast/wire/autoscale";
import type { ForecastResult } from "./forecast.ts";
import { type Evaluation, GroupScaler } from "./group-scaler.ts";
import { LoadRecorder } from "./load-recorder.ts";
import type { MetricSource } from "./metric-source.ts";
import { checkPlan, noPlan, type ScalingPlan, samePlan } from "./plan.ts";
import { Predictor } from "./predictor.ts";
import { ScaledService } from "./scaled-service.ts";
import { emptyScalingState, type ScalingState } from "./scaling-state.ts";
import type { ScalableGroup, ScalingTarget } from "./scaling-target.ts";

export interface AutoscalerParts {
  readonly clock: Clock;
  readonly log: Log;
  readonly source: MetricSource;
  readonly target: ScalingTarget;
  /** Keeps what must survive a restart; called after changes, and hourly for recorded load. */
  readonly keep: (state: ScalingState) => void;
  /** A period's figures are complete so long after its end. */
  readonly metricDelayMs: number;
}

/** One service with its policies, what they think now, and what comes next. */
export interface ScaledServiceView {
  readonly service: string;
  readonly plan: ScalingPlan;
  /** The application file's plan stands, or one that was set since. */
  readonly origin: "file" | "set";
  /** The group that is scaled: the one that gets traffic; `undefined` while there is none. */
  readonly group: ScalableGroup | undefined;
  /** `undefined` until the first look. */
  readonly evaluation: Evaluation | undefined;
  /** Why what the policies want is not done; empty when it is. */
  readonly heldBy: string;
  /** Why the last change could not be made; empty after one that could. */
  readonly failure: string;
  /** Wall ms of the last look. */
  readonly evaluatedAtMs: number | undefined;
}

/** How often groups are looked at. A policy acts at its own periods; a schedule at most this late. */
export const lookEveryMs = 5_000;
const keepLoadEveryMs = 3_600_000;

/**
 * Looks at every group that has scaling policies or scheduled actions, and asks for another size when they say so.
 *
 * Promise: one look never fails another group's; a size that is refused is asked for again with the next data point, not in a
 * loop; nothing is asked for while a group's `AlarmNotification` (policies) or `ScheduledActions` is suspended; nothing is
 * taken away while a rollout is under way or a zone is lost; each change has its cause in the group's diary.
 */
export class Autoscaler {
  readonly #parts: AutoscalerParts;
  readonly #recorder: LoadRecorder;
  readonly #predictor: Predictor;
  readonly #services = new Map<string, ScaledService>();
  readonly #set = new Map<string, { readonly plan: ScalingPlan; readonly over: ScalingPlan }>();
  readonly #files = new Map<string, ScalingPlan>();
  readonly #doneUntil = new Map<string, number>();
  readonly #restored: ScalingState;
  #timer: Timer | undefined;
  #isLooking = false;
  #loadKeptAtMs: number;

  constructor(parts: AutoscalerParts, state: ScalingState = emptyScalingState) {
    this.#parts = parts;
    this.#restored = state;
    this.#recorder = new LoadRecorder(parts.source, parts.metricDelayMs, state.loads);
    this.#predictor = new Predictor(this.#recorder);
    this.#loadKeptAtMs = parts.clock.wallMs();
    for (const { service, plan, over } of state.set) this.#set.set(service, { plan, over });
    for (const { service, untilMs } of state.scheduled) this.#doneUntil.set(service, untilMs);
  }

  /** Looks each five seconds until {@link stop}. */
  start(): void {
    this.#timer ??= this.#parts.clock.every(lookEveryMs, () => void this.look());
  }

  stop(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#keep();
  }

  /**
   * What the application file says of each service. A plan that was set by hand stands until the file itself says
   * something else.
   *
   * @throws PlatformError `SCHEDULE_INVALID`, `SCALING_PLAN_INVALID` (400); nothing has changed then.
   */
  configure(plans: Readonly<Record<string, ScalingPlan>>): void {
    for (const plan of Object.values(plans)) checkPlan(plan);
    for (const service of this.#files.keys()) if (!(service in plans)) this.#files.delete(service);
    for (const [service, plan] of Object.entries(plans)) {
      this.#files.set(service, plan);
      const set = this.#set.get(service);
      if (set !== undefined && !samePlan(set.over, plan)) this.#set.delete(service);
    }
    for (const service of this.#set.keys()) if (!(service in plans)) this.#set.delete(service);
    this.#refresh();
    this.#keep();
  }

  /**
   * Puts other policies or actions in the place of a service's; what is left out stays.
   *
   * @throws PlatformError `SERVICE_UNKNOWN` (404), `SCHEDULE_INVALID`, `SCALING_PLAN_INVALID` (400).
   */
  set(
    service: string,
    change: { readonly policies?: readonly ScalingPolicy[]; readonly scheduled?: readonly ScheduledAction[] },
  ): ScaledServiceView {
    const over = this.#files.get(service) ?? noPlan;
    if (!this.#files.has(service)) throw unknown(service, [...this.#files.keys()]);
    const present = this.#set.get(service)?.plan ?? over;
    const plan = {
      policies: change.policies ?? present.policies,
      scheduled: change.scheduled ?? present.scheduled,
    };
    checkPlan(plan);
    if (samePlan(plan, over)) this.#set.delete(service);
    else this.#set.set(service, { plan, over });
    this.#refresh();
    this.#keep();
    return this.view(service);
  }

  /** Back to what the application file says. @throws PlatformError `SERVICE_UNKNOWN` (404). */
  reset(service: string): ScaledServiceView {
    if (!this.#files.has(service)) throw unknown(service, [...this.#files.keys()]);
    this.#set.delete(service);
    this.#refresh();
    this.#keep();
    return this.view(service);
  }

  /** Services by name, those without any policy or action included. */
  views(): ScaledServiceView[] {
    return [...this.#files.keys()].toSorted().map((service) => this.view(service));
  }

  /** @throws PlatformError `SERVICE_UNKNOWN` (404). */
  view(service: string): ScaledServiceView {
    if (!this.#files.has(service)) throw unknown(service, [...this.#files.keys()]);
    const scaled = this.#services.get(service);
    return {
      service,
      plan: this.#set.get(service)?.plan ?? this.#files.get(service) ?? noPlan,
      origin: this.#set.has(service) ? "set" : "file",
      group: this.#parts.target.group(service),
      evaluation: scaled?.evaluation,
      heldBy: scaled?.heldBy ?? "",
      failure: scaled?.failure ?? "",
      evaluatedAtMs: scaled?.evaluatedAtMs,
    };
  }

  /** The forecast behind a predictive policy of a service. */
  forecast(service: string, metric: string): ForecastResult {
    return this.#predictor.forecast(service, metric, this.#parts.clock.wallMs());
  }

  /** One look at every group. Never rejects. */
  async look(): Promise<void> {
    if (this.#isLooking) return;
    this.#isLooking = true;
    const { clock, log } = this.#parts;
    for (const [service, scaled] of this.#services) {
      const raisedBefore = scaled.raised;
      try {
        await scaled.look(clock.wallMs());
      } catch (error) {
        log.error("autoscale.look-failed", { service, reason: messageOf(error) });
      }
      if (scaled.doneUntilMs === this.#doneUntil.get(service) && scaled.raised === raisedBefore) continue;
      this.#doneUntil.set(service, scaled.doneUntilMs);
      this.#keep();
    }
    this.#isLooking = false;
    if (clock.wallMs() - this.#loadKeptAtMs >= keepLoadEveryMs) this.#keep();
  }

  #refresh(): void {
    const nowMs = this.#parts.clock.wallMs();
    for (const service of [...this.#services.keys(), ...this.#doneUntil.keys()]) {
      if (this.#files.has(service)) continue;
      this.#services.delete(service);
      this.#doneUntil.delete(service);
    }
    for (const [service, file] of this.#files) {
      const plan = this.#set.get(service)?.plan ?? file;
      const known = this.#services.get(service);
      if (plan.policies.length === 0 && plan.scheduled.length === 0) {
        this.#services.delete(service);
        this.#doneUntil.delete(service);
      } else if (known === undefined) {
        // What came due before anybody asked for it is not made up for; what came due while control was away is.
        const doneUntilMs = this.#doneUntil.get(service) ?? nowMs;
        this.#doneUntil.set(service, doneUntilMs);
        const { target, log } = this.#parts;
        const scaler = this.#newScaler(plan);
        const raised = this.#restored.raised.find((item) => item.service === service)?.max;
        const parts = { service, scaler, target, log, plan, doneUntilMs, raised };
        this.#services.set(service, new ScaledService(parts));
      } else {
        known.setPlan(plan, nowMs);
      }
    }
  }

  #newScaler(plan: ScalingPlan): GroupScaler {
    const { source, metricDelayMs } = this.#parts;
    return new GroupScaler(
      { source, metricDelayMs, predict: (policy, group, nowMs) => this.#predictor.judge(policy, group, nowMs) },
      plan.policies,
    );
  }

  #keep(): void {
    this.#loadKeptAtMs = this.#parts.clock.wallMs();
    const predicted = new Set<string>();
    for (const [service, { plan }] of this.#services) {
      for (const policy of plan.policies) {
        if (policy.policyType === "PredictiveScaling") predicted.add(`${service} ${policy.metric}`);
      }
    }
    this.#parts.keep({
      set: [...this.#set].map(([service, set]) => ({ service, ...set })),
      scheduled: [...this.#doneUntil].map(([service, untilMs]) => ({ service, untilMs })),
      raised: [...this.#services].flatMap(([service, { raised }]) => (raised ? [{ service, max: raised }] : [])),
      loads: this.#recorder.stored((service, metric) => predicted.has(`${service} ${metric}`)),
    });
  }
}

function unknown(service: string, services: readonly string[]): PlatformError {
  return new PlatformError(
    "SERVICE_UNKNOWN",
    `${service}: no such service; known: ${services.join(", ") || "none yet"}`,
    {
      status: 404,
      details: { service },
      next: "holdfast autoscale list",
    },
  );
}
