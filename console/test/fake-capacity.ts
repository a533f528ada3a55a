import type { CapacityAmounts, CapacityView, HostView, InstanceView } from "@holdfast/wire/control";

const gib = 1024 ** 3;

export function fakeHost(name: string, zone: string, more: Partial<HostView> = {}): HostView {
  return {
    name,
    set: name.replace(/-\d+$/, ""),
    zone,
    state: "active",
    reason: "",
    capacity: { cpu: 4, memoryBytes: 8 * gib, diskBytes: null, networkMbps: null },
    used: { cpu: 0, memoryBytes: 0, diskBytes: 0, networkMbps: 0 },
    attributes: { rack: "r1" },
    taints: [],
    tasks: [],
    ...more,
  };
}

/** Two hosts a zone, the first of each with all that runs there; one is draining; one launch waits. */
export function fakeCapacity(instances: readonly InstanceView[]): CapacityView {
  const hosts = ["local-1a", "local-1b", "local-1c"].flatMap((zone, i) => {
    const tasks = instances
      .filter((one) => one.kind === "app" && one.zone === zone)
      .map(({ id, name, serverGroup }) => ({
        instance: id,
        service: name,
        serverGroup,
        cpu: 0.75,
        memoryBytes: gib,
        diskBytes: 0,
        networkMbps: 0,
      }));
    const used = { cpu: 0.75 * tasks.length, memoryBytes: tasks.length * gib, diskBytes: 0, networkMbps: 0 };
    const draining = i === 2 ? ({ state: "drained", reason: "drained by operator: a new disk" } as const) : {};
    return [fakeHost(`small-${2 * i}`, zone, { tasks, used }), fakeHost(`small-${2 * i + 1}`, zone, draining)];
  });
  const sum = (of: (host: HostView) => CapacityAmounts): CapacityAmounts => ({
    cpu: hosts.reduce((all, host) => all + of(host).cpu, 0),
    memoryBytes: hosts.reduce((all, host) => all + of(host).memoryBytes, 0),
    diskBytes: null,
    networkMbps: null,
  });
  return {
    declared: true,
    hosts,
    sets: [
      {
        name: "small",
        zone: "local-1a",
        hosts: 2,
        min: 1,
        max: 4,
        idle: 1,
        idleMin: 1,
        idleMax: 2,
        cooldownMs: 60_000,
      },
    ],
    capacityGroups: [
      {
        name: "critical",
        tier: "critical",
        guaranteedCpu: 6,
        guaranteedMemoryBytes: 12 * gib,
        usedCpu: 3,
        usedMemoryBytes: 4 * gib,
      },
    ],
    refusals: [
      {
        service: "api",
        serverGroup: "movies-api-v001",
        zone: "local-1c",
        reason: "2 hosts: 1 has 0.25 of 2 cores left, 1 is draining",
        since: new Date(Date.now() - 42_000).toISOString(),
      },
    ],
    total: sum(({ capacity }) => capacity),
    used: sum(({ used }) => used),
  };
}
