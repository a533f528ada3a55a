import type { CapacityAmounts, CapacityView, HostView } from "@holdfast/wire/control";
import { formatAge, formatTable } from "./table.ts";
import type { Terminal } from "./terminal.ts";

const barWidth = 10;
const mebibyte = 1_048_576;
const gibibyte = 1_073_741_824;

/** Prints what hosts have and carry, who is guaranteed what, and who waits for room; or that there are none. */
export function printCapacity(terminal: Terminal, view: CapacityView, nowMs: number): void {
  if (view.declared) return print(terminal, view, nowMs);
  terminal.print("no hosts are declared: every zone has room for all");
  terminal.print(terminal.colors.dim("declare them as `hosts` in the application file"));
}

function print(terminal: Terminal, view: CapacityView, nowMs: number): void {
  const rows = view.hosts.map((host) => hostRow(host));
  const header = ["HOST", "ZONE", "STATE", "CPU", "MEMORY", "DISK", "NETWORK", "TASKS"];
  for (const line of formatTable(header, rows, terminal.columns)) terminal.print(line);
  for (const { name, state, reason } of view.hosts) if (state !== "active") terminal.print(`${name} ${reason}`);
  const { total, used } = view;
  terminal.print("");
  terminal.print(
    `${count(view.hosts.length, "host")}, ${cores(used)} of ${cores(total)} cores and ${size(used.memoryBytes)} of ${size(total.memoryBytes)} are taken on those that are active`,
  );
  printSets(terminal, view);
  printGroups(terminal, view);
  printRefusals(terminal, view, nowMs);
}

function hostRow({ name, zone, capacity: has, used, state, tasks }: HostView): string[] {
  return [
    name,
    zone,
    state,
    `${bar(used.cpu, has.cpu)} ${cores(used)}/${cores(has)}`,
    `${bar(used.memoryBytes, has.memoryBytes)} ${size(used.memoryBytes)}/${size(has.memoryBytes)}`,
    has.diskBytes === null ? "–" : `${size(used.diskBytes ?? 0)}/${size(has.diskBytes)}`,
    has.networkMbps === null ? "–" : `${used.networkMbps ?? 0}/${has.networkMbps} Mbit/s`,
    String(tasks.length),
  ];
}

function printSets(terminal: Terminal, { sets }: CapacityView): void {
  for (const { name, hosts, min, max, idle, idleMin, idleMax } of sets.filter((set) => set.max > set.min)) {
    const rule = `keeps ${idleMin} to ${idleMax} idle`;
    terminal.print(`${name}: ${hosts} of ${min} to ${max} hosts, ${idle} idle (${rule})`);
  }
}

function printGroups(terminal: Terminal, { capacityGroups }: CapacityView): void {
  if (capacityGroups.length === 0) return;
  terminal.print("");
  const rows = capacityGroups.map((group) => [
    group.name,
    group.tier,
    `${bar(group.usedCpu, group.guaranteedCpu)} ${round(group.usedCpu)}/${round(group.guaranteedCpu)}`,
    `${bar(group.usedMemoryBytes, group.guaranteedMemoryBytes)} ${size(group.usedMemoryBytes)}/${size(group.guaranteedMemoryBytes)}`,
  ]);
  const header = ["CAPACITY GROUP", "TIER", "CPU USED/GUARANTEED", "MEMORY USED/GUARANTEED"];
  for (const line of formatTable(header, rows, terminal.columns)) terminal.print(line);
}

function printRefusals(terminal: Terminal, { refusals }: CapacityView, nowMs: number): void {
  if (refusals.length === 0) return;
  terminal.print("");
  for (const { serverGroup, zone, reason, since } of refusals) {
    const waits = `${serverGroup} has waited ${formatAge(Date.parse(since), nowMs)} for a host in ${zone}`;
    terminal.print(`${terminal.colors.yellow("!")} ${waits}: ${reason}`);
  }
}

/** `██████░░░░`: full only when nothing is left, empty only when nothing is taken. */
function bar(used: number, has: number): string {
  const share = has <= 0 ? 0 : used / has;
  const exact = Math.round(Math.min(share, 1) * barWidth);
  const filled = share <= 0 ? 0 : share >= 1 ? barWidth : Math.min(Math.max(exact, 1), barWidth - 1);
  return "█".repeat(filled) + "░".repeat(barWidth - filled);
}

function cores({ cpu }: Pick<CapacityAmounts, "cpu">): string {
  return round(cpu);
}

function size(bytes: number): string {
  return bytes >= gibibyte ? `${round(bytes / gibibyte)} GiB` : `${round(bytes / mebibyte)} MiB`;
}

function round(amount: number): string {
  return String(Number(amount.toFixed(1)));
}

/** `1 host`, `2 hosts`. */
export function count(number: number, what: string): string {
  return `${number} ${number === 1 ? what : `${what}s`}`;
}
