import type { Change } from "../src/history.ts";
import type { Replica } from "../src/lease.ts";
import type { LeaseOptions } from "../src/lease-options.ts";
import { LeaseTable } from "../src/lease-table.ts";
import { Preservation } from "../src/preservation.ts";
import type { TableObserver } from "../src/table-observer.ts";

const told = new WeakMap<LeaseTable, Replica[]>();

/** What a table has told its peers so far; grows as it goes on. */
export function toldBy(table: LeaseTable): Replica[] {
  return told.get(table) ?? [];
}

/** A table of peer `name` in its epoch 7, with what it says; its stamps count up from `clock.stamp`. */
export function newTable(
  name = "a",
  options?: LeaseOptions,
): { table: LeaseTable; changes: Change[]; notes: string[]; clock: { ms: number; stamp: number } } {
  const changes: Change[] = [];
  const notes: string[] = [];
  const said: Replica[] = [];
  const clock = { ms: 1_000, stamp: 0 };
  const observer: TableObserver = {
    changed: (change) => changes.push(change),
    tell: (replica) => said.push(replica),
    noted: (kind, app, id, by, detail) => notes.push(`${kind} ${app}/${id} by ${by}: ${detail}`),
  };
  const time = { nowMs: () => clock.ms, stamp: () => ++clock.stamp };
  const table = new LeaseTable(name, 7, time, new Preservation(), observer, options);
  told.set(table, said);
  return { table, changes, notes, clock };
}
