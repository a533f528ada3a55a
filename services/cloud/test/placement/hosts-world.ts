import { type Demand, type GroupDefinition, type HostPlan, type HostSet, resources } from "../../src/index.ts";
import { definition } from "../world.ts";
import { mebibyte } from "./placement-world.ts";

/** Hosts of `cpus` cores and as many GiB. */
export function hostSet(name: string, zone: string, cpus: number, more: Partial<HostSet> = {}): HostSet {
  const capacity = resources({
    milliCpu: cpus * 1_000,
    memoryBytes: cpus * 1_024 * mebibyte,
    diskBytes: Number.POSITIVE_INFINITY,
    networkMbps: Number.POSITIVE_INFINITY,
    ports: Number.POSITIVE_INFINITY,
  });
  const fixed = { attributes: {}, taints: [], min: 1, max: 1, idle: { min: 0, max: 99 }, cooldownMs: 60_000 };
  return { name, zone, capacity, ...fixed, ...more };
}

export function plan(...sets: readonly HostSet[]): HostPlan {
  return { sets, capacityGroups: [] };
}

/** One whole core and a GiB each, unless said otherwise. */
export function demand(cpus = 1, more: Partial<Demand> = {}): Demand {
  const request = { milliCpu: cpus * 1_000, memoryBytes: cpus * 1_024 * mebibyte, diskBytes: 0, networkMbps: 0 };
  return { request, hard: [], soft: [], packing: "binpack", ...more };
}

export function lodger(
  service: string,
  desired: number,
  needs: Demand = demand(),
  more: Parameters<typeof definition>[2] = {},
): GroupDefinition {
  return { ...definition(service, desired, more), demand: needs };
}
