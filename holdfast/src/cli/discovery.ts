import { PlatformError } from "@holdfast/kernel";
import type { DiscoveryApp, DiscoveryInstance, DiscoveryInstances, DiscoveryView } from "@holdfast/wire/control";
import { ControlPaths } from "@holdfast/wire/control/paths";
import { type CommandContext, openStack, type StackOptions } from "./context.ts";
import { exitCodes } from "./exit-codes.ts";
import { formatSpan, formatTime, readMoment } from "./moment.ts";
import { formatTable } from "./table.ts";
import type { Terminal } from "./terminal.ts";

export interface DiscoveryFlags extends StackOptions {
  readonly at?: string;
}

/** `holdfast discovery [app]`: what callers see, and whether the registries agree on it. */
export async function discovery(
  context: CommandContext,
  app: string | undefined,
  flags: DiscoveryFlags,
): Promise<number> {
  const { terminal, clock } = context;
  const at = readMoment(flags.at, clock.wallMs());
  const { control } = openStack(flags);
  const query = new URLSearchParams({ ...(app === undefined ? {} : { app }), ...(at === undefined ? {} : { at }) });
  if (app === undefined) {
    const view = await control.call<DiscoveryView>("GET", `${ControlPaths.discovery}?${query.toString()}`);
    control.close();
    terminal.printJson(view);
    printView(terminal, view);
    return view.verdict === "down" ? exitCodes.failed : exitCodes.ok;
  }
  const answer = await control.call<DiscoveryInstances>(
    "GET",
    `${ControlPaths.discoveryInstances}?${query.toString()}`,
  );
  control.close();
  terminal.printJson(answer);
  if (answer.instances.length === 0) {
    const then = at === undefined ? "is registered" : `was registered at ${at}`;
    throw new PlatformError("APP_UNKNOWN", `${app}: no instance of this app ${then}`, {
      next: "holdfast discovery",
      status: 404,
    });
  }
  printInstances(terminal, answer);
  return exitCodes.ok;
}

function printView(terminal: Terminal, view: DiscoveryView): void {
  const { green, yellow, red } = terminal.colors;
  const paint = view.verdict === "healthy" ? green : view.verdict === "down" ? red : yellow;
  terminal.print(`${paint(view.verdict === "healthy" ? "✔" : "!")} ${view.sentence}`);
  for (const reason of view.reasons) terminal.print(`  ${reason}`);
  terminal.print("");
  const registries = view.registries.map(({ name, url, reachable, answeredInMs, summary }) => [
    name,
    url,
    reachable ? (summary?.synced === false ? "syncing" : "up") : "unreachable",
    answeredInMs === null ? "–" : formatSpan(answeredInMs),
    summary === null ? "–" : String(summary.listeners),
    summary === null ? "–" : summary.preservation.engaged ? summary.preservation.summary : "not needed",
  ]);
  const header = ["REGISTRY", "URL", "STATE", "ANSWERS IN", "LISTENERS", "SELF-PRESERVATION"];
  for (const line of formatTable(header, registries, terminal.columns)) terminal.print(line);
  if (view.registry === null) return;
  terminal.print("");
  if (view.at !== null) terminal.print(`as ${view.registry} showed it at ${view.at}:`);
  const rows = view.apps.map((app) => [
    app.app,
    `${app.up}/${app.instances}`,
    ...view.zones.map((zone) => zoneCell(app, zone)),
    notesOf(app),
  ]);
  for (const line of formatTable(["APP", "UP", ...view.zones.map(zoneName), ""], rows, terminal.columns))
    terminal.print(line);
}

function zoneName(zone: string): string {
  return zone === "" || zone === "-" ? "NO ZONE" : zone.toUpperCase();
}

/** `2`, or `1 +1 down` when not all are UP. */
function zoneCell(app: DiscoveryApp, zone: string): string {
  const counts = app.zones[zone] ?? {};
  const others = Object.entries(counts).flatMap(([status, count]) =>
    status === "UP" ? [] : [`+${count} ${status.toLowerCase().replaceAll("_", " ")}`],
  );
  if (others.length === 0) return counts.UP === undefined ? "–" : String(counts.UP);
  return [String(counts.UP ?? 0), ...others].join(" ");
}

function notesOf({ overridden, held }: DiscoveryApp): string {
  const notes = [
    overridden > 0 ? `${overridden} overridden` : "",
    held > 0 ? `${held} kept although the lease is over` : "",
  ];
  return notes.filter(Boolean).join(", ");
}

function printInstances(terminal: Terminal, { instances, at, registry }: DiscoveryInstances): void {
  if (at !== null) terminal.print(`as ${registry} showed it at ${at}:`);
  const rows = instances.map((one) => [
    one.id,
    one.status,
    one.zone,
    `${one.address}:${one.port}`,
    one.serverGroup,
    leaseOf(one),
  ]);
  const header = ["ID", "STATUS", "ZONE", "ADDRESS", "SERVER GROUP", "LEASE"];
  for (const line of formatTable(header, rows, terminal.columns)) terminal.print(line);
  const { yellow, dim } = terminal.colors;
  for (const { app, id, override } of instances) {
    if (override === null) continue;
    const { status, by, at: since, reason } = override;
    terminal.print("");
    terminal.print(yellow(`${id}: set to ${status} by ${by} at ${formatTime(since)}: ${reason}`));
    terminal.print(dim(`  take it back: holdfast override ${app}/${id} --clear`));
  }
}

function leaseOf({ lease }: DiscoveryInstance): string {
  if (lease === null) return "–";
  if (lease.held) return "over, kept";
  return lease.expiresInMs < 0 ? "over" : `${formatSpan(lease.expiresInMs)} left`;
}
