import { messageOf, OptionError, PlatformError } from "@holdfast/kernel";
import { networkFaultKinds } from "@holdfast/wire";
import type { AddFaultRequest, FaultShape, FaultsView, FaultView } from "@holdfast/wire/control";
import { ControlPaths } from "@holdfast/wire/control/paths";
import type { ControlClient } from "../stack/control-client.ts";
import { type CommandContext, openStack, type StackOptions } from "./context.ts";
import { exitCodes } from "./exit-codes.ts";
import { formatSpan } from "./moment.ts";
import { formatTable } from "./table.ts";
import type { Terminal } from "./terminal.ts";

export interface FaultFlags extends StackOptions {
  readonly from?: readonly string[];
  readonly to?: readonly string[];
  readonly shape?: string;
  readonly oneWay?: boolean;
  readonly for?: string;
  readonly loss?: string;
  readonly delay?: string;
  readonly rate?: string;
  readonly reason?: string;
  readonly hold?: boolean;
  readonly force?: boolean;
}

const shapes: readonly FaultShape[] = ["one", "halves", "ring", "bridge"];
/** A held fault outlives its command by this at most. */
const holdMs = 3_000;
const renewEveryMs = 1_000;

/** `holdfast fault list`. */
export async function faultList(context: CommandContext, flags: StackOptions): Promise<number> {
  const { terminal, clock } = context;
  const { control } = openStack(flags);
  const view = await control.call<FaultsView>("GET", ControlPaths.faults);
  control.close();
  terminal.printJson(view);
  printFaults(terminal, view, clock.wallMs());
  return exitCodes.ok;
}

/** `holdfast fault add <kind>`: returns at once, or with `--hold` stays until it is over and ends it with Ctrl-C. */
export async function faultAdd(context: CommandContext, kind: string, flags: FaultFlags): Promise<number> {
  const { terminal } = context;
  const request = readFault(kind, flags);
  const { control } = openStack(flags);
  try {
    const fault = await control.call<FaultView>("POST", ControlPaths.faults, request);
    terminal.printJson(fault);
    terminal.print(`${terminal.colors.yellow("!")} ${fault.id}: ${fault.what}`);
    if (flags.hold === true) return await hold(context, control, fault);
    terminal.print(`  until ${fault.until}; sooner: holdfast fault clear ${fault.id}`);
    return exitCodes.ok;
  } finally {
    control.close();
  }
}

/** `holdfast fault clear [id]`: one fault, or all of them. */
export async function faultClear(
  context: CommandContext,
  id: string | undefined,
  flags: StackOptions,
): Promise<number> {
  const { terminal } = context;
  const { control } = openStack(flags);
  const ids =
    id === undefined ? (await control.call<FaultsView>("GET", ControlPaths.faults)).faults.map((one) => one.id) : [id];
  for (const one of ids) await control.call("DELETE", ControlPaths.fault(one));
  control.close();
  terminal.printJson({ cleared: ids });
  terminal.print(ids.length === 0 ? "no fault is in force" : `${terminal.colors.green("✔")} over: ${ids.join(", ")}`);
  return exitCodes.ok;
}

/** @throws OptionError naming the flag. */
export function readFault(kind: string, flags: FaultFlags): AddFaultRequest {
  const known = networkFaultKinds.find((name) => name === kind);
  if (known === undefined) throw new OptionError("kind", networkFaultKinds.join(", "), kind);
  const shape = shapes.find((name) => name === flags.shape);
  if (flags.shape !== undefined && shape === undefined)
    throw new OptionError("--shape", shapes.join(", "), flags.shape);
  if (flags.for === undefined)
    throw new OptionError("--for", "a duration such as 30s: a fault without an end is none", "nothing");
  const needed = {
    loss: ["--loss", flags.loss],
    delay: ["--delay", flags.delay],
    bandwidth: ["--rate", flags.rate],
  } as const;
  if (known in needed) {
    const [flag, value] = needed[known as keyof typeof needed];
    if (value === undefined) throw new OptionError(flag, `given for ${known}`, "nothing");
  }
  return {
    kind: known,
    for: flags.for,
    from: [...(flags.from ?? [])],
    to: [...(flags.to ?? [])],
    oneWay: flags.oneWay === true,
    force: flags.force === true,
    reason: flags.reason ?? "",
    ...(shape === undefined ? {} : { shape }),
    ...(flags.loss === undefined ? {} : { lossPercent: readNumber("--loss", flags.loss, 1) }),
    ...(flags.delay === undefined ? {} : { delay: flags.delay }),
    ...(flags.rate === undefined ? {} : { bitsPerSecond: readRate(flags.rate) }),
    ...(flags.hold === true ? { hold: holdMs } : {}),
  };
}

/** `8mbit`, `500kbit`, `1gbit`, or bits a second. */
function readRate(text: string): number {
  const match = /^(\d+(?:\.\d+)?)(k|m|g)?(?:bit)?$/i.exec(text);
  const factor = { k: 1e3, m: 1e6, g: 1e9 }[match?.[2]?.toLowerCase() ?? ""] ?? 1;
  if (match === null) throw new OptionError("--rate", "a rate such as 8mbit", text);
  return Number(match[1]) * factor;
}

function readNumber(flag: string, text: string, factor: number): number {
  const value = Number(text.replace(/%$/, ""));
  if (!Number.isFinite(value)) throw new OptionError(flag, "a number", text);
  return value * factor;
}

/** Renews the fault until it is over; when this process dies, the fault ends by itself. */
async function hold(context: CommandContext, control: ControlClient, fault: FaultView): Promise<number> {
  const { terminal, clock } = context;
  const stopped = new AbortController();
  const stop = (): void => stopped.abort();
  process.once("SIGINT", stop);
  process.once("SIGTERM", stop);
  try {
    for (;;) {
      const leftMs = Date.parse(fault.until) - clock.wallMs();
      if (leftMs <= 0 || stopped.signal.aborted) break;
      terminal.print(`  held, ${formatSpan(leftMs)} left; Ctrl-C ends it`);
      await clock.sleep(Math.min(renewEveryMs, leftMs), stopped.signal).catch(() => {});
      if (!stopped.signal.aborted) await renew(control, fault.id);
    }
    if (stopped.signal.aborted) await control.call("DELETE", ControlPaths.fault(fault.id)).catch(() => {});
    terminal.print(`${terminal.colors.green("✔")} over: ${fault.id}`);
    return stopped.signal.aborted ? exitCodes.interrupted : exitCodes.ok;
  } finally {
    process.off("SIGINT", stop);
    process.off("SIGTERM", stop);
  }
}

async function renew(control: ControlClient, id: string): Promise<void> {
  try {
    await control.call("POST", ControlPaths.faultRenewal(id));
  } catch (error) {
    // Over meanwhile, by its time or by somebody's hand.
    if (error instanceof PlatformError && error.code === "FAULT_UNKNOWN") return;
    throw new PlatformError("FAULT_NOT_HELD", `${id}: could not be renewed: ${messageOf(error)}`, {
      next: "it ends by itself; holdfast fault list",
      cause: error,
    });
  }
}

function printFaults(terminal: Terminal, { faults, support, mode }: FaultsView, nowMs: number): void {
  const { dim, yellow } = terminal.colors;
  if (faults.length === 0) terminal.print("no fault is in force");
  const rows = faults.map((fault) => [
    fault.id,
    fault.what,
    formatSpan(Math.max(0, Date.parse(fault.heldUntil ?? fault.until) - nowMs)),
    String(fault.packets),
    fault.reason === "" ? fault.actor : `${fault.actor}: ${fault.reason}`,
  ]);
  if (rows.length > 0) {
    for (const line of formatTable(["FAULT", "WHAT", "LEFT", "PACKETS", "BY"], rows, terminal.columns))
      terminal.print(line);
  }
  for (const { id, problem } of faults) if (problem !== "") terminal.print(yellow(`${id}: ${problem}`));
  terminal.print("");
  terminal.print(dim(`isolation ${mode}`));
  const kinds = support.map((one) => [one.fault, one.support, one.why]);
  for (const line of formatTable(["KIND", "HERE", "WHY"], kinds, terminal.columns)) terminal.print(line);
}
