import type { Cloud, HostLoad, HostSet, Resources } from "@holdfast/cloud-server";
import { PlatformError } from "@holdfast/kernel";
import type { CapacityAmounts, CapacityView, HostView } from "@holdfast/wire/control";

type Pool = Cloud["hosts"]["pool"];

/** What hosts have and carry, and who waits for room. */
export function capacityView(cloud: Cloud): CapacityView {
  const { pool } = cloud.hosts;
  const sets = pool.plan?.sets ?? [];
  const hosts = pool.loads.map((load) => hostView(pool, load));
  const open = pool.loads.filter(({ state }) => state === "active");
  return {
    declared: pool.plan !== undefined,
    hosts,
    sets: sets.map((set) => setView(set, pool)),
    capacityGroups: pool.groupUses().map(({ group, used }) => ({
      name: group.name,
      tier: group.tier,
      guaranteedCpu: group.guarantee.milliCpu / 1_000,
      guaranteedMemoryBytes: group.guarantee.memoryBytes,
      usedCpu: used.milliCpu / 1_000,
      usedMemoryBytes: used.memoryBytes,
    })),
    refusals: pool.refusals().map(({ group, service, zone, reason, sinceMs }) => ({
      service,
      serverGroup: group,
      zone,
      reason,
      since: new Date(sinceMs).toISOString(),
    })),
    total: sum(open.map(({ host }) => amounts(host.capacity))),
    used: sum(open.map(({ used }) => amounts(used))),
  };
}

/** @throws PlatformError `HOST_UNKNOWN` (404). */
export function hostViewOf(cloud: Cloud, name: string): HostView {
  const { pool } = cloud.hosts;
  const load = pool.loads.find(({ host }) => host.name === name);
  if (load !== undefined) return hostView(pool, load);
  throw new PlatformError("HOST_UNKNOWN", `${name}: no such host`, { status: 404, next: "holdfast capacity" });
}

function hostView(pool: Pool, { host, used }: HostLoad): HostView {
  const { state, reason } = pool.stateOf(host.name);
  return {
    name: host.name,
    set: pool.plan?.sets.find((set) => isOf(set, host.name))?.name ?? "",
    zone: host.zone,
    state,
    reason,
    capacity: amounts(host.capacity),
    used: amounts(used),
    attributes: { ...host.attributes },
    taints: [...(host.taints ?? [])],
    tasks: pool.on(host.name).map(({ id, service, serverGroup, place }) => ({
      instance: id,
      service,
      serverGroup,
      cpu: (place?.milliCpu ?? 0) / 1_000,
      memoryBytes: place?.memoryBytes ?? 0,
      diskBytes: place?.diskBytes ?? 0,
      networkMbps: place?.networkMbps ?? 0,
    })),
  };
}

function setView(set: HostSet, pool: Pool): CapacityView["sets"][number] {
  const hosts = pool.loads.filter(({ host }) => isOf(set, host.name));
  const { name, zone, min, max, idle, cooldownMs } = set;
  const isIdle = ({ state, tasks }: HostLoad): boolean => state === "active" && tasks.size === 0;
  const figures = { hosts: hosts.length, min, max, idle: hosts.filter(isIdle).length };
  return { name, zone, ...figures, idleMin: idle.min, idleMax: idle.max, cooldownMs };
}

function isOf({ name, max }: HostSet, host: string): boolean {
  return max === 1 ? host === name : host.startsWith(`${name}-`) && /^\d+$/.test(host.slice(name.length + 1));
}

function amounts({ milliCpu, memoryBytes, diskBytes, networkMbps }: Resources): CapacityAmounts {
  const limited = (amount: number): number | null => (Number.isFinite(amount) ? amount : null);
  return { cpu: milliCpu / 1_000, memoryBytes, diskBytes: limited(diskBytes), networkMbps: limited(networkMbps) };
}

/** Without a limit as soon as one of them has none. */
function sum(all: readonly CapacityAmounts[]): CapacityAmounts {
  const plus = (a: number | null, b: number | null): number | null => (a === null || b === null ? null : a + b);
  return all.reduce(
    (a, b) => ({
      cpu: a.cpu + b.cpu,
      memoryBytes: a.memoryBytes + b.memoryBytes,
      diskBytes: plus(a.diskBytes, b.diskBytes),
      networkMbps: plus(a.networkMbps, b.networkMbps),
    }),
    { cpu: 0, memoryBytes: 0, diskBytes: 0, networkMbps: 0 },
  );
}
