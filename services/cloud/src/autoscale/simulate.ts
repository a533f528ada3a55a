import type { ScalingPolicy } from "@holdfast/wire/autoscale";
import type { SizeBounds } from "./adjustment.ts";
import type { LoadHistory } from "./forecast.ts";
import { GroupScaler, type Predict } from "./group-scaler.ts";
import type { GroupView } from "./group-view.ts";
import { LoadRecorder } from "./load-recorder.ts";
import { Plant, type PlantOptions } from "./plant.ts";
import { Predictor } from "./predictor.ts";
import { ScalingHistory } from "./scaling-history.ts";

export interface SimulationOptions extends PlantOptions {
  readonly policies: readonly ScalingPolicy[];
  readonly bounds: SizeBounds;
  readonly instances: number;
  /** Wall ms of the first tick. */
  readonly startMs: number;
  readonly durationMs: number;
  /** How often the group is looked at; the policies' periods must be whole multiples. */
  readonly tickMs: number;
  readonly metricDelayMs: number;
  /** What was measured before the first tick. */
  readonly before?: { readonly metric: string; readonly history: Omit<LoadHistory, "slotMs"> };
  /** Bounds and size by a schedule: asked each tick, before the policies; `undefined`: nothing is due. */
  readonly scheduled?: (group: GroupView, nowMs: number) => ScheduledSize | undefined;
}

export interface ScheduledSize extends SizeBounds {
  readonly desired: number;
  readonly cause: string;
}

/** One tick: what the load was, and how large the group. */
export interface SimulatedTick {
  readonly atMs: number;
  readonly load: number;
  readonly desired: number;
  readonly inService: number;
}

/** One change of the group's size. */
export interface SimulatedChange {
  readonly atMs: number;
  readonly from: number;
  readonly to: number;
  readonly cause: string;
}

export interface Simulation {
  readonly ticks: readonly SimulatedTick[];
  readonly changes: readonly SimulatedChange[];
}

const service = "replay";

/** Runs a group under its policies through a load, in virtual time: as fast as the processor goes, always the same result. */
export function simulate(options: SimulationOptions): Simulation {
  const { startMs, tickMs } = options;
  const plant = new Plant(options, tickMs, options.instances);
  const history = new ScalingHistory();
  const recorder = new LoadRecorder(plant, options.metricDelayMs);
  if (options.before !== undefined) recorder.put(service, options.before.metric, options.before.history);
  const predictor = new Predictor(recorder);
  const predict: Predict = (policy, group, nowMs) => predictor.judge(policy, group, nowMs);
  const scaler = new GroupScaler({ source: plant, predict, metricDelayMs: options.metricDelayMs }, options.policies);
  const ticks: SimulatedTick[] = [];
  const changes: SimulatedChange[] = [];
  let bounds = options.bounds;
  let desired = options.instances;
  const resize = (to: number, cause: string, atMs: number): void => {
    if (to === desired) return;
    changes.push({ atMs, from: desired, to, cause });
    desired = to;
    plant.resize(to, atMs);
  };
  for (let atMs = startMs; atMs < startMs + options.durationMs; atMs += tickMs) {
    history.observe(desired, plant.inService(atMs), atMs);
    const view = (): GroupView => {
      return { service, ...bounds, desired, activities: history.activities };
    };
    const due = options.scheduled?.(view(), atMs);
    if (due !== undefined) {
      bounds = { min: due.min, max: due.max };
      resize(due.desired, due.cause, atMs);
    }
    const { decision } = scaler.evaluate(view(), atMs);
    resize(decision.desired, decision.cause, atMs);
    const { load, inService } = plant.step(atMs, history);
    ticks.push({ atMs, load, desired, inService });
  }
  return { ticks, changes };
}
