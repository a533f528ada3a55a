import type { DiscoveryWhy, GroupInstanceView, ServerGroupView } from "@holdfast/wire/control";
import { ControlPaths } from "@holdfast/wire/control/paths";
import { type CommandContext, openStack, type StackOptions } from "./context.ts";
import { eventRows, uncut } from "./events.ts";
import { exitCodes } from "./exit-codes.ts";
import { formatSpan, formatTime } from "./moment.ts";
import { findTelling } from "./named-instance.ts";
import { formatTable } from "./table.ts";

/** `holdfast why <app[/instance]>`: why callers see it as they do, or do not see it. */
export async function why(context: CommandContext, given: string, flags: StackOptions): Promise<number> {
  const { terminal } = context;
  const { control } = openStack(flags);
  const { app, id } = await findTelling(control, given);
  const told = await control.call<DiscoveryWhy>("GET", ControlPaths.why(app, id));
  const inGroup = await findInGroups(control, id);
  control.close();
  terminal.printJson(inGroup === undefined ? told : { ...told, group: inGroup });
  const { green, yellow, red, dim } = terminal.colors;
  const isFine = told.state === "live" && told.status === "UP";
  const paint = isFine ? green : told.state === "live" || told.state === "held" ? yellow : red;
  terminal.print(`${paint(isFine ? "✔" : "!")} ${told.summary}`);
  for (const reason of told.reasons) terminal.print(`  ${reason}`);
  terminal.print("");
  const facts = [...factsOf(told), ...(inGroup === undefined ? [] : groupFactsOf(inGroup))];
  for (const [title, text] of facts) terminal.print(`${title.padEnd(11)} ${text}`);
  if (told.events.length > 0) {
    terminal.print("");
    for (const line of formatTable(["TIME", "WHAT", "BY", ""], eventRows(told.events, false), uncut))
      terminal.print(line);
  }
  terminal.print(dim(`as registry ${told.registry} tells it`));
  return told.state === "unknown" ? exitCodes.notFound : exitCodes.ok;
}

function factsOf({ lease, owner, override, damping, probes, protection, removal }: DiscoveryWhy): [string, string][] {
  const facts: [string, string][] = [];
  if (owner !== null) facts.push(["It says", `${owner.status} (account ${owner.incarnation}.${owner.version})`]);
  if (lease !== null) {
    const left = lease.expiresInMs >= 0 ? `${formatSpan(lease.expiresInMs)} left` : "over";
    const told = lease.via === "instance" ? "by itself" : `as ${lease.via} told`;
    const renewed = `renewed ${formatSpan(lease.renewedMsAgo)} ago ${told}`;
    facts.push(["Lease", `${left} of ${formatSpan(lease.durationMs)}, ${renewed}`]);
  }
  if (override !== null) {
    const { status, by, at, reason } = override;
    facts.push(["Override", `${status} by ${by} at ${formatTime(at)}: ${reason}`]);
  }
  if (damping !== null) facts.push(["Damping", `came and went ${damping.flaps} times`]);
  for (const probe of probes) {
    facts.push([`Probe ${probe.zone}`, `${probe.verdict} at ${formatTime(probe.at)}: ${probe.detail}`]);
  }
  if (protection !== null) facts.push(["Protection", protection.reason]);
  if (removal !== null) {
    const remembered = `remembered for ${formatSpan(removal.rememberedForMs)} more`;
    facts.push(["Removed", `at ${formatTime(removal.at)}: ${removal.cause} (${remembered})`]);
  }
  return facts;
}

/** What its server group makes of it; `undefined` for one that no group has, or that control does not tell of. */
async function findInGroups(control: ReturnType<typeof openStack>["control"], id: string) {
  const groups = await control.call<ServerGroupView[]>("GET", ControlPaths.groups).catch(() => []);
  return groups.flatMap(({ instances }) => instances).find((instance) => instance.id === id);
}

function groupFactsOf({ serverGroup, lifecycle, waitsFor, health, host }: GroupInstanceView): [string, string][] {
  const waits = waitsFor.length === 0 ? "" : `, waits for ${waitsFor.join(", ")}`;
  const facts: [string, string][] = [["Group", `${serverGroup}: ${lifecycle}${waits}`]];
  if (host !== undefined) facts.push(["Host", host]);
  for (const { checker, healthy, reason, note } of health) {
    const verdict = `${healthy ? "healthy" : "unhealthy"}: ${reason}`;
    facts.push([`Check ${checker}`.slice(0, 15), `${verdict}${note === "" ? "" : ` (${note})`}`]);
  }
  return facts;
}
