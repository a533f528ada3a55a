import { PlatformError } from "@holdfast/kernel";
import type { ConfigListenerView, ConfigPropertyView, ConfigView } from "@holdfast/wire/control";
import { ControlPaths } from "@holdfast/wire/control/paths";
import { type CommandContext, openStack, type StackOptions } from "../context.ts";
import { exitCodes } from "../exit-codes.ts";
import { formatAge, formatTable } from "../table.ts";
import { readScope, type ScopeFlags, scopeText, short } from "./config-words.ts";

export interface GetFlags extends StackOptions, ScopeFlags {
  readonly search?: string;
}

/** `holdfast config get [key]`: values by key and scope; of one key, or all. */
export async function get(context: CommandContext, key: string | undefined, flags: GetFlags): Promise<number> {
  const { terminal, clock } = context;
  const scope = readScope(flags.scope);
  const query = new URLSearchParams({ limit: "100000" });
  if (key !== undefined) query.set("key", key);
  if (flags.search !== undefined) query.set("search", flags.search);
  const { control } = openStack(flags);
  const view = await control.call<ConfigView>("GET", `${ControlPaths.configProperties}?${query.toString()}`);
  control.close();
  const found = view.properties.filter((property) => hasScope(property, scope));
  if (key !== undefined && found.length === 0) {
    throw new PlatformError("CONFIG_UNKNOWN", `${key}: has no value${view.total === 0 ? "; nothing has" : ""}`, {
      status: 404,
      next: "holdfast config get",
    });
  }
  terminal.printJson({ ...view, properties: found });
  const rows = found.map((property) => [
    property.key,
    short(property.value),
    scopeText(property.scope),
    `r${property.revision}`,
    property.author,
    formatAge(Date.parse(property.at), clock.wallMs()),
    property.trial === null ? property.reason : `on trial: ${property.trial}`,
  ]);
  if (rows.length === 0) terminal.print("no values yet: holdfast config set <key> <value>");
  else {
    const header = ["KEY", "VALUE", "FOR", "REVISION", "BY", "AGO", "WHY"];
    for (const line of formatTable(header, rows, terminal.columns)) terminal.print(line);
  }
  if (view.state === "read-only") terminal.print(terminal.colors.yellow(`! read-only: ${view.stateReason}`));
  terminal.print("");
  terminal.print(terminal.colors.dim(`revision ${view.revision}; ${view.listeners} processes listen`));
  return exitCodes.ok;
}

function hasScope({ scope }: ConfigPropertyView, wanted: ReturnType<typeof readScope>): boolean {
  return Object.entries(wanted).every(([key, value]) => {
    const own = scope[key as keyof typeof scope]?.split(",") ?? [];
    return own.includes(value.trim().toLowerCase());
  });
}

/** `holdfast config instances`: which instances listen, and how far each was told. */
export async function instances(context: CommandContext, flags: StackOptions): Promise<number> {
  const { terminal, clock } = context;
  const { control } = openStack(flags);
  const all = await control.call<ConfigListenerView[]>("GET", ControlPaths.configInstances);
  control.close();
  terminal.printJson(all);
  const rows = all.map(({ service, instance, zone, listening, since, revision }) => [
    service,
    instance,
    zone,
    listening ? "listens" : "does not listen",
    since === null ? "–" : formatAge(Date.parse(since), clock.wallMs()),
    revision === null ? "–" : `r${revision}`,
  ]);
  const header = ["SERVICE", "INSTANCE", "ZONE", "STATE", "FOR", "TOLD OF"];
  for (const line of formatTable(header, rows, terminal.columns)) terminal.print(line);
  return exitCodes.ok;
}
