import { PlatformError } from "@holdfast/kernel";
import type { ScalingPolicy, ScheduledAction } from "@holdfast/wire/autoscale";
import type { AutoscaleView, ForecastView } from "@holdfast/wire/control";
import { ControlPaths } from "@holdfast/wire/control/paths";
import { type CommandContext, openStack, type StackOptions } from "../context.ts";
import { exitCodes } from "../exit-codes.ts";
import { act } from "../groups/group.ts";
import { formatTable } from "../table.ts";
import type { Terminal } from "../terminal.ts";
import { barChart, formatFigure } from "./chart.ts";
import { readPolicies } from "./policy-argument.ts";

/** `holdfast autoscale list [service]`. */
export async function list(context: CommandContext, service: string | undefined, flags: StackOptions): Promise<number> {
  const { terminal } = context;
  const { control } = openStack(flags);
  try {
    if (service !== undefined) {
      const view = await control.call<AutoscaleView>("GET", ControlPaths.autoscaleOf(service));
      terminal.printJson(view);
      printService(terminal, view);
      return exitCodes.ok;
    }
    const all = await control.call<AutoscaleView[]>("GET", ControlPaths.autoscale);
    terminal.printJson(all);
    printAll(terminal, all);
    return exitCodes.ok;
  } finally {
    control.close();
  }
}

export interface SetFlags extends StackOptions {
  readonly policy?: readonly string[];
  readonly reset?: boolean;
}

/** `holdfast autoscale set <service> --policy …`, or `--reset`. */
export async function set(context: CommandContext, service: string, flags: SetFlags): Promise<number> {
  if (flags.reset !== true && flags.policy === undefined) {
    throw new PlatformError("USAGE", "there is nothing to set: name a --policy, or --reset", {
      next: `holdfast autoscale set ${service} --policy ALBRequestCountPerTarget=600`,
      status: 400,
    });
  }
  const change = readPolicies(flags.policy ?? []);
  const { control } = openStack(flags);
  try {
    const path = ControlPaths.autoscalePolicies(service);
    const view =
      flags.reset === true
        ? await control.call<AutoscaleView>("DELETE", path)
        : await control.call<AutoscaleView>("PUT", path, change);
    context.terminal.printJson(view);
    printService(context.terminal, view);
    return exitCodes.ok;
  } finally {
    control.close();
  }
}

export interface SuspendFlags extends StackOptions {
  readonly schedule?: boolean;
}

/** `holdfast autoscale suspend|resume <service>`: AWS's process `AlarmNotification`, and `ScheduledActions` with `--schedule`. */
export async function suspend(
  context: CommandContext,
  service: string,
  verb: "suspend" | "resume",
  flags: SuspendFlags,
): Promise<number> {
  const { control } = openStack(flags);
  const view = await control
    .call<AutoscaleView>("GET", ControlPaths.autoscaleOf(service))
    .finally(() => control.close());
  if (view.group === null) {
    throw new PlatformError("GROUP_UNKNOWN", `${service}: no group of it gets traffic`, {
      next: "holdfast groups",
      status: 404,
    });
  }
  const processes = ["AlarmNotification", ...(flags.schedule === true ? ["ScheduledActions"] : [])];
  return act(context, view.group, verb, { processes }, flags);
}

/** `holdfast autoscale forecast <service> [metric]`. */
export async function forecast(
  context: CommandContext,
  service: string,
  metric: string | undefined,
  flags: StackOptions,
): Promise<number> {
  const { terminal } = context;
  const { control } = openStack(flags);
  try {
    const view = await control.call<AutoscaleView>("GET", ControlPaths.autoscaleOf(service));
    const chosen = metric ?? view.policies.map(({ policy }) => policy).find(isPredictive)?.metric;
    if (chosen === undefined) {
      throw new PlatformError("USAGE", `${service} has no predictive policy: name the metric`, {
        next: `holdfast autoscale set ${service} --policy predict:ALBRequestCountPerTarget=600`,
        status: 400,
      });
    }
    const found = await control.call<ForecastView>("GET", ControlPaths.forecast(service, chosen));
    terminal.printJson(found);
    printForecast(terminal, found);
    return exitCodes.ok;
  } finally {
    control.close();
  }
}

function isPredictive(policy: ScalingPolicy): policy is Extract<ScalingPolicy, { policyType: "PredictiveScaling" }> {
  return policy.policyType === "PredictiveScaling";
}

function printAll(terminal: Terminal, all: readonly AutoscaleView[]): void {
  const rows = all.map((view) => [
    view.service,
    `${view.inService}/${view.desired}`,
    `${view.min}–${view.max}`,
    view.wants === null ? "-" : `${view.wants}`,
    `${view.policies.length}`,
    `${view.scheduled.length}`,
    noteOf(view),
  ]);
  const header = ["SERVICE", "IN SERVICE", "MIN–MAX", "WANTED", "POLICIES", "SCHEDULED", ""];
  for (const line of formatTable(header, rows, terminal.columns)) terminal.print(line);
}

function noteOf(view: AutoscaleView): string {
  if (view.policies.length === 0 && view.scheduled.length === 0) return "no policies";
  const suspended = view.suspended.length === 0 ? "" : `suspended: ${view.suspended.join(", ")}`;
  return [view.failure, view.heldBy, suspended, view.cause].find((text) => text !== "") ?? "";
}

function printService(terminal: Terminal, view: AutoscaleView): void {
  const { dim, yellow } = terminal.colors;
  const origin =
    view.origin === "set" ? "set by hand; the application file says something else" : "as in the application file";
  terminal.print(`${view.service}: ${view.inService} of ${view.desired} in service (min ${view.min}, max ${view.max})`);
  terminal.print(dim(`  ${view.group ?? "no group gets traffic"}; ${origin}`));
  for (const { policy, state, stance, want, reason } of view.policies) {
    const wants = want === null ? "" : ` ${want}`;
    const off = policy.enabled ? "" : " (not enabled)";
    terminal.print(`  ${policy.name}: ${summaryOf(policy)}${off}`);
    terminal.print(dim(`    ${state}, ${stance}${wants}: ${reason}`));
  }
  for (const { action, nextAt } of view.scheduled) {
    const next = nextAt === null ? "never again" : `next ${nextAt.slice(0, 16).replace("T", " ")} UTC`;
    terminal.print(`  ${action.name}: ${sizesOf(action)} ${dim(`${whenOf(action)}; ${next}`)}`);
  }
  for (const note of [view.heldBy, view.failure]) if (note !== "") terminal.print(yellow(`  ${note}`));
  if (view.suspended.length > 0) terminal.print(yellow(`  suspended: ${view.suspended.join(", ")}`));
}

function summaryOf(policy: ScalingPolicy): string {
  switch (policy.policyType) {
    case "TargetTrackingScaling":
      return `holds ${policy.metric} at ${policy.targetValue}`;
    case "PredictiveScaling":
      return `${policy.mode}: ${policy.metric} at ${policy.targetValue}`;
    case "SimpleScaling":
      return `${policy.adjustmentType} ${policy.scalingAdjustment} on ${alarmOf(policy)}`;
    case "StepScaling":
      return `${policy.adjustmentType} by ${policy.stepAdjustments.length} steps on ${alarmOf(policy)}`;
  }
}

function alarmOf({ alarm }: Extract<ScalingPolicy, { policyType: "StepScaling" | "SimpleScaling" }>): string {
  return `${alarm.metric} ${alarm.comparisonOperator} ${alarm.threshold}`;
}

function sizesOf({ min, max, desired }: ScheduledAction): string {
  const sizes = Object.entries({ min, max, desired }).filter(([, value]) => value !== undefined);
  return sizes.map(([name, value]) => `${name} ${value}`).join(", ");
}

function whenOf({ recurrence, timeZone, startTime }: ScheduledAction): string {
  return recurrence === undefined ? `once at ${startTime ?? ""}` : `${recurrence} ${timeZone}`;
}

function printForecast(terminal: Terminal, view: ForecastView): void {
  const { dim } = terminal.colors;
  if (view.season === null) {
    terminal.print(`${view.service}: no forecast of ${view.metric}: ${view.reason}`);
    return;
  }
  const off = view.errorPercent === null ? "not proven yet" : `off by ${formatFigure(view.errorPercent)} % so far`;
  terminal.print(`${view.service}: ${view.metric} of the whole group, 48 h ahead (${view.season}, ${off})`);
  const top = Math.max(...view.demand);
  const width = Math.max(20, Math.min(96, terminal.columns - 12));
  for (const [index, line] of barChart(view.demand, width, 6, top).entries()) {
    terminal.print(`${line}  ${dim(index === 0 ? formatFigure(top) : "")}`);
  }
  terminal.print(dim(`from ${(view.startAt ?? "").slice(0, 16).replace("T", " ")} UTC`));
}
