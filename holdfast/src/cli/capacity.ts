import type { CapacityView, HostStateAnswer, HostStateRequest } from "@holdfast/wire/control";
import { ControlPaths } from "@holdfast/wire/control/paths";
import { count, printCapacity } from "./capacity-table.ts";
import { type CommandContext, openStack, type StackOptions } from "./context.ts";
import { exitCodes } from "./exit-codes.ts";

/** `holdfast capacity`: hosts with what they have and carry, who is guaranteed what, and who waits for room. */
export async function capacity(context: CommandContext, flags: StackOptions): Promise<number> {
  const { terminal, clock } = context;
  const { control } = openStack(flags);
  const view = await control.call<CapacityView>("GET", ControlPaths.capacity);
  control.close();
  terminal.printJson(view);
  printCapacity(terminal, view, clock.wallMs());
  return exitCodes.ok;
}

export interface HostFlags extends StackOptions {
  readonly reason?: string;
}

/** `holdfast host cordon|drain|activate <name>`. */
export async function setHost(
  context: CommandContext,
  name: string,
  state: HostStateRequest["state"],
  flags: HostFlags,
): Promise<number> {
  const { terminal } = context;
  const { control } = openStack(flags);
  const request: HostStateRequest = { state, ...(flags.reason === undefined ? {} : { reason: flags.reason }) };
  try {
    const answer = await control.call<HostStateAnswer>("POST", ControlPaths.hostState(name), request);
    terminal.printJson(answer);
    terminal.print(`${terminal.colors.green("✔")} ${name} is ${state}: ${consequence(answer)}`);
    return exitCodes.ok;
  } finally {
    control.close();
  }
}

function consequence({ host, leaving }: HostStateAnswer): string {
  if (host.state === "active") return "it takes instances";
  const stay = host.tasks.length - leaving;
  if (host.state === "cordoned") return `it takes no more; ${onIt(host.tasks.length)} on`;
  const moves =
    leaving === 0
      ? "nothing has to go"
      : `${count(leaving, "instance")} ${leaving === 1 ? "is" : "are"} replaced elsewhere, new ones first`;
  return stay > 0 ? `${moves}; ${stay} belong to no group and stay` : moves;
}

function onIt(instances: number): string {
  return `${count(instances, "instance")} ${instances === 1 ? "runs" : "run"}`;
}
