import { z } from "zod";
import { scalingName } from "./words.ts";

const size = z.int().min(0).max(9_999).optional();
const instant = z.iso.datetime({ offset: true, message: "must be a time such as `2026-03-29T01:30:00Z`" }).optional();

/** A change of a group's size at set times; words are those of AWS's PutScheduledUpdateGroupAction. */
export const scheduledActionSchema = z
  .strictObject({
    name: scalingName,
    recurrence: z
      .string()
      .trim()
      .regex(/^\S+(?:\s+\S+){4}$/, "must be five cron fields: minute hour day month weekday, such as `0 8 * * 1-5`")
      .optional()
      .describe("Five cron fields. Without it the action is done once, at startTime."),
    timeZone: z
      .string()
      .refine(isTimeZone, "must be an IANA time zone such as `Europe/Berlin`")
      .default("Etc/UTC")
      .describe("In which the recurrence is meant; summer time is followed."),
    startTime: instant.describe("Not before."),
    endTime: instant.describe("Not after."),
    min: size.describe("New min."),
    max: size.describe("New max."),
    desired: size.describe("New desired size."),
  })
  .superRefine((action, context) => {
    const fault = actionFault(action);
    if (fault !== undefined) context.addIssue({ code: "custom", path: [fault[0]], message: fault[1] });
  })
  .describe("Sizes at set times.");
export type ScheduledAction = z.output<typeof scheduledActionSchema>;
export type ScheduledActionInput = z.input<typeof scheduledActionSchema>;

interface ActionFields {
  readonly recurrence?: string | undefined;
  readonly startTime?: string | undefined;
  readonly endTime?: string | undefined;
  readonly min?: number | undefined;
  readonly max?: number | undefined;
  readonly desired?: number | undefined;
}

function actionFault(action: ActionFields): [keyof ActionFields, string] | undefined {
  const { recurrence, startTime, endTime, min, max, desired } = action;
  if (recurrence === undefined && startTime === undefined) return ["recurrence", "must be set, or startTime"];
  if (min === undefined && max === undefined && desired === undefined) {
    return ["desired", "must be set, or min or max: the action would change nothing"];
  }
  if (startTime !== undefined && endTime !== undefined && Date.parse(endTime) <= Date.parse(startTime)) {
    return ["endTime", "must be after startTime"];
  }
  if (min !== undefined && max !== undefined && max < min) return ["max", `must be at least min (${min}), got ${max}`];
  if (desired === undefined) return undefined;
  if (min !== undefined && desired < min) return ["desired", `must be at least min (${min}), got ${desired}`];
  if (max !== undefined && desired > max) return ["desired", `must be at most max (${max}), got ${desired}`];
  return undefined;
}

function isTimeZone(name: string): boolean {
  try {
    return new Intl.DateTimeFormat("en", { timeZone: name }).resolvedOptions().timeZone !== "";
  } catch {
    return false;
  }
}
