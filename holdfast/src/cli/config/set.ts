import { PlatformError } from "@holdfast/kernel";
import type { ConfigChangeView } from "@holdfast/wire/control";
import { ControlPaths } from "@holdfast/wire/control/paths";
import { type CommandContext, openStack } from "../context.ts";
import { exitCodes } from "../exit-codes.ts";
import type { Terminal } from "../terminal.ts";
import { editText, readScope, type ScopeFlags, type ToldFlags, toldOf } from "./config-words.ts";

export interface SetFlags extends ToldFlags, ScopeFlags {
  readonly remove?: boolean;
}

/** `holdfast config set <key> <value>`, or `--remove`: at once, for all whom the scope covers. */
export async function set(
  context: CommandContext,
  key: string,
  value: string | undefined,
  flags: SetFlags,
): Promise<number> {
  if ((value === undefined) !== (flags.remove === true)) {
    throw new PlatformError("USAGE", "holdfast config set: give a value, or --remove and none", {
      next: `holdfast config set ${key} <value>`,
    });
  }
  const edits = [{ key, scope: readScope(flags.scope), value: value ?? null }];
  const { control } = openStack(flags);
  const body = { edits, ...toldOf(flags) };
  const change = await control.call<ConfigChangeView>("POST", ControlPaths.configChanges, body);
  control.close();
  printChange(context.terminal, change);
  return exitCodes.ok;
}

/** What was done, and how to take it back. */
export function printChange(terminal: Terminal, change: ConfigChangeView): void {
  terminal.printJson(change);
  const { green, dim } = terminal.colors;
  terminal.print(`${green("✔")} revision ${change.revision}${change.rollback === null ? "" : `: ${change.rollback}`}`);
  for (const edit of change.edits) terminal.print(`  ${editText(edit)}`);
  if (change.edits.length > 0) {
    terminal.print(dim(`  take it back: holdfast config rollback --undo ${change.revision}`));
  }
}
