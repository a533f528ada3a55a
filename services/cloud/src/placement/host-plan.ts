import type { CapacityTier } from "@holdfast/wire";
import type { Constraint } from "./constraint.ts";
import type { Strategy } from "./fitness.ts";
import type { Host } from "./host.ts";
import type { Resources } from "./resources.ts";

/** Hosts of one kind in one zone; as many as are needed between `min` and `max`. */
export interface HostSet {
  /** Unique. A set that is never more than one host is named like it; else hosts are `name-1`, `name-2` … */
  readonly name: string;
  readonly zone: string;
  readonly capacity: Resources;
  readonly attributes: Readonly<Record<string, string>>;
  readonly taints: readonly string[];
  readonly min: number;
  readonly max: number;
  /** Hosts without a task: fewer than `min` are added to, of more than `max` some go (Fenzo's `AutoScaleRule`). */
  readonly idle: { readonly min: number; readonly max: number };
  /** Between two such changes of the set. */
  readonly cooldownMs: number;
}

/** Titus's capacity group: services that are guaranteed so much together. */
export interface CapacityGroup {
  readonly name: string;
  readonly tier: CapacityTier;
  readonly guarantee: Guarantee;
}

export type Guarantee = Pick<Resources, "milliCpu" | "memoryBytes">;

/** All hosts that instances of the application can stand on. */
export interface HostPlan {
  readonly sets: readonly HostSet[];
  readonly capacityGroups: readonly CapacityGroup[];
}

/** What an instance of a group needs of its host, as it is kept. */
export interface Demand {
  readonly request: Pick<Resources, "milliCpu" | "memoryBytes" | "diskBytes" | "networkMbps">;
  readonly hard: readonly Constraint[];
  readonly soft: readonly Constraint[];
  readonly packing: Strategy["kind"];
  /** Name of its capacity group; without one it is flex without a guarantee. */
  readonly capacityGroup?: string;
}

/** The host of a set that bears this number, from 1. */
export function hostOf(set: HostSet, number: number): Host {
  const { name, zone, capacity, attributes, taints } = set;
  return { name: set.max === 1 ? name : `${name}-${number}`, zone, capacity, attributes, taints };
}

/** The number that a host's name bears in this set; `undefined` when it is no host that the set can have. */
export function numberIn(set: HostSet, host: string): number | undefined {
  if (set.max === 1) return host === set.name ? 1 : undefined;
  if (!host.startsWith(`${set.name}-`)) return undefined;
  const number = Number(host.slice(set.name.length + 1));
  return Number.isInteger(number) && number >= 1 && number <= set.max ? number : undefined;
}
