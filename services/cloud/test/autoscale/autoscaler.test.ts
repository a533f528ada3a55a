import assert from "node:assert/strict";
import { test } from "node:test";
import { hasCode, silentLog } from "@holdfast/kernel";
import { FakeClock } from "@holdfast/testing";
import { type ScheduledActionInput, scheduledActionSchema } from "@holdfast/wire/autoscale";
import { Autoscaler } from "../../src/autoscale/autoscaler.ts";
import { noPlan, type ScalingPlan } from "../../src/autoscale/plan.ts";
import { Plant } from "../../src/autoscale/plant.ts";
import { readScalingState, type ScalingState } from "../../src/autoscale/scaling-state.ts";
import type { ScalableGroup, ScalingTarget } from "../../src/autoscale/scaling-target.ts";
import type { GroupSize } from "../../src/autoscale/schedule.ts";
import { policy } from "./policies.ts";

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
/** 12:00 on a Monday. */
const noonMs = Date.parse("2026-01-05T12:00:00Z");

const tracking = policy("TargetTrackingScaling", { name: "rps", metric: "ALBRequestCountPerTarget", targetValue: 100 });
const plan: ScalingPlan = { policies: [tracking], scheduled: [] };

function actions(...inputs: Partial<ScheduledActionInput>[]): ScalingPlan["scheduled"] {
  return inputs.map((input, index) => scheduledActionSchema.parse({ name: `action-${index}`, ...input }));
}

interface Asked extends GroupSize {
  readonly atMinute: number;
  readonly actor: string;
  readonly cause: string;
}

/** One group on a simulated plant, with an autoscaler that can be ended and begun again. */
class World implements ScalingTarget {
  readonly clock = new FakeClock(noonMs);
  readonly asked: Asked[] = [];
  readonly plant: Plant;
  load = 300;
  size: GroupSize = { min: 2, max: 20, desired: 3 };
  state: Partial<ScalableGroup> = {};
  refusal: Error | undefined;
  isThere = true;
  kept: string | undefined;
  scaler: Autoscaler;

  constructor() {
    const startupMs = 20_000;
    this.plant = new Plant({ load: () => this.load, startupMs, saturation: 1e9, noise: () => 1 }, 5_000, 3);
    this.clock.every(5_000, () => this.plant.step(this.clock.wallMs() - 5_000));
    this.scaler = this.begin();
  }

  begin(): Autoscaler {
    const keep = (state: ScalingState): void => {
      this.kept = JSON.stringify(state);
    };
    this.scaler = new Autoscaler(
      { clock: this.clock, log: silentLog, source: this.plant, target: this, keep, metricDelayMs: 5_000 },
      readScalingState(this.kept),
    );
    this.scaler.start();
    return this.scaler;
  }

  group(): ScalableGroup | undefined {
    if (!this.isThere) return undefined;
    const inService = this.plant.inService(this.clock.wallMs());
    const free = { policiesSuspended: false, scheduleSuspended: false, keepsAll: "" };
    return { name: "movies-catalog-v000", ...this.size, inService, ...free, ...this.state };
  }

  async resize(_group: string, { min, max, desired }: GroupSize, actor: string, cause: string): Promise<void> {
    const atMinute = (this.clock.wallMs() - noonMs) / minuteMs;
    this.asked.push({ atMinute, min, max, desired, actor, cause });
    await Promise.resolve();
    if (this.refusal !== undefined) throw this.refusal;
    this.size = { min, max, desired };
    this.plant.resize(desired, this.clock.wallMs());
  }

  sizes(): number[] {
    return this.asked.map(({ desired }) => desired);
  }
}

test("a step in load is answered within three periods, with the cause, and once", async (t) => {
  const world = new World();
  t.after(() => world.scaler.stop());
  world.scaler.configure({ catalog: plan });
  await world.clock.advance(20 * minuteMs);
  assert.equal(world.asked.length, 0);
  world.load = 750;
  await world.clock.advance(30 * minuteMs);
  assert.deepEqual(world.sizes(), [8]);
  const [asked] = world.asked;
  assert.ok(asked !== undefined && asked.atMinute <= 23);
  assert.equal(asked.actor, "autoscaler");
  assert.match(asked.cause, /^policy rps: ALBRequestCountPerTarget was over the target of 100 in the last 2 periods/);
  const { evaluation, failure, heldBy } = world.scaler.view("catalog");
  assert.deepEqual([evaluation?.verdicts[0]?.stance, failure, heldBy], ["hold", "", ""]);
});

test("services without a plan are listed, and nothing is done to them", async (t) => {
  const world = new World();
  t.after(() => world.scaler.stop());
  world.scaler.configure({ catalog: noPlan });
  world.load = 5_000;
  await world.clock.advance(10 * minuteMs);
  assert.deepEqual(world.asked, []);
  assert.deepEqual(
    world.scaler.views().map(({ service, origin, evaluation }) => [service, origin, evaluation]),
    [["catalog", "file", undefined]],
  );
});

test("while AlarmNotification is suspended policies are judged and not obeyed; schedules go on", async (t) => {
  const world = new World();
  t.after(() => world.scaler.stop());
  world.state = { policiesSuspended: true };
  world.scaler.configure({ catalog: { ...plan, scheduled: actions({ recurrence: "30 12 * * *", min: 4 }) } });
  world.load = 900;
  await world.clock.advance(20 * minuteMs);
  assert.deepEqual(world.asked, []);
  const { heldBy, evaluation } = world.scaler.view("catalog");
  assert.deepEqual([heldBy, evaluation?.decision.desired], ["AlarmNotification is suspended", 9]);
  await world.clock.advance(20 * minuteMs);
  assert.deepEqual(
    world.asked.map(({ atMinute, actor, min, desired }) => [atMinute, actor, min, desired]),
    [[30, "schedule", 4, 4]],
  );
  world.state = {};
  await world.clock.advance(2 * minuteMs);
  assert.equal(world.size.desired, 9);
});

test("an action whose time comes while ScheduledActions is suspended is lost, as at AWS", async (t) => {
  const world = new World();
  t.after(() => world.scaler.stop());
  world.state = { scheduleSuspended: true };
  world.scaler.configure({ catalog: { policies: [], scheduled: actions({ recurrence: "30 * * * *", desired: 7 }) } });
  await world.clock.advance(40 * minuteMs);
  world.state = {};
  await world.clock.advance(20 * minuteMs);
  assert.deepEqual(world.asked, []);
  await world.clock.advance(31 * minuteMs);
  assert.deepEqual(
    world.asked.map(({ atMinute, desired }) => [atMinute, desired]),
    [[90, 7]],
  );
});

test("nothing is taken away while a rollout is under way or a zone is lost; instances are added all the same", async (t) => {
  const world = new World();
  t.after(() => world.scaler.stop());
  world.state = { keepsAll: "zone local-1a is lost" };
  world.scaler.configure({ catalog: plan });
  world.load = 600;
  await world.clock.advance(10 * minuteMs);
  assert.deepEqual(world.sizes(), [6]);
  world.load = 100;
  await world.clock.advance(60 * minuteMs);
  assert.deepEqual(world.sizes(), [6]);
  assert.equal(world.scaler.view("catalog").heldBy, "zone local-1a is lost");
  world.state = {};
  await world.clock.advance(minuteMs);
  assert.deepEqual(world.sizes(), [6, 2]);
});

test("control was away for three hours: what was due meanwhile is done once, at its return", async (t) => {
  const world = new World();
  t.after(() => world.scaler.stop());
  const scheduled = actions({ recurrence: "0 * * * *", desired: 5 }, { recurrence: "30 14 * * *", desired: 6 });
  world.scaler.configure({ catalog: { policies: [], scheduled } });
  await world.clock.advance(10 * minuteMs);
  world.scaler.stop();
  await world.clock.advance(3 * hourMs);
  const again = world.begin();
  again.configure({ catalog: { policies: [], scheduled } });
  await world.clock.advance(20 * minuteMs);
  assert.deepEqual(world.sizes(), [5]);
  assert.match(
    world.asked[0]?.cause ?? "",
    /14:30:00.000Z: desired 6; then scheduled action action-0 of .*15:00:00.000Z/,
  );
  await world.clock.advance(40 * minuteMs);
  assert.deepEqual(world.sizes(), [5]);
});

test("a change that is refused is asked for again, said once, and done when it can be", async (t) => {
  const world = new World();
  t.after(() => world.scaler.stop());
  world.refusal = new Error("state is read-only: no space left");
  world.scaler.configure({ catalog: { policies: [], scheduled: actions({ recurrence: "5 12 * * *", desired: 9 }) } });
  await world.clock.advance(6 * minuteMs);
  assert.ok(world.asked.length >= 2 && world.asked.length <= 13, "tried at each look, no oftener");
  assert.equal(world.scaler.view("catalog").failure, "state is read-only: no space left");
  world.scaler.stop();
  world.begin().configure({ catalog: { policies: [], scheduled: actions({ recurrence: "5 12 * * *", desired: 9 }) } });
  world.refusal = undefined;
  await world.clock.advance(minuteMs);
  assert.equal(world.size.desired, 9);
  assert.equal(world.scaler.view("catalog").failure, "");
  const tries = world.asked.length;
  await world.clock.advance(hourMs);
  assert.equal(world.asked.length, tries);
});

test("a plan that was set stands over restarts and deployments, until the file itself says something else", () => {
  const world = new World();
  const other = policy("TargetTrackingScaling", { ...tracking, targetValue: 50 });
  world.scaler.configure({ catalog: plan });
  assert.equal(world.scaler.set("catalog", { policies: [other] }).origin, "set");
  world.scaler.configure({ catalog: plan });
  assert.deepEqual(world.scaler.view("catalog").plan.policies, [other]);
  world.scaler.stop();
  const again = world.begin();
  again.configure({ catalog: plan });
  assert.deepEqual(again.view("catalog").plan.policies, [other]);
  const newer = { policies: [policy("TargetTrackingScaling", { ...tracking, targetValue: 80 })], scheduled: [] };
  again.configure({ catalog: newer });
  assert.deepEqual([again.view("catalog").origin, again.view("catalog").plan], ["file", newer]);
  again.set("catalog", { policies: [] });
  assert.deepEqual(again.reset("catalog").plan, newer);
  again.configure({});
  assert.deepEqual(again.views(), []);
  again.stop();
});

test("setting policies leaves the schedule alone, and the other way round", () => {
  const world = new World();
  const scheduled = actions({ recurrence: "0 8 * * *", desired: 5 });
  world.scaler.configure({ catalog: { policies: [tracking], scheduled } });
  assert.deepEqual(world.scaler.set("catalog", { policies: [] }).plan, { policies: [], scheduled });
  assert.deepEqual(world.scaler.set("catalog", { scheduled: [] }).plan, { policies: [], scheduled: [] });
  world.scaler.stop();
});

test("plans that contradict themselves are refused whole, and change nothing", () => {
  const world = new World();
  world.scaler.configure({ catalog: plan });
  const twice = { policies: [tracking, tracking] };
  assert.throws(() => world.scaler.set("catalog", twice), /there are two with the name rps/);
  const never = { scheduled: actions({ recurrence: "0 0 31 2 *", desired: 1 }) };
  assert.throws(
    () => world.scaler.set("catalog", never),
    (error: unknown) => hasCode(error, "SCHEDULE_INVALID"),
  );
  assert.throws(
    () => world.scaler.set("nobody", {}),
    (error: unknown) => hasCode(error, "SERVICE_UNKNOWN"),
  );
  assert.throws(
    () => world.scaler.configure({ catalog: noPlan, other: { policies: [tracking, tracking], scheduled: [] } }),
    (error: unknown) => hasCode(error, "SCALING_PLAN_INVALID"),
  );
  assert.deepEqual(world.scaler.view("catalog").plan, plan);
  world.scaler.stop();
});

test("a forecast that goes past max raises it, and gives it back afterwards, over a restart as well", async (t) => {
  const world = new World();
  t.after(() => world.scaler.stop());
  const predictive = policy("PredictiveScaling", {
    name: "ahead",
    metric: "ALBRequestCountPerTarget",
    targetValue: 100,
    mode: "ForecastAndScale",
    maxCapacityBreachBehavior: "IncreaseMaxCapacity",
  });
  world.size = { min: 2, max: 6, desired: 3 };
  const busy = { catalog: { policies: [tracking, predictive], scheduled: [] } };
  // A day as the one before: 1,200 from 13:00 to 14:00, else 300.
  const dayMs = 24 * hourMs;
  const demand = Array.from({ length: 288 }, (_, slot) => (slot >= 12 && slot < 24 ? 1_200 : 300));
  world.scaler.stop();
  const load = { service: "catalog", metric: "ALBRequestCountPerTarget", endMs: noonMs, demand };
  world.kept = JSON.stringify({ loads: [load] });
  world.begin().configure(busy);
  assert.ok(noonMs % dayMs === 12 * hourMs);
  await world.clock.advance(57 * minuteMs);
  assert.deepEqual(world.size, { min: 2, max: 12, desired: 12 });
  assert.match(world.asked.at(-1)?.cause ?? "", /predictive policy ahead: .*which may go past the group's max of 6/);
  world.load = 1_200;
  await world.clock.advance(30 * minuteMs);
  world.scaler.stop();
  world.begin().configure(busy);
  await world.clock.advance(40 * minuteMs);
  world.load = 300;
  await world.clock.advance(hourMs);
  assert.equal(world.size.max, 6);
  assert.ok(world.size.desired <= 6);
});

test("a group that is not there yet, or gone, is waited for", async (t) => {
  const world = new World();
  t.after(() => world.scaler.stop());
  world.isThere = false;
  world.load = 900;
  world.scaler.configure({ catalog: plan });
  await world.clock.advance(10 * minuteMs);
  assert.deepEqual([world.asked, world.scaler.view("catalog").group], [[], undefined]);
  world.isThere = true;
  await world.clock.advance(minuteMs);
  assert.deepEqual(world.sizes(), [9]);
});

test("state that cannot be read is as if there had never been any, and nothing is left running after the end", async () => {
  assert.deepEqual(readScalingState("{broken"), readScalingState(undefined));
  const world = new World();
  world.scaler.configure({ catalog: plan });
  await world.clock.advance(minuteMs);
  world.scaler.stop();
  assert.equal(world.clock.pendingTimers, 1, "the plant's own");
});
