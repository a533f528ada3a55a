import type { GroupInstanceView, ServerGroupView } from "@holdfast/wire/control";
import { ControlPaths } from "@holdfast/wire/control/paths";
import { type CommandContext, openStack, type StackOptions } from "../context.ts";
import { exitCodes } from "../exit-codes.ts";
import { formatAge, formatTable } from "../table.ts";
import type { Terminal } from "../terminal.ts";

/** `holdfast groups [name]`: all server groups, those of a service or cluster, or one of them with its instances. */
export async function groups(context: CommandContext, name: string | undefined, flags: StackOptions): Promise<number> {
  const { terminal, clock } = context;
  const { control } = openStack(flags);
  try {
    const of = name === undefined ? "" : `?cluster=${encodeURIComponent(name)}`;
    const found = await control.call<ServerGroupView[]>("GET", `${ControlPaths.groups}${of}`);
    if (name !== undefined && found.length === 0) {
      const group = await control.call<ServerGroupView>("GET", ControlPaths.group(name));
      terminal.printJson(group);
      printGroup(terminal, group, clock.wallMs());
      return exitCodes.ok;
    }
    terminal.printJson(found);
    printGroups(terminal, found);
    return exitCodes.ok;
  } finally {
    control.close();
  }
}

function printGroups(terminal: Terminal, all: readonly ServerGroupView[]): void {
  const rows = all.map((group) => [
    group.name,
    stateOf(group),
    `${group.up}/${group.desired}`,
    `${group.min}–${group.max}`,
    Object.values(group.zones).join(" "),
    noteOf(group),
  ]);
  for (const line of formatTable(["GROUP", "TRAFFIC", "UP", "MIN–MAX", "ZONES", ""], rows, terminal.columns)) {
    terminal.print(line);
  }
}

function stateOf({ state }: ServerGroupView): string {
  if (state === "destroying") return "ending";
  return state === "enabled" ? "on" : "off";
}

function noteOf(group: ServerGroupView): string {
  const { refresh } = group;
  const notes = [
    group.paused,
    group.reason,
    refresh === null || refresh.endedAt !== null ? "" : `refresh ${refresh.status} ${refresh.percent} %`,
    group.suspended.length === 0 ? "" : `suspended: ${group.suspended.join(", ")}`,
  ];
  return notes.filter((note) => note !== "").join("; ");
}

function printGroup(terminal: Terminal, group: ServerGroupView, nowMs: number): void {
  const { dim, yellow } = terminal.colors;
  terminal.print(`${group.name}: ${group.up} of ${group.desired} up (min ${group.min}, max ${group.max})`);
  terminal.print(`  traffic ${stateOf(group)}, created ${formatAge(Date.parse(group.createdAt), nowMs)} ago`);
  terminal.print(`  runs ${group.run}`);
  terminal.print(dim(`  image ${group.image}`));
  const { settings, refresh } = group;
  terminal.print(`  ends first: ${settings.terminationPolicies.join(", ")}`);
  terminal.print(`  checked by: ${checksOf(settings)}`);
  for (const hook of settings.hooks) {
    const seconds = hook.heartbeatTimeoutMs / 1_000;
    terminal.print(`  hook ${hook.name} on ${hook.transition}: ${seconds} s, then ${hook.defaultResult}`);
  }
  if (refresh !== null)
    terminal.print(
      `  refresh ${refresh.status}, ${refresh.percent} %${refresh.reason === "" ? "" : `: ${refresh.reason}`}`,
    );
  const note = noteOf(group);
  if (note !== "") terminal.print(yellow(`  ${note}`));
  if (group.instances.length === 0) return;
  const rows = group.instances.map((instance) => [
    instance.id,
    instance.zone,
    instance.lifecycle,
    instance.status,
    instance.protected ? "yes" : "",
    formatAge(Date.parse(instance.startedAt), nowMs),
    whyOf(instance),
  ]);
  const header = ["INSTANCE", "ZONE", "LIFECYCLE", "STATUS", "PROTECTED", "AGE", ""];
  for (const line of formatTable(header, rows, terminal.columns)) terminal.print(line);
}

function checksOf({ healthChecks, httpCheck, healthCheckGraceMs }: ServerGroupView["settings"]): string {
  const words = ["process", ...healthChecks.filter((check) => check !== "process")].map((check) => {
    if (check !== "http" || httpCheck === null) return check;
    const { path, matcher, intervalMs, unhealthyThreshold } = httpCheck;
    return `http ${path} ${matcher} each ${intervalMs / 1_000} s, ${unhealthyThreshold} bad in a row`;
  });
  return `${words.join(", ")}${healthCheckGraceMs === 0 ? "" : `; not in the first ${healthCheckGraceMs / 1_000} s`}`;
}

function whyOf(instance: GroupInstanceView): string {
  if (instance.waitsFor.length > 0) return `waits for ${instance.waitsFor.join(", ")}`;
  if (instance.status !== "up") return instance.reason;
  return instance.health
    .map(healthNote)
    .filter((note) => note !== "")
    .join("; ");
}

/** Nothing of a checker that finds it well, and is not about to change its mind. */
function healthNote({ checker, healthy, reason, note }: GroupInstanceView["health"][number]): string {
  if (healthy && note === "") return "";
  return `${checker}: ${reason}${note === "" ? "" : ` (${note})`}`;
}
