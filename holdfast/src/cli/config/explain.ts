import { PlatformError } from "@holdfast/kernel";
import type { ConfigExplainAnswer, ConfigExplanationView, InstanceView } from "@holdfast/wire/control";
import { ControlPaths } from "@holdfast/wire/control/paths";
import { type CommandContext, openStack, type StackOptions } from "../context.ts";
import { exitCodes } from "../exit-codes.ts";
import { chooseInstance } from "../kill.ts";
import { formatTable } from "../table.ts";
import type { Terminal } from "../terminal.ts";
import { readScope, type ScopeFlags, scopeText, short } from "./config-words.ts";

export interface ExplainFlags extends StackOptions, ScopeFlags {
  readonly for?: string;
}

/** `holdfast config explain [key] --for <instance>`: every value, which one counts, and why each other does not. */
export async function explain(context: CommandContext, key: string | undefined, flags: ExplainFlags): Promise<number> {
  const { terminal } = context;
  const scope = readScope(flags.scope);
  if (flags.for !== undefined && Object.keys(scope).length > 0) {
    throw new PlatformError("USAGE", "holdfast config explain: an instance has its scopes; give --for or --scope");
  }
  const { control } = openStack(flags);
  const query = new URLSearchParams(scope as Record<string, string>);
  if (key !== undefined) query.set("key", key);
  if (flags.for !== undefined) {
    const instances = await control.call<InstanceView[]>("GET", ControlPaths.instances);
    query.set("instance", chooseInstance(instances, flags.for).id);
  }
  const answer = await control.call<ConfigExplainAnswer>("GET", `${ControlPaths.configExplain}?${query.toString()}`);
  control.close();
  terminal.printJson(answer);
  terminal.print(terminal.colors.dim(`for ${scopeText(answer.context)}`));
  terminal.print("");
  if (key === undefined) printAll(terminal, answer.keys);
  else for (const one of answer.keys) printOne(terminal, one);
  return key !== undefined && answer.keys[0]?.value === null ? exitCodes.notFound : exitCodes.ok;
}

function printAll(terminal: Terminal, keys: readonly ConfigExplanationView[]): void {
  const rows = keys.map(({ key, value, why }) => [key, short(value), why]);
  for (const line of formatTable(["KEY", "VALUE", "WHY"], rows, terminal.columns)) terminal.print(line);
}

function printOne(terminal: Terminal, { key, value, why, rows }: ConfigExplanationView): void {
  const { green, dim } = terminal.colors;
  terminal.print(`${key} = ${short(value, 200)}`);
  terminal.print(`  ${why}`);
  if (rows.length === 0) return;
  terminal.print("");
  const lines = formatTable(
    ["", "VALUE", "FOR", "BY", "WHY"],
    rows.map(({ property, wins, why: reason }) => [
      wins ? "→" : "",
      short(property.value),
      scopeText(property.scope),
      property.author,
      reason,
    ]),
    terminal.columns,
  );
  for (const [i, line] of lines.entries()) {
    const row = rows[i - 1];
    terminal.print(row === undefined ? line : row.wins ? green(line) : row.matches ? line : dim(line));
  }
}
