import { type Log, messageOf } from "@holdfast/kernel";
import type { Evaluation, GroupScaler } from "./group-scaler.ts";
import { type ScalingPlan, samePlan } from "./plan.ts";
import { ScalingHistory } from "./scaling-history.ts";
import type { ScalableGroup, ScalingTarget } from "./scaling-target.ts";
import { applyActions, type DueAction, type GroupSize, Schedule } from "./schedule.ts";

/** A max that a forecast went past: what it was, and what it is until it is no longer needed. */
export interface RaisedMax {
  readonly from: number;
  readonly to: number;
}

export interface ScaledServiceParts {
  readonly service: string;
  readonly scaler: GroupScaler;
  readonly target: ScalingTarget;
  readonly log: Log;
  readonly plan: ScalingPlan;
  /** Wall ms up to which scheduled actions have been done. */
  readonly doneUntilMs: number;
  readonly raised: RaisedMax | undefined;
}

const policyActor = "autoscaler";
const scheduleActor = "schedule";

/** One service with a plan: its memory, and one look at it. */
export class ScaledService {
  readonly #parts: ScaledServiceParts;
  #plan: ScalingPlan;
  #schedule: Schedule;
  #doneUntilMs: number;
  /** Due, and not done yet because it was refused. */
  #pending: readonly DueAction[] = [];
  #history = new ScalingHistory();
  /** The group that `#history` is of. */
  #group = "";
  #raised: RaisedMax | undefined;
  #evaluation: Evaluation | undefined;
  #evaluatedAtMs: number | undefined;
  #heldBy = "";
  #failure = "";

  constructor(parts: ScaledServiceParts) {
    this.#parts = parts;
    this.#plan = parts.plan;
    this.#schedule = new Schedule(parts.plan.scheduled, parts.doneUntilMs);
    this.#doneUntilMs = parts.doneUntilMs;
    this.#raised = parts.raised;
  }

  get plan(): ScalingPlan {
    return this.#plan;
  }

  /** Up to when scheduled actions have been done; wall ms. */
  get doneUntilMs(): number {
    return this.#doneUntilMs;
  }

  get raised(): RaisedMax | undefined {
    return this.#raised;
  }

  get evaluation(): Evaluation | undefined {
    return this.#evaluation;
  }

  get evaluatedAtMs(): number | undefined {
    return this.#evaluatedAtMs;
  }

  /** Why what the policies want is not done; empty when it is. */
  get heldBy(): string {
    return this.#heldBy;
  }

  /** Why the last change could not be made; empty after one that could. */
  get failure(): string {
    return this.#failure;
  }

  /** Another plan from now on: what the new actions would have done before is not made up for. */
  setPlan(plan: ScalingPlan, nowMs: number): void {
    if (samePlan(plan, this.#plan)) return;
    if (!samePlan({ ...plan, policies: [] }, { ...this.#plan, policies: [] })) {
      this.#doneUntilMs = Math.max(nowMs, this.#doneUntilMs);
      this.#schedule = new Schedule(plan.scheduled, this.#doneUntilMs);
      this.#pending = [];
    }
    this.#parts.scaler.policies = plan.policies;
    this.#plan = plan;
  }

  /** Does what is due, then what the policies want. */
  async look(nowMs: number): Promise<void> {
    const { service, target } = this.#parts;
    const group = target.group(service);
    if (group === undefined) return;
    if (group.name !== this.#group) {
      this.#history = new ScalingHistory();
      this.#group = group.name;
    }
    if (group.max !== this.#raised?.to) this.#raised = undefined;
    this.#history.observe(group.desired, group.inService, nowMs);
    const hasChanged = await this.#doScheduled(group, nowMs);
    // What a schedule has just made is looked at by the policies the next time, when it can be seen.
    if (!hasChanged) await this.#doPolicies(group, nowMs);
  }

  async #doScheduled(group: ScalableGroup, nowMs: number): Promise<boolean> {
    const due = [...this.#pending, ...this.#schedule.due(nowMs)];
    if (due.length === 0) return false;
    this.#pending = due;
    if (group.scheduleSuspended) {
      // As at AWS, an action whose time comes while they are suspended is lost.
      this.#finishDue();
      this.#parts.log.info("autoscale.schedule-suspended", { service: this.#parts.service, actions: namesOf(due) });
      return false;
    }
    const { size, cause, refused } = applyActions(group, due);
    if (refused.length > 0) this.#parts.log.warn("autoscale.action-refused", { service: this.#parts.service, refused });
    const isSame = size.min === group.min && size.max === group.max && size.desired === group.desired;
    if (isSame) {
      this.#finishDue();
      return false;
    }
    if (!(await this.#resize(group, size, scheduleActor, cause, nowMs))) return true;
    this.#raised = undefined;
    this.#finishDue();
    return true;
  }

  #finishDue(): void {
    this.#pending = [];
    this.#doneUntilMs = this.#schedule.doneUntilMs;
  }

  async #doPolicies(group: ScalableGroup, nowMs: number): Promise<void> {
    const max = this.#raised?.from ?? group.max;
    const { min, desired } = group;
    const view = {
      service: this.#parts.service,
      min,
      max,
      desired,
      ...(group.defaultCooldownMs === undefined ? {} : { defaultCooldownMs: group.defaultCooldownMs }),
      activities: this.#history.activities,
    };
    const evaluation = this.#parts.scaler.evaluate(view, nowMs);
    this.#evaluation = evaluation;
    this.#evaluatedAtMs = nowMs;
    const { decision } = evaluation;
    this.#heldBy = heldBy(group, decision.desired);
    if (this.#heldBy !== "" || this.#plan.policies.length === 0) return;
    const raised = decision.desired > max ? { from: max, to: decision.desired } : undefined;
    const size = { min, max: raised?.to ?? max, desired: decision.desired };
    if (size.desired === desired && size.max === group.max) return;
    if (await this.#resize(group, size, policyActor, decision.cause, nowMs)) this.#raised = raised;
  }

  async #resize(group: ScalableGroup, size: GroupSize, actor: string, cause: string, nowMs: number): Promise<boolean> {
    const { service, target, log } = this.#parts;
    try {
      await target.resize(group.name, size, actor, cause);
    } catch (error) {
      // Said once, not at each look.
      const failure = messageOf(error);
      if (failure !== this.#failure) log.warn("autoscale.resize-failed", { service, ...size, cause, reason: failure });
      this.#failure = failure;
      return false;
    }
    this.#failure = "";
    this.#history.observe(size.desired, group.inService, nowMs);
    log.info("autoscale.resized", { service, group: group.name, from: group.desired, ...size, cause });
    return true;
  }
}

function heldBy(group: ScalableGroup, desired: number): string {
  if (desired === group.desired) return "";
  if (group.policiesSuspended) return "AlarmNotification is suspended";
  return desired < group.desired && group.keepsAll !== "" ? group.keepsAll : "";
}

function namesOf(due: readonly DueAction[]): string[] {
  return due.map(({ action }) => action.name);
}
