import { OptionError, PlatformError } from "@holdfast/kernel";
import { type InstanceStatus, instanceStatuses } from "@holdfast/wire";
import { ControlPaths } from "@holdfast/wire/control/paths";
import { type CommandContext, openStack, type StackOptions } from "./context.ts";
import { exitCodes } from "./exit-codes.ts";
import { findNamed, readInstanceName } from "./named-instance.ts";

export interface OverrideFlags extends StackOptions {
  readonly reason?: string;
  readonly clear?: boolean;
}

/** `holdfast override <app>/<instance> OUT_OF_SERVICE --reason "…"`, or `--clear`. */
export async function override(
  context: CommandContext,
  given: string,
  wanted: string | undefined,
  flags: OverrideFlags,
): Promise<number> {
  const { terminal } = context;
  const name = readInstanceName(given);
  const order = readOrder(wanted, flags);
  const { control } = openStack(flags);
  const { app, id } = await findNamed(control, name);
  if (order === null) {
    await control.call("DELETE", ControlPaths.override(app, id));
    terminal.print(`${app}/${id}: override taken back; callers see what it says of itself`);
  } else {
    await control.call("PUT", ControlPaths.override(app, id), order);
    terminal.print(`${app}/${id}: ${order.status} for all callers; take it back with --clear`);
  }
  control.close();
  terminal.printJson({ app, id, status: order?.status ?? null });
  return exitCodes.ok;
}

interface Order {
  readonly status: InstanceStatus;
  readonly reason: string;
}

/** `null`: take it back. */
function readOrder(wanted: string | undefined, { reason, clear }: OverrideFlags): Order | null {
  if (clear === true) {
    if (wanted === undefined) return null;
    throw new PlatformError("USAGE", `${wanted}: a status and --clear exclude each other`, { status: 400 });
  }
  if (wanted === undefined) {
    const message = `a status is missing: ${instanceStatuses.join(", ")}, or --clear`;
    throw new PlatformError("USAGE", message, { next: "holdfast override --help", status: 400 });
  }
  const status = instanceStatuses.find((known) => known === wanted.toUpperCase().replaceAll("-", "_"));
  if (status === undefined)
    throw new OptionError("status", `one of ${instanceStatuses.join(", ")}, or --clear`, wanted);
  if (reason === undefined || reason.trim() === "") {
    throw new OptionError("--reason", "a sentence that tells others why", reason ?? "");
  }
  return { status, reason };
}
