import { z } from "zod";
import { alarmSchema, durationMs, metricSchema, periodMs, scalingName } from "./words.ts";

export const adjustmentTypes = ["ChangeInCapacity", "ExactCapacity", "PercentChangeInCapacity"] as const;
export type AdjustmentType = (typeof adjustmentTypes)[number];

const common = {
  name: scalingName,
  enabled: z.boolean().default(true).describe("A policy that is not is evaluated and shown, and never obeyed."),
};

const adjustment = {
  adjustmentType: z.enum(adjustmentTypes).describe("What the adjustment's number means."),
  minAdjustmentMagnitude: z
    .int()
    .min(1)
    .optional()
    .describe("With PercentChangeInCapacity: change by at least so many instances."),
};

const warmup = durationMs(
  60_000,
  "An instance counts in full so long after it came into service; before, it is warming up.",
);

const simple = z
  .strictObject({
    ...common,
    ...adjustment,
    policyType: z.literal("SimpleScaling"),
    scalingAdjustment: z.int().min(-99_000).max(99_000),
    cooldown: durationMs(300_000, "")
      .unwrap()
      .optional()
      .describe(
        "So long after a scaling activity has ended no simple policy acts: `500ms`, `2s`, `1m`, or a number of milliseconds. Default: the group's default cooldown, 300 s unless it is set.",
      ),
    alarm: alarmSchema,
  })
  .describe("One adjustment when the alarm goes off, then a cooldown.");

const stepAdjustment = z.strictObject({
  metricIntervalLowerBound: z.number().optional().describe("Relative to the alarm's threshold. Absent: -infinity."),
  metricIntervalUpperBound: z.number().optional().describe("Relative to the alarm's threshold. Absent: +infinity."),
  scalingAdjustment: z.int().min(-99_000).max(99_000),
});
export type StepAdjustment = z.output<typeof stepAdjustment>;

const step = z
  .strictObject({
    ...common,
    ...adjustment,
    policyType: z.literal("StepScaling"),
    stepAdjustments: z
      .array(stepAdjustment)
      .min(1)
      .max(20)
      .superRefine((steps, context) => {
        const fault = stepFault(steps);
        if (fault !== undefined) context.addIssue({ code: "custom", message: fault });
      }),
    metricAggregationType: z
      .enum(["Average", "Minimum", "Maximum"])
      .default("Average")
      .describe("How the alarm's data points become the one figure that chooses the step."),
    estimatedInstanceWarmup: warmup,
    alarm: alarmSchema,
  })
  .describe("The further past the threshold, the larger the adjustment.");

const targetTracking = z
  .strictObject({
    ...common,
    policyType: z.literal("TargetTrackingScaling"),
    metric: metricSchema,
    targetValue: z.number().positive().describe("What the metric's average over the instances is to be at most."),
    disableScaleIn: z.boolean().default(false).describe("Only ever adds instances."),
    estimatedInstanceWarmup: warmup,
    tolerance: z
      .number()
      .min(0)
      .max(0.9)
      .default(0.1)
      .describe("Instances are taken away only when the metric stays this share under the target."),
    period: periodMs,
    scaleOutPeriods: z
      .int()
      .min(1)
      .max(60)
      .default(2)
      .describe("So many periods in a row over the target add instances."),
    scaleInPeriods: z
      .int()
      .min(1)
      .max(120)
      .default(15)
      .describe("So many periods in a row under it take instances away."),
  })
  .describe("As many instances as hold the metric at its target.");

const predictive = z
  .strictObject({
    ...common,
    policyType: z.literal("PredictiveScaling"),
    mode: z
      .enum(["ForecastOnly", "ForecastAndScale"])
      .default("ForecastOnly")
      .describe("ForecastOnly shows what it would do; ForecastAndScale does it."),
    metric: metricSchema,
    targetValue: z.number().positive().describe("What the metric is to be at most, per instance."),
    schedulingBufferTime: durationMs(300_000, "Instances are launched so long ahead of the load."),
    maxCapacityBreachBehavior: z
      .enum(["HonorMaxCapacity", "IncreaseMaxCapacity"])
      .default("HonorMaxCapacity")
      .describe("Whether a forecast past the group's max may pass it."),
    maxCapacityBuffer: z
      .int()
      .min(0)
      .max(100)
      .default(0)
      .describe("With IncreaseMaxCapacity: percent on top of the forecast that max may rise to."),
  })
  .describe("Capacity ahead of a load that comes back each day or week.");

/** How the size of a server group follows its load; names are those of AWS Auto Scaling. */
export const scalingPolicySchema = z.discriminatedUnion("policyType", [simple, step, targetTracking, predictive]);
export type ScalingPolicy = z.output<typeof scalingPolicySchema>;
export type ScalingPolicyInput = z.input<typeof scalingPolicySchema>;
export type PolicyOf<Type extends ScalingPolicy["policyType"]> = Extract<ScalingPolicy, { policyType: Type }>;

/** What AWS refuses of a set of steps, as a sentence; `undefined` for a good one. */
function stepFault(steps: readonly StepAdjustment[]): string | undefined {
  const bounds = steps
    .map((item) => ({
      lower: item.metricIntervalLowerBound ?? Number.NEGATIVE_INFINITY,
      upper: item.metricIntervalUpperBound ?? Number.POSITIVE_INFINITY,
    }))
    .toSorted((a, b) => a.lower - b.lower || a.upper - b.upper);
  for (const [index, { lower, upper }] of bounds.entries()) {
    if (lower === Number.NEGATIVE_INFINITY && upper === Number.POSITIVE_INFINITY) {
      return "a step must have a lower or an upper bound";
    }
    if (lower >= upper) return `a step's upper bound must be above its lower one, got ${lower} to ${upper}`;
    const before = bounds[index - 1];
    if (before === undefined) continue;
    if (before.upper > lower) return `steps must not overlap: one ends at ${before.upper}, the next begins at ${lower}`;
    if (before.upper < lower)
      return `steps must not leave a gap: one ends at ${before.upper}, the next begins at ${lower}`;
  }
  const first = bounds[0];
  const last = bounds.at(-1);
  if (first !== undefined && first.lower < 0 && first.lower !== Number.NEGATIVE_INFINITY) {
    return "with a negative lower bound, the lowest step must have none at all";
  }
  if (last !== undefined && last.upper > 0 && last.upper !== Number.POSITIVE_INFINITY) {
    return "with a positive upper bound, the highest step must have none at all";
  }
  return undefined;
}
