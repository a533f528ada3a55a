import { PlatformError } from "@holdfast/kernel";
import type { OperationView } from "@holdfast/wire/control";
import { ControlPaths } from "@holdfast/wire/control/paths";
import type { ControlClient } from "../stack/control-client.ts";
import { readCountArgument } from "./arguments.ts";
import { type CommandContext, openStack, type StackOptions } from "./context.ts";
import { exitCodes } from "./exit-codes.ts";

/** Longest wait for an operation; it goes on when the command gives up. */
const operationMaxMs = 180_000;

/** `holdfast restart <svc>`: rolling, one per zone at a time, never below the desired strength. */
export async function restart(context: CommandContext, service: string, options: StackOptions): Promise<number> {
  const { control } = openStack(options);
  const started = await control.call<OperationView>("POST", ControlPaths.restart(service), {});
  return await followOperation(context, control, started);
}

/** `holdfast scale <svc> N`. */
export async function scale(
  context: CommandContext,
  service: string,
  text: string,
  options: StackOptions,
): Promise<number> {
  const desired = readCountArgument("N", text, 99);
  const { control } = openStack(options);
  const started = await control.call<OperationView>("POST", ControlPaths.scale(service), { desired });
  return await followOperation(context, control, started);
}

/**
 * Tells how an operation goes on until it has ended; closes `control`.
 *
 * @throws PlatformError `OPERATION_FAILED`, `NOT_HEALTHY_IN_TIME`.
 */
export async function followOperation(
  context: CommandContext,
  control: ControlClient,
  started: OperationView,
): Promise<number> {
  const { clock, terminal } = context;
  const endMs = clock.monotonicMs() + operationMaxMs;
  let said = "";
  let operation = started;
  for (;;) {
    const line = lineOf(operation);
    if (line !== said) terminal.print(line);
    said = line;
    if (operation.state !== "running") break;
    if (clock.monotonicMs() > endMs) {
      throw new PlatformError("NOT_HEALTHY_IN_TIME", `${line}; still running after ${operationMaxMs / 1000} s`, {
        next: "holdfast status",
      });
    }
    await clock.sleep(200);
    operation = await control.call<OperationView>("GET", ControlPaths.operation(operation.id));
  }
  control.close();
  terminal.printJson(operation);
  if (operation.state === "succeeded") return exitCodes.ok;
  const about = operation.group ?? operation.service;
  throw new PlatformError("OPERATION_FAILED", `${operation.kind} ${about}: ${operation.detail}`, {
    next: `holdfast logs ${operation.service}`,
  });
}

/** Operations on groups are one step that says how far it is; the others count instances. */
function lineOf({ kind, service, group, state, done, total, detail }: OperationView): string {
  const isGroup = group !== undefined && kind !== "scale" && kind !== "restart" && kind !== "deploy";
  if (isGroup) return `${kind} ${group}: ${detail === "" ? state : detail}`;
  return `${kind} ${service}: ${done} of ${total}${detail === "" ? "" : `: ${detail}`}`;
}
