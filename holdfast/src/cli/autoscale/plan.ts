import { readFileSync } from "node:fs";
import { checkPlan, parseLoadFile, type ReplayOutcome, type ReplayReport, replay } from "@holdfast/cloud-server";
import { messageOf, OptionError, PlatformError, parseDurationMs } from "@holdfast/kernel";
import type { AutoscaleView } from "@holdfast/wire/control";
import { ControlPaths } from "@holdfast/wire/control/paths";
import { readCountArgument } from "../arguments.ts";
import { type CommandContext, openStack, type StackOptions } from "../context.ts";
import { exitCodes } from "../exit-codes.ts";
import { formatTable } from "../table.ts";
import type { Terminal } from "../terminal.ts";
import { barChart, formatFigure, sparkline } from "./chart.ts";
import { readPolicies } from "./policy-argument.ts";

export interface PlanFlags extends StackOptions {
  readonly load: string;
  readonly policy?: readonly string[];
  readonly service?: string;
  readonly min?: string;
  readonly max?: string;
  readonly startup?: string;
  readonly perInstance?: string;
  readonly changes?: boolean;
}

const sizeMax = 500;
const boundsDefault = { min: 1, max: 99 } as const;
const startupDefaultMs = 30_000;
const chartRows = 4;
const chartWidthMax = 96;
const labelWidth = 9;
const changesShown = 8;

/** `holdfast autoscale plan --load file --policy …`: what would have happened, beside what did. */
export async function plan(context: CommandContext, flags: PlanFlags): Promise<number> {
  const { terminal } = context;
  const points = parseLoadFile(readLoad(flags.load));
  const running = flags.service === undefined ? undefined : await runningPlan(flags, flags.service);
  const asked = readPolicies(flags.policy ?? []);
  const policies = asked.policies ?? running?.policies.map(({ policy }) => policy) ?? [];
  const scheduled = asked.scheduled ?? running?.scheduled.map(({ action }) => action) ?? [];
  if (policies.length === 0 && scheduled.length === 0) {
    throw new PlatformError("USAGE", "there is nothing to try: name a --policy, or a --service that has some", {
      next: "holdfast autoscale plan --load load.csv --policy ALBRequestCountPerTarget=600",
      status: 400,
    });
  }
  checkPlan({ policies, scheduled });
  const report = replay({
    points,
    policies,
    scheduled,
    bounds: boundsOf(flags, running),
    startupMs: startupOf(flags.startup),
    ...(flags.perInstance === undefined ? {} : { perInstance: loadOf(flags.perInstance) }),
  });
  if (terminal.json) terminal.printJson(jsonOf(report));
  else printReport(terminal, report, flags.changes === true);
  return exitCodes.ok;
}

function readLoad(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    throw new OptionError("--load", `a file that can be read (${messageOf(error)})`, path);
  }
}

async function runningPlan(flags: PlanFlags, service: string): Promise<AutoscaleView> {
  const { control } = openStack(flags);
  try {
    return await control.call<AutoscaleView>("GET", ControlPaths.autoscaleOf(service));
  } finally {
    control.close();
  }
}

function boundsOf({ min, max }: PlanFlags, running: AutoscaleView | undefined): { min: number; max: number } {
  const bounds = {
    min: min === undefined ? (running?.min ?? boundsDefault.min) : readCountArgument("--min", min, sizeMax),
    max: max === undefined ? (running?.max ?? boundsDefault.max) : readCountArgument("--max", max, sizeMax),
  };
  if (bounds.max < bounds.min) throw new OptionError("--max", `at least --min (${bounds.min})`, bounds.max);
  return bounds;
}

function startupOf(text: string | undefined): number {
  const ms = text === undefined ? startupDefaultMs : parseDurationMs(text);
  if (ms === undefined) throw new OptionError("--startup", "a time such as 30s or 2m", text);
  return ms;
}

function loadOf(text: string): number {
  const value = Number(text);
  if (!(value > 0) || !Number.isFinite(value)) throw new OptionError("--per-instance", "a number above 0", text);
  return value;
}

/** Moments would make the answer as long as the load file; the changes tell the same. */
function jsonOf({ moments, changes, was, ...rest }: ReplayReport): Record<string, unknown> {
  return {
    ...rest,
    was: was ?? null,
    changes: changes.map(({ atMs, ...change }) => ({ at: new Date(atMs).toISOString(), ...change })),
    minutes: moments.length,
  };
}

function printReport(terminal: Terminal, report: ReplayReport, all: boolean): void {
  const { dim } = terminal.colors;
  const { hours, perInstance } = report;
  terminal.print(`${formatFigure(hours)} h of load; one instance is to carry ${formatFigure(perInstance)}`);
  terminal.print("");
  printChart(terminal, report);
  terminal.print("");
  const columns: [string, ReplayOutcome][] = [
    ...(report.was === undefined ? [] : ([["WAS", report.was]] satisfies [string, ReplayOutcome][])),
    ["WOULD", report.would],
    ["IDEAL", report.ideal],
  ];
  const row = (name: string, of: (outcome: ReplayOutcome) => string): string[] => [
    name,
    ...columns.map(([, outcome]) => of(outcome)),
  ];
  const rows = [
    row("instance hours", ({ instanceHours }) => formatFigure(instanceHours)),
    row("minutes with too few", ({ shortMinutes }) => formatFigure(shortMinutes)),
    row("worst load of one", ({ worstPercent }) =>
      worstPercent === null ? "no instance" : `${formatFigure(worstPercent)} %`,
    ),
    row("instances", ({ least, most }) => (least === most ? `${least}` : `${least}–${most}`)),
    row("changes", ({ changes }) => `${changes}`),
  ];
  for (const line of formatTable(["", ...columns.map(([name]) => name)], rows, terminal.columns)) terminal.print(line);
  const shown = all ? report.changes : report.changes.slice(0, changesShown);
  if (shown.length > 0) terminal.print("");
  for (const { atMs, from, to, cause } of shown) {
    const at = new Date(atMs).toISOString().slice(0, 16).replace("T", " ");
    terminal.print(`${at}  ${String(from).padStart(3)} → ${String(to).padEnd(3)} ${dim(cause)}`);
  }
  const left = report.changes.length - shown.length;
  if (left > 0) terminal.print(dim(`… and ${left} more: --changes`));
}

function printChart(terminal: Terminal, { moments, was }: ReplayReport): void {
  const { yellow, dim } = terminal.colors;
  const width = Math.max(20, Math.min(chartWidthMax, terminal.columns - labelWidth - 12));
  const loads = moments.map((moment) => moment.load);
  const topLoad = Math.max(...loads);
  const bars = barChart(loads, width, chartRows, topLoad);
  const line = (label: string, text: string, right: string): void =>
    terminal.print(`${label.padEnd(labelWidth)}${text}  ${dim(right)}`);
  for (const [index, bar] of bars.entries())
    line(index === 0 ? "load" : "", bar, index === 0 ? formatFigure(topLoad) : "");
  const most = Math.max(1, ...moments.map((moment) => Math.max(moment.was ?? 0, moment.would, moment.needed)));
  const sizes = (label: string, values: readonly number[]): void =>
    line(label, sparkline(values, width, most), `≤ ${Math.max(...values)}`);
  sizes(
    "needed",
    moments.map((moment) => moment.needed),
  );
  if (was !== undefined)
    sizes(
      "was",
      moments.map((moment) => moment.was ?? 0),
    );
  sizes(
    "would",
    moments.map((moment) => moment.would),
  );
  const short = moments.map((moment) => (moment.would < moment.needed ? 1 : 0));
  if (short.some((value) => value > 0)) {
    const marks = sparkline(short, width, 1).replaceAll("█", "!");
    terminal.print(`${"too few".padEnd(labelWidth)}${yellow(marks)}`);
  }
  const at = (index: number): string =>
    new Date(moments.at(index)?.atMs ?? 0).toISOString().slice(0, 16).replace("T", " ");
  terminal.print(
    dim(`${"".padEnd(labelWidth)}${at(0)}${at(-1).padStart(Math.max(0, Math.min(width, moments.length) - 16))}`),
  );
}
