import { OptionError, PlatformError, parseDurationMs } from "@holdfast/kernel";
import type { ConfigFiguresView, ConfigStageView } from "@holdfast/wire/control";
import { ControlPaths } from "@holdfast/wire/control/paths";
import type { ControlClient } from "../../stack/control-client.ts";
import { type CommandContext, openStack } from "../context.ts";
import { exitCodes } from "../exit-codes.ts";
import { formatAge, formatTable } from "../table.ts";
import type { Terminal } from "../terminal.ts";
import { readScope, type ScopeFlags, scopeText, short, type ToldFlags, toldOf } from "./config-words.ts";

export interface StageFlags extends ToldFlags, ScopeFlags {
  readonly steps?: string;
  readonly watch?: string;
  readonly requests?: string;
  readonly errors?: string;
  /** False for `--no-wait`. */
  readonly wait?: boolean;
  readonly revert?: string;
  readonly advance?: string;
}

const askEveryMs = 500;

/** `holdfast config stage`: lists trials; with a key and a value starts one and follows it; or ends one. */
export async function stage(
  context: CommandContext,
  key: string | undefined,
  value: string | undefined,
  flags: StageFlags,
): Promise<number> {
  const { control } = openStack(flags);
  try {
    const named = flags.revert ?? flags.advance;
    if (named !== undefined) return await push(context, control, named, flags);
    if (key === undefined) return await list(context, control);
    if (value === undefined) throw new PlatformError("USAGE", `holdfast config stage ${key}: a value is missing`);
    const body = {
      key,
      value,
      scope: readScope(flags.scope),
      ...readSteps(flags.steps),
      ...readGate(flags),
      ...toldOf(flags),
    };
    const started = await control.call<ConfigStageView>("POST", ControlPaths.configStages, body);
    context.terminal.print(`${started.id}: ${key} (${scopeText(started.scope)}) = ${short(value)}`);
    context.terminal.print(`  steps: ${started.steps.join(", ")}`);
    if (flags.wait === false) {
      context.terminal.printJson(started);
      return exitCodes.ok;
    }
    return await follow(context, control, started);
  } finally {
    control.close();
  }
}

/** `10%,50%` shares, `zone:local-1a` zones; the last step is all. @throws OptionError. */
export function readSteps(text: string | undefined): { readonly steps?: readonly object[] } {
  if (text === undefined) return {};
  const steps = text.split(",").map((part) => {
    const zone = /^zone:(.+)$/.exec(part.trim())?.[1];
    if (zone !== undefined) return { zones: zone.split("+") };
    const share = /^(\d+(?:\.\d+)?)\s*%$/.exec(part.trim())?.[1];
    if (share === undefined || Number(share) <= 0 || Number(share) > 100) {
      throw new OptionError("--steps", "shares and zones, such as 10%,50% or zone:local-1a,50%", part);
    }
    return { fraction: Number((Number(share) / 100).toFixed(6)) };
  });
  return { steps };
}

/** @throws OptionError. */
export function readGate(flags: Pick<StageFlags, "watch" | "requests" | "errors">): { readonly gate?: object } {
  const gate: Record<string, number> = {};
  if (flags.watch !== undefined) {
    const ms = parseDurationMs(flags.watch);
    if (ms === undefined) throw new OptionError("--watch", "a duration, such as 30s", flags.watch);
    gate["watchMs"] = ms;
  }
  const figures = { requests: "requestsMin", errors: "errorPointsMax" } as const;
  for (const flag of ["requests", "errors"] as const) {
    const text = flags[flag];
    if (text === undefined) continue;
    if (!/^\d+(\.\d+)?$/.test(text)) throw new OptionError(`--${flag}`, "a number", text);
    gate[figures[flag]] = Number(text);
  }
  return Object.keys(gate).length === 0 ? {} : { gate };
}

async function push(context: CommandContext, control: ControlClient, id: string, flags: StageFlags): Promise<number> {
  const path = flags.revert === undefined ? ControlPaths.configStageAdvance(id) : ControlPaths.configStageRevert(id);
  const told = toldOf({ ...flags, reason: flags.reason ?? "by hand" });
  const now = await control.call<ConfigStageView>("POST", path, told);
  context.terminal.printJson(now);
  context.terminal.print(`${now.id}: ${now.state}, ${now.note}`);
  return exitCodes.ok;
}

async function list({ terminal, clock }: CommandContext, control: ControlClient): Promise<number> {
  const all = await control.call<ConfigStageView[]>("GET", ControlPaths.configStages);
  terminal.printJson(all);
  if (all.length === 0) terminal.print("no trials yet: holdfast config stage <key> <value>");
  const rows = all.map((one) => [
    one.id,
    one.key,
    short(one.value, 24),
    scopeText(one.scope),
    one.state,
    `${one.step + 1}/${one.steps.length}`,
    formatAge(Date.parse(one.startedAt), clock.wallMs()),
    one.note,
  ]);
  const header = ["ID", "KEY", "VALUE", "FOR", "STATE", "STEP", "AGO", "WHY"];
  if (rows.length > 0) for (const line of formatTable(header, rows, terminal.columns)) terminal.print(line);
  return exitCodes.ok;
}

/** Follows a trial to its end; what the gate sees is one line, written over on a terminal. */
async function follow(context: CommandContext, control: ControlClient, started: ConfigStageView): Promise<number> {
  const { clock, terminal } = context;
  let now = started;
  let said = "";
  while (now.state === "running") {
    const line = `  step ${now.step + 1} of ${now.steps.length} (${now.steps[now.step] ?? ""})`;
    if (line !== said) terminal.print(`${line}${figuresText(now)}`);
    else printOver(terminal, `${line}${figuresText(now)}`);
    said = line;
    await clock.sleep(askEveryMs);
    now = await control.call<ConfigStageView>("GET", ControlPaths.configStage(now.id));
  }
  terminal.printJson(now);
  const { green } = terminal.colors;
  if (now.state === "completed") {
    terminal.print(`${green("✔")} counts for all now: ${now.note}`);
    return exitCodes.ok;
  }
  throw new PlatformError("STAGE_REVERTED", `${now.key}: taken back: ${now.note}`, {
    next: `holdfast config history ${now.key}`,
  });
}

function figuresText({ staged, others }: ConfigStageView): string {
  if (staged === null || others === null) return "";
  return `: ${sideText(staged)}; others ${sideText(others)}`;
}

function sideText({ instances, requests, errors, p99Ms }: ConfigFiguresView): string {
  const share = requests === 0 ? "–" : `${Number(((100 * errors) / requests).toFixed(1))} %`;
  return `${instances} instances, ${requests} requests, ${share} errors${p99Ms === null ? "" : `, p99 ${Math.round(p99Ms)} ms`}`;
}

function printOver(terminal: Terminal, line: string): void {
  // The line above is the one before of the same step.
  if (terminal.isTty) terminal.print(`\u001b[1A\u001b[2K${line}`);
}
