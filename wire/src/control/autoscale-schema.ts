import { z } from "zod";
import { scalingPolicySchema } from "../autoscale/policy.ts";
import { scheduledActionSchema } from "../autoscale/schedule.ts";
import { alarmStates } from "../autoscale/words.ts";

/** Shapes of control's API of scaling. Times are ISO 8601, durations ms; names are those of AWS Auto Scaling where it has them. */

const sentence = z.string().max(4_096);
const size = z.int().min(0);

const policyViewSchema = z
  .object({
    policy: scalingPolicySchema,
    state: z.enum(alarmStates).describe("Of its alarm."),
    stance: z
      .enum(["out", "in", "hold", "wait", "unknown", "floor", "shown"])
      .describe(
        "`out`, `in`: wants another size; `hold`: this one; `wait`: may not yet; `unknown`: lacks figures; `floor`: at least `want`; `shown`: only shows what it wants.",
      ),
    want: size.nullable().describe("The size it wants; null before the first look."),
    reason: sentence,
  })
  .meta({ id: "ScalingPolicyView" });

const scheduledViewSchema = z
  .object({ action: scheduledActionSchema, nextAt: z.string().nullable().describe("Null: never again.") })
  .meta({ id: "ScheduledActionView" });

/** How one service is scaled, and what its policies think now. */
export const autoscaleViewSchema = z
  .object({
    service: z.string(),
    group: z.string().nullable().describe("The group that is scaled: the one that gets traffic."),
    min: size,
    desired: size,
    max: size,
    inService: size,
    origin: z.enum(["file", "set"]).describe("The application file's plan, or one that was set since."),
    suspended: z.array(z.enum(["AlarmNotification", "ScheduledActions"])),
    policies: z.array(policyViewSchema),
    scheduled: z.array(scheduledViewSchema),
    wants: size.nullable().describe("What the policies come to together; null before the first look."),
    cause: sentence.describe("Why, or why not."),
    heldBy: sentence.describe("Why what they want is not done; empty when it is."),
    failure: sentence.describe("Why the last change could not be made; empty after one that could."),
    evaluatedAt: z.string().nullable(),
  })
  .meta({ id: "Autoscale" });
export type AutoscaleView = z.output<typeof autoscaleViewSchema>;

/** Other policies or actions for a service; what is left out stays. */
export const autoscaleRequestSchema = z.strictObject({
  policies: z.array(scalingPolicySchema).max(50).optional(),
  scheduled: z.array(scheduledActionSchema).max(125).optional(),
});
export type AutoscaleRequest = z.input<typeof autoscaleRequestSchema>;
export type AutoscaleChange = z.output<typeof autoscaleRequestSchema>;

/** What the load of a service will be. */
export const forecastViewSchema = z
  .object({
    service: z.string(),
    metric: z.string(),
    reason: sentence.describe("Why there is none; empty when there is one."),
    season: z.enum(["daily", "weekly"]).nullable(),
    errorPercent: z
      .number()
      .nullable()
      .describe("How far forecasts of a day ahead have been off; null: not proven yet."),
    slotMs: z.int(),
    startAt: z.string().nullable(),
    demand: z.array(z.number()).describe("The whole load, slot by slot, for 48 hours."),
  })
  .meta({ id: "LoadForecast" });
export type ForecastView = z.output<typeof forecastViewSchema>;
