import { OptionError } from "@holdfast/kernel";
import type { LogLine } from "@holdfast/wire/control";
import { ControlPaths } from "@holdfast/wire/control/paths";
import { type CommandContext, openStack, type StackOptions } from "./context.ts";
import { exitCodes } from "./exit-codes.ts";

export interface LogFlags extends StackOptions {
  readonly follow?: boolean;
  readonly instance?: string;
  readonly tail?: string;
}

/** `holdfast logs [svc] -f`. */
export async function logs(context: CommandContext, service: string | undefined, flags: LogFlags): Promise<number> {
  const { terminal } = context;
  const query = new URLSearchParams({ tail: readTail(flags.tail) });
  if (service !== undefined) query.set("service", service);
  if (flags.instance !== undefined) query.set("instance", flags.instance);
  if (flags.follow === true) query.set("follow", "1");
  const { control } = openStack(flags);
  const { dim } = terminal.colors;
  await control.stream(
    `${ControlPaths.logs}?${query.toString()}`,
    (_event, data) => {
      const line = data as LogLine;
      terminal.printJson(line);
      terminal.print(`${dim(`${line.service} ${line.instance} ${line.zone} |`)} ${line.line}`);
    },
    new AbortController().signal,
  );
  control.close();
  return exitCodes.ok;
}

function readTail(text = "200"): string {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 0 || value > 10_000)
    throw new OptionError("--tail", "a whole number from 0 to 10000", text);
  return text;
}
