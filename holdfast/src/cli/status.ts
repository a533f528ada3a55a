import type { StatusView } from "@holdfast/wire/control";
import { ControlPaths } from "@holdfast/wire/control/paths";
import { type CommandContext, openStack, type StackOptions } from "./context.ts";
import { exitCodes } from "./exit-codes.ts";
import { formatTable } from "./table.ts";
import { shortPath } from "./terminal.ts";

/** `holdfast status`. */
export async function status(context: CommandContext, options: StackOptions): Promise<number> {
  const { terminal } = context;
  const { control } = openStack(options);
  const view = await control.call<StatusView>("GET", ControlPaths.status);
  control.close();
  terminal.printJson(view);
  const { green, yellow, red } = terminal.colors;
  const paint = view.verdict === "healthy" ? green : view.verdict === "down" ? red : yellow;
  terminal.print(`${paint(view.verdict === "healthy" ? "✔" : "!")} ${view.sentence}`);
  for (const reason of view.reasons) terminal.print(`  ${reason}`);
  terminal.print("");
  for (const line of statusTable(view, terminal.columns)) terminal.print(line);
  terminal.print("");
  for (const [name, value] of [
    ["Console", view.console],
    ["Edge", view.edge],
    ["Registry", view.registry],
    [
      "State",
      `${shortPath(view.stateDirectory)}${view.state === "writable" ? "" : ` (read-only: ${view.stateReason})`}`,
    ],
  ] as const) {
    terminal.print(`${name.padEnd(9)} ${value}`);
  }
  return exitCodes.ok;
}

function statusTable(view: StatusView, columns: number): string[] {
  const number = (value: number | null, digits: number): string => (value === null ? "–" : value.toFixed(digits));
  const rows = view.services.map((service) => [
    service.name,
    service.kind,
    service.state,
    `${service.up}/${service.desired}`,
    number(service.requestsPerSecond, 1),
    number(service.errorPercent, 1),
    number(service.p99Ms, 0),
    service.reason,
  ]);
  return formatTable(["SERVICE", "KIND", "STATE", "UP", "REQ/S", "ERR %", "P99 MS", "REASON"], rows, columns);
}
