import {
  type CapacityGroup,
  type Demand,
  type HostPlan,
  type HostSet,
  readConstraints,
  resources,
} from "@holdfast/cloud-server";
import { PlatformError, parseBytes, parseDurationMs, type Zone } from "@holdfast/kernel";
import { type Application, demandDefaults, type ServiceDefinition } from "@holdfast/wire/application";

type Declared = NonNullable<Application["hosts"]>[number];

/**
 * The hosts of an application; `undefined` when it declares none.
 *
 * @throws PlatformError `HOST_ZONE_UNKNOWN`, `HOST_DOUBLED`, `CAPACITY_GUARANTEE_TOO_LARGE` (422).
 */
export function hostPlanOf(
  application: Pick<Application, "hosts" | "capacityGroups">,
  zones: readonly Zone[],
): HostPlan | undefined {
  const { hosts, capacityGroups = [] } = application;
  if (hosts === undefined) return undefined;
  const sets = hosts.flatMap((host, index) => setsOf(host, index, zones));
  const twice = sets.find((set, index) => sets.findIndex(({ name }) => name === set.name) < index);
  if (twice !== undefined) {
    throw new PlatformError("HOST_DOUBLED", `${twice.name}: two hosts have this name`, {
      status: 422,
      next: "name each differently",
    });
  }
  const groups = capacityGroups.map(
    ({ name, tier, cpu, memory }): CapacityGroup => ({
      name,
      tier,
      guarantee: { milliCpu: milli(cpu), memoryBytes: parseBytes(memory) ?? 0 },
    }),
  );
  checkGuarantees(groups, sets);
  return { sets, capacityGroups: groups };
}

/** One set, or one for each zone when it names none. */
function setsOf(host: Declared, index: number, zones: readonly Zone[]): HostSet[] {
  const { zone } = host;
  if (zone === undefined) return zones.map(({ name }) => setOf(host, `${host.name}-${name}`, name));
  if (zones.some(({ name }) => name === zone)) return [setOf(host, host.name, zone)];
  throw new PlatformError("HOST_ZONE_UNKNOWN", `hosts[${index}] ${host.name}: there is no zone ${zone}`, {
    status: 422,
    next: `one of ${zones.map(({ name }) => name).join(", ")}, or leave zone out for one in each`,
  });
}

function setOf(host: Declared, name: string, zone: string): HostSet {
  const { count, attributes, taints, idle } = host;
  const [min, max] = typeof count === "number" ? [count, count] : [count.min, count.max];
  const capacity = resources({
    milliCpu: milli(host.cpu),
    memoryBytes: parseBytes(host.memory) ?? 0,
    diskBytes: host.disk === undefined ? Number.POSITIVE_INFINITY : (parseBytes(host.disk) ?? 0),
    networkMbps: host.network ?? Number.POSITIVE_INFINITY,
    ports: Number.POSITIVE_INFINITY,
  });
  return {
    name,
    zone,
    capacity,
    attributes,
    taints,
    min,
    max,
    idle,
    cooldownMs: parseDurationMs(host.cooldown) ?? 60_000,
  };
}

function checkGuarantees(groups: readonly CapacityGroup[], sets: readonly HostSet[]): void {
  for (const [kind, what] of [
    ["milliCpu", "cores"],
    ["memoryBytes", "memory"],
  ] as const) {
    const promised = groups.reduce((sum, { guarantee }) => sum + guarantee[kind], 0);
    const there = sets.reduce((sum, { capacity, max }) => sum + capacity[kind] * max, 0);
    if (promised <= there) continue;
    throw new PlatformError(
      "CAPACITY_GUARANTEE_TOO_LARGE",
      `capacityGroups: more ${what} are guaranteed than hosts have`,
      {
        status: 422,
        next: "guarantee less, or declare more hosts",
        details: { guaranteed: promised, hosts: there },
      },
    );
  }
}

/** What one instance of a service takes of its host; what the file does not say is {@link demandDefaults}. */
export function demandOf(definition: ServiceDefinition): Demand {
  const { cpu, memory, disk, network } = definition.resources ?? {};
  const { hard = {}, soft = {} } = definition.constraints ?? {};
  return {
    request: {
      milliCpu: milli(cpu ?? demandDefaults.cpu),
      memoryBytes: parseBytes(memory ?? demandDefaults.memory) ?? 0,
      diskBytes: parseBytes(disk ?? demandDefaults.disk) ?? 0,
      networkMbps: network ?? demandDefaults.network,
    },
    hard: readConstraints(hard),
    soft: readConstraints(soft),
    packing: definition.packing ?? "binpack",
    ...(definition.capacityGroup === undefined ? {} : { capacityGroup: definition.capacityGroup }),
  };
}

function milli(cores: number): number {
  return Math.round(cores * 1_000);
}
