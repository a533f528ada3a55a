import { parseDurationMs } from "@holdfast/kernel";
import { z } from "zod";

/** How an alarm compares; CloudWatch's names. */
export const comparisonOperators = [
  "GreaterThanOrEqualToThreshold",
  "GreaterThanThreshold",
  "LessThanThreshold",
  "LessThanOrEqualToThreshold",
] as const;
export type ComparisonOperator = (typeof comparisonOperators)[number];

/** What a period without a figure means to an alarm; CloudWatch's names. */
export const missingDataTreatments = ["missing", "ignore", "breaching", "notBreaching"] as const;
export type MissingDataTreatment = (typeof missingDataTreatments)[number];

export const alarmStates = ["OK", "ALARM", "INSUFFICIENT_DATA"] as const;
export type AlarmState = (typeof alarmStates)[number];

/** How the figures of a group's instances become one. */
export const statistics = ["Average", "Minimum", "Maximum", "Sum"] as const;
export type MetricStatistic = (typeof statistics)[number];

/** AWS's predefined metrics that this platform measures of every instance. */
export const predefinedMetrics = ["ASGAverageCPUUtilization", "ALBRequestCountPerTarget"] as const;
/** Measured besides: of each instance, over one period. */
export const measuredMetrics = ["RequestsPerSecond", "ErrorPercent", "LatencyP50", "LatencyP99"] as const;

/** Text such as `300s` or a number of ms going in, ms coming out. */
export function durationMs(defaultMs: number, about: string, atLeastMs = 0) {
  return z
    .union([z.string(), z.number()])
    .refine((value) => parseDurationMs(value) !== undefined, "must be a duration such as `500ms`, `2s`, `1m`")
    .transform((value) => parseDurationMs(value) ?? defaultMs)
    .pipe(z.number().min(atLeastMs, `must be ${atLeastMs} ms or more`))
    .default(defaultMs)
    .describe(`${about} \`500ms\`, \`2s\`, \`1m\`, or a number of milliseconds.`);
}

/** Names a policy or a scheduled action within its group. */
export const scalingName = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9_.-]{0,62}$/, "must be letters, digits, `-`, `_` or `.`, 63 at most")
  .describe("Unique within the group.");

export const metricSchema = z
  .string()
  .regex(/^[A-Za-z][A-Za-z0-9_.]{0,127}$/, "must be the name of a metric, such as `ASGAverageCPUUtilization`")
  .describe(
    "`ASGAverageCPUUtilization` (percent of a processor), `ALBRequestCountPerTarget` (requests a minute of each instance), `RequestsPerSecond` (of each instance), `ErrorPercent`, `LatencyP50`, `LatencyP99` (ms), or the name of a gauge or counter of the program's own (a customized metric: the average over the instances; a counter's rate a second).",
  );

/** 1 s to a day; AWS has 10 s at the least, and a day is CloudWatch's longest. */
export const periodMs = durationMs(60_000, "Length of one data point.", 1_000);

export const alarmSchema = z
  .strictObject({
    metric: metricSchema,
    statistic: z.enum(statistics).default("Average").describe("How the instances' figures become one."),
    period: periodMs,
    evaluationPeriods: z.int().min(1).max(60).default(1).describe("So many of the latest data points are looked at."),
    datapointsToAlarm: z
      .int()
      .min(1)
      .max(60)
      .optional()
      .describe("So many of them must be past the threshold. Default: all."),
    threshold: z.number().describe("What the data points are compared with."),
    comparisonOperator: z.enum(comparisonOperators),
    treatMissingData: z
      .enum(missingDataTreatments)
      .default("missing")
      .describe("What a data point that is not there counts as."),
  })
  .refine((alarm) => (alarm.datapointsToAlarm ?? 1) <= alarm.evaluationPeriods, {
    path: ["datapointsToAlarm"],
    message: "must not be more than evaluationPeriods",
  })
  .describe("When a policy acts: a threshold, and for how long it must be passed.");
export type AlarmDefinition = z.output<typeof alarmSchema>;
