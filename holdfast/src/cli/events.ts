import type { RegistryEvent } from "@holdfast/wire";
import type { DiscoveryEvents } from "@holdfast/wire/control";
import { ControlPaths } from "@holdfast/wire/control/paths";
import { readCountArgument } from "./arguments.ts";
import { type CommandContext, openStack, type StackOptions } from "./context.ts";
import { exitCodes } from "./exit-codes.ts";
import { formatTime } from "./moment.ts";
import { findNamed, readInstanceName } from "./named-instance.ts";
import { formatTable } from "./table.ts";

export interface EventFlags extends StackOptions {
  readonly limit?: string;
  readonly registry?: string;
}

/** `holdfast events [app[/instance]]`: what happened at a registry, and who did it. */
export async function events(context: CommandContext, of: string | undefined, flags: EventFlags): Promise<number> {
  const { terminal } = context;
  const limit = readCountArgument("--limit", flags.limit ?? "50", 1_000);
  const { control } = openStack(flags);
  const query = new URLSearchParams({ limit: String(Math.max(1, limit)) });
  if (flags.registry !== undefined) query.set("registry", flags.registry);
  if (of?.includes("/") === true) {
    const { app, id } = await findNamed(control, readInstanceName(of));
    query.set("app", app);
    query.set("id", id);
  } else if (of !== undefined) query.set("app", of);
  const told = await control.call<DiscoveryEvents>("GET", `${ControlPaths.discoveryEvents}?${query.toString()}`);
  control.close();
  terminal.printJson(told);
  const rows = eventRows(told.events, true);
  for (const line of formatTable(["TIME", "WHAT", "INSTANCE", "BY", ""], rows, terminal.columns)) terminal.print(line);
  const { dim } = terminal.colors;
  terminal.print(dim(`${told.events.length} events of registry ${told.registry}, the latest last`));
  return exitCodes.ok;
}

/** One row each: time, what, (whose,) by whom, the sentence. */
export function eventRows(list: readonly RegistryEvent[], withName: boolean): string[][] {
  return list.map(({ at, kind, app, id, by, detail }) => {
    const name = withName ? [app === "" ? "–" : `${app}/${id}`] : [];
    return [formatTime(at), kind, ...name, by, detail];
  });
}
