import type { HostLoad } from "./host.ts";
import type { HostSet } from "./host-plan.ts";
import { hostOf, numberIn } from "./host-plan.ts";
import { type PlacementTask, Placer } from "./placer.ts";

/** Hosts of one set come or go. */
export interface HostChange {
  readonly set: HostSet;
  /** Numbers of the hosts. */
  readonly add: readonly number[];
  readonly remove: readonly number[];
  /** One sentence. */
  readonly cause: string;
}

/** A set's lowest numbers that are not in use, at most `count`. */
function freeNumbers(set: HostSet, present: ReadonlySet<number>, count: number): number[] {
  const free: number[] = [];
  for (let number = 1; number <= set.max && free.length < count; number++) {
    if (!present.has(number)) free.push(number);
  }
  return free;
}

/**
 * What Fenzo's rule makes of the idle hosts of a set: below `idle.min` it grows until `idle.max` are idle, above `idle.max` the
 * surplus goes, those of the highest numbers first; never outside of `min` and `max`. Hosts that are not active are neither
 * idle nor taken away.
 */
export function byIdleHosts(
  set: HostSet,
  present: ReadonlySet<number>,
  loads: readonly HostLoad[],
): HostChange | undefined {
  const idle = loads
    .filter(({ state, tasks }) => state === "active" && tasks.size === 0)
    .map(({ host }) => numberIn(set, host.name))
    .filter((number) => number !== undefined)
    .toSorted((a, b) => b - a);
  if (idle.length < set.idle.min) {
    const add = freeNumbers(set, present, Math.min(set.idle.max - idle.length, set.max - present.size));
    const cause = `${idle.length} idle, at least ${set.idle.min} are wanted`;
    return add.length === 0 ? undefined : { set, add, remove: [], cause };
  }
  const surplus = Math.min(idle.length - set.idle.max, present.size - set.min);
  if (surplus <= 0) return undefined;
  return {
    set,
    add: [],
    remove: idle.slice(0, surplus),
    cause: `${idle.length} idle, at most ${set.idle.max} are wanted`,
  };
}

/** A task that waits because no host of its zone had room. */
export interface Shortfall {
  readonly task: PlacementTask;
  readonly zone: string;
}

/**
 * Hosts that tasks in wait would fit on, as few as hold them all (Fenzo's shortfall). Those that no host of their zone could
 * hold even if it were empty add nothing.
 */
export function byShortfall(
  sets: readonly HostSet[],
  presentOf: (set: HostSet) => ReadonlySet<number>,
  shortfalls: readonly Shortfall[],
): HostChange[] {
  const changes: HostChange[] = [];
  for (const set of sets) {
    const waiting = shortfalls.filter(({ zone }) => zone === set.zone);
    const free = freeNumbers(set, presentOf(set), set.max);
    if (waiting.length === 0 || free.length === 0) continue;
    const placer = new Placer(free.map((number) => hostOf(set, number)));
    const placed = waiting.filter(({ task }) => placer.place(task, set.zone).kind === "placed");
    const add = free.filter((_, index) => (placer.loads[index]?.tasks.size ?? 0) > 0);
    if (add.length === 0) continue;
    const cause = `${placed.map(({ task }) => task.job).join(", ")} found no room`;
    changes.push({ set, add, remove: [], cause });
    shortfalls = shortfalls.filter((each) => !placed.includes(each));
  }
  return changes;
}
