import { PlatformError } from "@holdfast/kernel";
import { type ConstraintName, constraintNames, flagConstraints } from "@holdfast/wire";
import type { HostLoad } from "./host.ts";

/** One constraint: flags have no values, the others one or more of which any will do. */
export interface Constraint {
  readonly name: ConstraintName;
  readonly values: readonly string[];
}

/** Where the other tasks of a job are. */
export interface CoTasks {
  /** Zone → tasks of the job there. */
  readonly zones: ReadonlyMap<string, number>;
  /** How many zones there are to be balanced over. */
  readonly zonesInAll: number;
}

/**
 * Reads constraints as Titus's jobs state them: `{ zonebalance: "true", machinetype: "m5.metal,m5.large" }`. A flag that
 * is `false` is not there.
 *
 * @throws PlatformError `CONSTRAINT_UNKNOWN` (400) for a name that is none, `CONSTRAINT_INVALID` (400) for a flag that is
 * neither `true` nor `false` or a value that is empty.
 */
export function readConstraints(stated: Readonly<Record<string, string>>): Constraint[] {
  const read: Constraint[] = [];
  for (const [written, value] of Object.entries(stated)) {
    const name = constraintNames.find((known) => known === written.toLowerCase());
    if (name === undefined) {
      throw new PlatformError("CONSTRAINT_UNKNOWN", `${written}: no such constraint`, {
        status: 400,
        next: `known: ${constraintNames.join(", ")}`,
      });
    }
    if (flagConstraints.includes(name)) {
      const flag = value.toLowerCase();
      if (flag !== "true" && flag !== "false") throw invalid(name, `is true or false, got ${value}`);
      if (flag === "true") read.push({ name, values: [] });
      continue;
    }
    const values = value.split(",").map((part) => part.trim());
    if (values.includes("")) throw invalid(name, "needs a value");
    read.push({ name, values });
  }
  return read;
}

function invalid(name: string, problem: string): PlatformError {
  return new PlatformError("CONSTRAINT_INVALID", `${name}: ${problem}`, {
    status: 400,
    next: 'for example constraints: { hard: { zonebalance: "true", machinetype: "m5.large" } }',
  });
}

/** True for what does not change while a host stands: it fails such a constraint for ever. */
export function isStatic(name: ConstraintName): boolean {
  return !flagConstraints.includes(name);
}

/** The task that a constraint is looked at for. */
export interface Asking {
  readonly job: string;
}

/** True when the host meets the constraint. */
export function meets(constraint: Constraint, load: HostLoad, task: Asking, co: CoTasks): boolean {
  return failureOf(constraint, load, task, co) === undefined;
}

/** Why the host fails the constraint, in words; `undefined` when it meets it. */
export function failureOf(constraint: Constraint, load: HostLoad, task: Asking, co: CoTasks): string | undefined {
  const { host } = load;
  switch (constraint.name) {
    case "exclusivehost":
      return load.tasks.size === 0 ? undefined : `${load.tasks.size} other on it`;
    case "uniquehost":
      return load.jobs.has(task.job) ? `${task.job} is on it already` : undefined;
    case "zonebalance":
      return balanceFailure(host.zone, co);
    case "activehost":
      return load.state === "active" ? undefined : "it is being phased out";
    case "availabilityzone":
      return attributeFailure(constraint, "zone", host.zone);
    case "machineid":
      return attributeFailure(constraint, "name", host.name);
    case "toleration":
      return undefined;
    default:
      return attributeFailure(constraint, constraint.name, host.attributes[constraint.name]);
  }
}

function attributeFailure({ values }: Constraint, what: string, has: string | undefined): string | undefined {
  if (has === undefined) return `it has no ${what}`;
  return values.includes(has) ? undefined : `${what} is ${has}, not ${values.join(" or ")}`;
}

/**
 * Fenzo's `BalancedHostAttrConstraint` over zones: a zone that has as many as the fullest gets no more while another has
 * fewer.
 */
function balanceFailure(zone: string, co: CoTasks): string | undefined {
  const here = co.zones.get(zone);
  if (here === undefined) return undefined;
  let max = here;
  let min = co.zonesInAll > co.zones.size ? 0 : here;
  for (const count of co.zones.values()) {
    max = Math.max(max, count);
    min = Math.min(min, count);
  }
  return min === max || here < max ? undefined : `${zone} has ${here} already, another zone ${min}`;
}

/** How far a host meets a soft constraint: 0 not at all, 1 wholly. Only `zonebalance` knows degrees, as Fenzo's does. */
export function softFitness(constraint: Constraint, load: HostLoad, task: Asking, co: CoTasks): number {
  if (constraint.name !== "zonebalance") return meets(constraint, load, task, co) ? 1 : 0;
  const here = co.zones.get(load.host.zone);
  if (here === undefined) return 1;
  let all = 0;
  for (const count of co.zones.values()) all += count;
  return (all - here) / all;
}

/** The first of the host's taints that no `toleration` names; `undefined` when all are tolerated. */
export function untoleratedTaint(
  taints: readonly string[] | undefined,
  hard: readonly Constraint[],
): string | undefined {
  return taints?.find(
    (taint) =>
      !hard.some(
        ({ name, values }) =>
          name === "toleration" && values.some((value) => value === taint || taint.startsWith(`${value}=`)),
      ),
  );
}
