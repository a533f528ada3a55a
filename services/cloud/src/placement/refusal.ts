import type { ConstraintName } from "@holdfast/wire";
import { type Constraint, type CoTasks, failureOf, isStatic, untoleratedTaint } from "./constraint.ts";
import type { HostLoad } from "./host.ts";
import type { PlacementTask } from "./placer.ts";
import { amountText, type ResourceKind, resourceKinds } from "./resources.ts";

/** One thing that stands against a task on a host. */
export type HostFailure =
  | {
      readonly kind: "resource";
      readonly resource: ResourceKind;
      readonly needed: number;
      readonly free: number;
      /** What the host would have if it were empty. */
      readonly capacity: number;
    }
  | { readonly kind: "constraint"; readonly constraint: ConstraintName; readonly text: string }
  | { readonly kind: "exclusive"; readonly text: string }
  | { readonly kind: "taint"; readonly text: string }
  | { readonly kind: "state"; readonly text: string };

/** Why one host will not do: everything that is wrong, what weighs most first. Never empty. */
export interface HostRefusal {
  readonly host: string;
  readonly failures: readonly HostFailure[];
}

/** Everything that stands against the task on this host; empty when it could go there. */
export function failuresOf(task: PlacementTask, load: HostLoad, co: CoTasks): HostFailure[] {
  const failures: HostFailure[] = [];
  if (load.state === "disabled") {
    failures.push({ kind: "state", text: load.stateReason === "" ? "is disabled" : load.stateReason });
  }
  addConstraints(
    failures,
    task.hard.filter(({ name }) => isStatic(name)),
    task,
    load,
    co,
  );
  const taint = untoleratedTaint(load.host.taints, task.hard);
  if (taint !== undefined) failures.push({ kind: "taint", text: `has the taint ${taint}, which is not tolerated` });
  for (const resource of resourceKinds) {
    const needed = task.request[resource];
    const capacity = load.host.capacity[resource];
    const free = capacity - load.used[resource];
    if (needed > free) failures.push({ kind: "resource", resource, needed, free, capacity });
  }
  if (load.isExclusive) failures.push({ kind: "exclusive", text: "is taken by one task for itself (exclusivehost)" });
  addConstraints(
    failures,
    task.hard.filter(({ name }) => !isStatic(name)),
    task,
    load,
    co,
  );
  return failures;
}

function addConstraints(
  failures: HostFailure[],
  constraints: readonly Constraint[],
  task: PlacementTask,
  load: HostLoad,
  co: CoTasks,
): void {
  for (const constraint of constraints) {
    const text = failureOf(constraint, load, task, co);
    if (text !== undefined) failures.push({ kind: "constraint", constraint: constraint.name, text });
  }
}

/** `lacks 2 CPUs (1.5 CPUs free)`, `fails zonebalance: zone-a has 2 already, another zone 1`. */
export function failureText(failure: HostFailure): string {
  switch (failure.kind) {
    case "resource":
      return `lacks ${amountText(failure.resource, failure.needed)} (${amountText(failure.resource, failure.free)} free)`;
    case "constraint":
      return `fails ${failure.constraint}: ${failure.text}`;
    default:
      return failure.text;
  }
}

/**
 * All refusals in one line, each host counted once, by what weighs most: `12 of 100 hosts lack 2 CPUs, 88 fail
 * zonebalance`; of a single host all that is known. `where` names the hosts looked at (`hosts`, `hosts of zone-a`).
 */
export function summaryOf(refusals: readonly HostRefusal[], where = "hosts"): string {
  const [only, more] = refusals;
  if (only === undefined) return `there are no ${where}`;
  const never = refusals.every(({ failures }) => failures.some(isForEver));
  const ending = never ? "; it would not do either if it were empty" : "";
  if (more === undefined) return `${only.host} ${only.failures.map(failureText).join(", ")}${ending}`;
  const counts = new Map<string, { readonly failure: HostFailure; count: number }>();
  for (const { failures } of refusals) {
    const [first] = failures;
    if (first === undefined) continue;
    const key = groupOf(first, 2);
    const group = counts.get(key);
    if (group === undefined) counts.set(key, { failure: first, count: 1 });
    else group.count++;
  }
  const parts = [...counts.values()].toSorted((a, b) => b.count - a.count);
  const told = parts.map(({ failure, count }, index) =>
    index === 0
      ? `${count} of ${refusals.length} ${where} ${groupOf(failure, count)}`
      : `${count} ${groupOf(failure, count)}`,
  );
  return `${told.join(", ")}${never ? "; none would do either if it were empty" : ""}`;
}

/** True for what stays so even when everything else has left the host. */
function isForEver(failure: HostFailure): boolean {
  switch (failure.kind) {
    case "resource":
      return failure.needed > failure.capacity;
    case "constraint":
      return isStatic(failure.constraint);
    case "taint":
      return true;
    default:
      return false;
  }
}

function groupOf(failure: HostFailure, count: number): string {
  const one = count === 1;
  switch (failure.kind) {
    case "resource":
      return `${one ? "lacks" : "lack"} ${amountText(failure.resource, failure.needed)}`;
    case "constraint":
      return `${one ? "fails" : "fail"} ${failure.constraint}`;
    case "exclusive":
      return `${one ? "is" : "are"} taken by one task for itself`;
    case "taint":
      return `${one ? "has" : "have"} a taint that is not tolerated`;
    case "state":
      return `${one ? "is" : "are"} disabled`;
    default:
      return failure satisfies never;
  }
}
