import type { GroupInstanceView, InstanceView, ServerGroupView } from "@holdfast/wire/control";

const zones = ["local-1a", "local-1b", "local-1c"];

export function fakeGroupInstance(instance: InstanceView, more: Partial<GroupInstanceView> = {}): GroupInstanceView {
  const { id, zone, serverGroup, status, reason, address, port, startedAt } = instance;
  return {
    id,
    zone,
    serverGroup,
    status,
    lifecycle: "InService",
    protected: false,
    waitsFor: [],
    health: [],
    reason,
    address,
    port,
    startedAt,
    ...more,
  };
}

/** A group of three at strength, unless said otherwise. */
export function fakeGroup(
  service: string,
  instances: readonly GroupInstanceView[],
  more: Partial<ServerGroupView> = {},
): ServerGroupView {
  const up = instances.filter(({ lifecycle }) => lifecycle === "InService");
  return {
    name: `movies-${service}-v001`,
    cluster: `movies-${service}`,
    application: "movies",
    service,
    sequence: 1,
    primary: true,
    state: "enabled",
    min: 3,
    desired: 3,
    max: 9,
    up: up.length,
    zones: Object.fromEntries(zones.map((zone) => [zone, up.filter((one) => one.zone === zone).length])),
    image: `/tmp/images/${"9c1e44f0".repeat(8)}`,
    run: `node services/${service}/main.mjs`,
    suspended: [],
    settings: {
      terminationPolicies: ["Default"],
      healthChecks: ["process"],
      httpCheck: null,
      healthCheckGraceMs: 30_000,
      defaultCooldownMs: 300_000,
      maxInstanceLifetimeMs: null,
      newInstancesProtected: false,
      hooks: [],
      warmPool: null,
    },
    reason: "",
    paused: "",
    refresh: null,
    createdAt: new Date(Date.now() - 3_600_000).toISOString(),
    instances: [...instances],
    ...more,
  };
}

/** One group a service, and of catalog a second one that has no traffic yet and is still coming up. */
export function fakeGroups(instances: readonly InstanceView[]): ServerGroupView[] {
  const services = Map.groupBy(
    instances.filter(({ kind }) => kind === "app"),
    ({ name }) => name,
  );
  const groups = [...services].map(([service, of]) =>
    fakeGroup(
      service,
      of.map((one, i) => fakeGroupInstance(one, service === "users" && i === 0 ? { protected: true } : {})),
    ),
  );
  const next = (services.get("catalog") ?? []).map((one, i) =>
    fakeGroupInstance(
      { ...one, id: `i-0${i}${one.id.slice(4)}`, serverGroup: "movies-catalog-v002" },
      i === 0 ? {} : { lifecycle: i === 1 ? "Pending" : "Pending:Wait", status: "starting", waitsFor: ["warm-up"] },
    ),
  );
  const clone = fakeGroup("catalog", next, {
    name: "movies-catalog-v002",
    sequence: 2,
    primary: false,
    state: "disabled",
    reason: "1 of 3 up: 2 start",
    suspended: ["Launch", "Terminate", "AddToLoadBalancer"],
  });
  return [...groups, clone];
}
