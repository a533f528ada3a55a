import type { CallerReport, CircuitState, CommandReport } from "@holdfast/wire";
import type { Tone } from "../../lib/tone.ts";

/** One command of all its callers, as Turbine adds them up. */
export interface MergedCommand {
  readonly key: string;
  readonly group: string;
  /** The worst that a caller's circuit is in. */
  readonly state: CircuitState;
  /** Why that one is as it is. */
  readonly why: string;
  /** How many callers' circuits refuse calls now. */
  readonly open: number;
  readonly perSecond: number;
  readonly requests: number;
  readonly errors: number;
  readonly errorPercentage: number;
  readonly active: number;
  readonly events: Readonly<Record<string, number>>;
  /** The middle by all calls; the high percentiles of the slowest caller: they cannot be added up. */
  readonly latencyMs: CommandReport["latencyMs"];
  readonly callers: readonly OneCaller[];
}

export interface OneCaller {
  readonly service: string;
  readonly instance: string;
  readonly zone: string;
  readonly command: CommandReport;
}

export const sortings = ["trouble", "name", "volume", "latency"] as const;
export type Sorting = (typeof sortings)[number];

/** Worst first. */
const states: readonly CircuitState[] = ["open", "forced-open", "half-open", "forced-closed", "disabled", "closed"];

/** Circuits that let no ordinary call through. */
const refusing: ReadonlySet<CircuitState> = new Set(["open", "forced-open", "half-open"]);

/** Commands of one key over all callers. */
export function mergeCommands(callers: readonly CallerReport[]): readonly MergedCommand[] {
  const byKey = new Map<string, OneCaller[]>();
  for (const { service, instance, zone, commands } of callers) {
    for (const command of commands) {
      const known = byKey.get(command.key);
      const one = { service, instance, zone, command };
      if (known === undefined) byKey.set(command.key, [one]);
      else known.push(one);
    }
  }
  return Array.from(byKey, ([key, all]) => merged(key, all));
}

function merged(key: string, callers: readonly OneCaller[]): MergedCommand {
  const worst = callers.reduce((a, b) => (rankOf(b.command) < rankOf(a.command) ? b : a)).command;
  const commands = callers.map((one) => one.command);
  const sum = (value: (command: CommandReport) => number): number =>
    commands.reduce((all, command) => all + value(command), 0);
  const most = (value: (command: CommandReport) => number): number => Math.max(...commands.map(value));
  const requests = sum((command) => command.requests);
  const errors = sum((command) => command.errors);
  const weigh = (value: (command: CommandReport) => number): number =>
    requests === 0 ? most(value) : sum((command) => value(command) * command.requests) / requests;
  const events: Record<string, number> = {};
  for (const command of commands) {
    for (const [event, count] of Object.entries(command.events)) {
      events[event] =
        event === "COMMAND_MAX_ACTIVE" ? Math.max(events[event] ?? 0, count) : (events[event] ?? 0) + count;
    }
  }
  return {
    key,
    group: worst.group,
    state: worst.state,
    why: worst.why,
    open: commands.filter(({ state }) => refusing.has(state)).length,
    perSecond: sum((command) => callsOf(command) / (command.windowMs / 1_000)),
    requests,
    errors,
    errorPercentage: requests === 0 ? 0 : (100 * errors) / requests,
    active: sum((command) => command.active),
    events,
    latencyMs: {
      mean: weigh((command) => command.latencyMs.mean),
      p50: weigh((command) => command.latencyMs.p50),
      p90: most((command) => command.latencyMs.p90),
      p99: most((command) => command.latencyMs.p99),
      p995: most((command) => command.latencyMs.p995),
    },
    callers,
  };
}

/** What was asked for, whether or not it was let through. */
function callsOf({ requests, events }: CommandReport): number {
  return requests + (events["SHORT_CIRCUITED"] ?? 0) + (events["BAD_REQUEST"] ?? 0);
}

function rankOf(command: CommandReport): number {
  return states.indexOf(command.state) * 1_000 - command.errorPercentage;
}

export function sortCommands(commands: readonly MergedCommand[], by: Sorting): readonly MergedCommand[] {
  const byName = (a: MergedCommand, b: MergedCommand): number => a.key.localeCompare(b.key);
  const orders: Readonly<Record<Sorting, (a: MergedCommand, b: MergedCommand) => number>> = {
    trouble: (a, b) => troubleOf(b) - troubleOf(a) || b.errorPercentage - a.errorPercentage || byName(a, b),
    name: byName,
    volume: (a, b) => b.perSecond - a.perSecond || byName(a, b),
    latency: (a, b) => b.latencyMs.p99 - a.latencyMs.p99 || byName(a, b),
  };
  return commands.toSorted(orders[by]);
}

function troubleOf({ open, errors }: MergedCommand): number {
  return open > 0 ? 2 : errors > 0 ? 1 : 0;
}

/** Health as a tone: colour, shape and word. */
export function toneOfCommand({ open, state, errorPercentage }: MergedCommand): Tone {
  if (open > 0) return "bad";
  if (state === "disabled" || state === "forced-closed") return "idle";
  if (errorPercentage >= 10) return "bad";
  return errorPercentage > 0 ? "warn" : "good";
}

/** `closed`, or how many of the callers' circuits are open. */
export function circuitWords({ open, state, callers }: MergedCommand): string {
  if (open === 0) return state === "forced-closed" ? "forced closed" : state;
  const word = state === "forced-open" ? "forced open" : state === "half-open" ? "half open" : "open";
  return callers.length === 1 ? word : `${word} in ${open} of ${callers.length}`;
}
