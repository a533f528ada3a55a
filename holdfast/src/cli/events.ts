import { OptionError } from "@holdfast/kernel";
import type { RegistryEvent } from "@holdfast/wire";
import type { DiscoveryEvents } from "@holdfast/wire/control";
import { ControlPaths } from "@holdfast/wire/control/paths";
import type { ControlClient } from "../stack/control-client.ts";
import { readCountArgument } from "./arguments.ts";
import { type CommandContext, openStack, type StackOptions } from "./context.ts";
import { exitCodes } from "./exit-codes.ts";
import { formatTime } from "./moment.ts";
import { findNamed, readInstanceName } from "./named-instance.ts";
import { formatTable } from "./table.ts";
import { count, type Terminal } from "./terminal.ts";

export interface EventFlags extends StackOptions {
  readonly limit?: string;
  readonly registry?: string;
  readonly follow?: boolean;
}

const askEveryMs = 1_000;
/** The most a registry tells at once: more than that a second is not for reading. */
const followLimit = "1000";

/** `holdfast events [app[/instance]]`: what happened at a registry, and who did it. */
export async function events(context: CommandContext, of: string | undefined, flags: EventFlags): Promise<number> {
  const { terminal } = context;
  const limit = readCountArgument("--limit", flags.limit ?? "50", 1_000);
  if (limit === 0) throw new OptionError("--limit", "a whole number from 1 to 1000", flags.limit);
  const { control } = openStack(flags);
  const query = new URLSearchParams({ limit: String(limit) });
  if (flags.registry !== undefined) query.set("registry", flags.registry);
  if (of?.includes("/") === true) {
    const { app, id } = await findNamed(control, readInstanceName(of));
    query.set("app", app);
    query.set("id", id);
  } else if (of !== undefined) query.set("app", of);
  const told = await ask(control, query);
  if (flags.follow === true) return follow(context, control, query, told);
  control.close();
  terminal.printJson(told);
  const rows = eventRows(told.events, true);
  if (rows.length > 0) for (const line of formatTable(header, rows, uncut)) terminal.print(line);
  const { dim } = terminal.colors;
  const whose = of === undefined ? "" : ` of ${of}`;
  terminal.print(dim(`${count(rows.length, "event")}${whose} at registry ${told.registry}, the latest last`));
  return exitCodes.ok;
}

const header = ["TIME", "WHAT", "INSTANCE", "BY", ""];
/** What happened is a sentence, and its end matters most: a terminal may wrap it, but nobody cuts it. */
export const uncut: number = Number.POSITIVE_INFINITY;

function ask(control: ControlClient, query: URLSearchParams): Promise<DiscoveryEvents> {
  return control.call<DiscoveryEvents>("GET", `${ControlPaths.discoveryEvents}?${query.toString()}`);
}

/** Prints `told`, and then what is new each second, until ctrl-c or until no registry answers. */
async function follow(
  { terminal, clock }: CommandContext,
  control: ControlClient,
  query: URLSearchParams,
  told: DiscoveryEvents,
): Promise<never> {
  query.set("limit", followLimit);
  query.set("registry", told.registry);
  let last = told;
  printFollowed(terminal, told.events);
  for (;;) {
    await clock.sleep(askEveryMs);
    const answer = await ask(control, query);
    const fresh = eventsSince(answer, last);
    if (fresh === undefined) {
      const { dim } = terminal.colors;
      terminal.print(dim(`from here on as registry ${answer.registry} tells it: the log before has ended`));
    } else printFollowed(terminal, fresh);
    last = answer;
  }
}

/** What is new; `undefined` when it is another log: places in a log are that registry's own, from its start on. */
export function eventsSince(answer: DiscoveryEvents, last: DiscoveryEvents): RegistryEvent[] | undefined {
  if (answer.registry !== last.registry || answer.newest < last.newest) return undefined;
  return answer.events.filter(({ sequence }) => sequence > last.newest);
}

function printFollowed(terminal: Terminal, list: readonly RegistryEvent[]): void {
  for (const event of list) terminal.printJson(event);
  for (const row of eventRows(list, true)) {
    terminal.print(
      row
        .map((cell, i) => cell.padEnd(followWidths[i] ?? 0))
        .join("  ")
        .trimEnd(),
    );
  }
}

/** What comes later is not known: most kinds and ids of ours fit. */
const followWidths = [8, 12, 26, 8];

/** One row each: time, what, (whose,) by whom, the sentence. */
export function eventRows(list: readonly RegistryEvent[], withName: boolean): string[][] {
  return list.map(({ at, kind, app, id, by, detail }) => {
    const name = withName ? [app === "" ? "–" : `${app}/${id}`] : [];
    return [formatTime(at), kind, ...name, by, detail];
  });
}
