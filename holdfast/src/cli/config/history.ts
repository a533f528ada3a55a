import { OptionError } from "@holdfast/kernel";
import type { ConfigChangeView, ConfigEditView } from "@holdfast/wire/control";
import { ControlPaths } from "@holdfast/wire/control/paths";
import { readCountArgument } from "../arguments.ts";
import { type CommandContext, openStack, type StackOptions } from "../context.ts";
import { exitCodes } from "../exit-codes.ts";
import { formatTable } from "../table.ts";
import { editText, scopeText, short, type ToldFlags, timeText, toldOf } from "./config-words.ts";
import { printChange } from "./set.ts";

export interface HistoryFlags extends StackOptions {
  readonly limit?: string;
}

/** `holdfast config history [key]`: who changed what, when and why; newest first. */
export async function history(context: CommandContext, key: string | undefined, flags: HistoryFlags): Promise<number> {
  const { terminal } = context;
  const limit = flags.limit === undefined ? 30 : readCountArgument("--limit", flags.limit, 1_000);
  const query = new URLSearchParams({ limit: String(limit), ...(key === undefined ? {} : { key }) });
  const { control } = openStack(flags);
  const changes = await control.call<ConfigChangeView[]>("GET", `${ControlPaths.configChanges}?${query.toString()}`);
  control.close();
  terminal.printJson(changes);
  const rows = changes.map((change) => [
    `r${change.revision}`,
    timeText(change.at),
    change.author,
    change.kind,
    cut(whatText(change, key), terminal.columns - 62),
    change.reason,
  ]);
  if (rows.length === 0) terminal.print("nothing was changed yet");
  else
    for (const line of formatTable(["", "WHEN", "BY", "KIND", "WHAT", "WHY"], rows, terminal.columns))
      terminal.print(line);
  return exitCodes.ok;
}

/** The reason must have room, too. */
function cut(text: string, columns: number): string {
  const most = Math.max(30, columns);
  return text.length > most ? `${text.slice(0, most - 1)}…` : text;
}

/** One line of a change: its edits of the key asked for, or the first one and how many more. */
export function whatText(change: ConfigChangeView, key?: string): string {
  if (change.secret !== null) {
    const { name, before, after } = change.secret;
    return `secret ${name}: ${before ?? "–"} → ${after ?? "–"}`;
  }
  const edits = change.edits.filter((edit) => key === undefined || edit.key === key);
  const [first, ...more] = edits;
  if (first === undefined) return change.stage ?? change.rollback ?? "";
  return `${editText(first)}${more.length === 0 ? "" : ` and ${more.length} more`}`;
}

/** `holdfast config diff <from> [to]`. */
export async function diff(
  context: CommandContext,
  from: string,
  to: string | undefined,
  flags: StackOptions,
): Promise<number> {
  const { terminal } = context;
  const query = new URLSearchParams({ from: String(readRevision("FROM", from)) });
  if (to !== undefined) query.set("to", String(readRevision("TO", to)));
  const { control } = openStack(flags);
  const edits = await control.call<ConfigEditView[]>("GET", `${ControlPaths.configDiff}?${query.toString()}`);
  control.close();
  terminal.printJson(edits);
  const { red, green } = terminal.colors;
  if (edits.length === 0) terminal.print("no difference");
  for (const { key, scope, before, after } of edits) {
    terminal.print(`${key} (${scopeText(scope)})`);
    if (before !== null) terminal.print(red(`  - ${short(before, 200)}`));
    if (after !== null) terminal.print(green(`  + ${short(after, 200)}`));
  }
  return exitCodes.ok;
}

export interface RollbackFlags extends ToldFlags {
  readonly undo?: boolean;
}

/** `holdfast config rollback <revision>`: everything as it was then; `--undo`: without that one change. */
export async function rollback(context: CommandContext, revision: string, flags: RollbackFlags): Promise<number> {
  const wanted = readRevision("REVISION", revision);
  const what = flags.undo === true ? { undo: wanted } : { to: wanted };
  const { control } = openStack(flags);
  const body = { ...what, ...toldOf(flags) };
  const change = await control.call<ConfigChangeView>("POST", ControlPaths.configRollback, body);
  control.close();
  printChange(context.terminal, change);
  return exitCodes.ok;
}

/** `7` or `r7`. @throws OptionError. */
export function readRevision(name: string, text: string): number {
  const match = /^r?(\d{1,15})$/i.exec(text);
  if (match?.[1] === undefined) throw new OptionError(name, "a revision, such as 7 or r7", text);
  return Number(match[1]);
}
