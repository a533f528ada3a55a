import type { InstanceView } from "@holdfast/wire/control";
import { ControlPaths } from "@holdfast/wire/control/paths";
import { type CommandContext, openStack, type StackOptions } from "./context.ts";
import { exitCodes } from "./exit-codes.ts";
import { formatAge, formatTable } from "./table.ts";

/** `holdfast ps`. */
export async function ps(context: CommandContext, options: StackOptions): Promise<number> {
  const { terminal, clock } = context;
  const { control } = openStack(options);
  const instances = await control.call<InstanceView[]>("GET", ControlPaths.instances);
  control.close();
  terminal.printJson(instances);
  const nowMs = clock.wallMs();
  const placed = instances.some(({ host }) => host !== undefined);
  const rows = instances.map((instance) => [
    instance.id,
    instance.name,
    instance.kind,
    instance.zone,
    ...(placed ? [instance.host ?? "–"] : []),
    `${instance.address}:${instance.port}`,
    instance.pid === null ? "–" : String(instance.pid),
    instance.status,
    formatAge(Date.parse(instance.since), nowMs),
    instance.status === "up" ? "" : instance.reason,
  ]);
  const header = [
    "ID",
    "NAME",
    "KIND",
    "ZONE",
    ...(placed ? ["HOST"] : []),
    "ADDRESS",
    "PID",
    "STATUS",
    "SINCE",
    "REASON",
  ];
  for (const line of formatTable(header, rows, terminal.columns)) terminal.print(line);
  return exitCodes.ok;
}
