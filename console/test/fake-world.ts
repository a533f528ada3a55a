import type {
  ActivityView,
  InstanceView,
  MetricPoint,
  ServiceView,
  StatusView,
  ZoneView,
} from "@holdfast/wire/control";

/** A movies stack at rest, in the shapes of the API. Ages are relative to the moment it is made. */

const zoneNames = ["local-1a", "local-1b", "local-1c"];
const applicationServices = ["api", "catalog", "ratings", "recommendations", "users"];
const platform = ["registry", "gateway"] as const;

export function fakeInstances(): InstanceView[] {
  const made: InstanceView[] = [];
  for (const [zoneIndex, zone] of zoneNames.entries()) {
    for (const [index, name] of [...applicationServices, ...platform].entries()) {
      const n = zoneIndex * 10 + index;
      const kind = platform.find((one) => one === name) ?? "app";
      made.push(
        fakeInstance(n, {
          name,
          kind,
          zone,
          address: `127.1.${zoneIndex + 1}.${kind === "app" ? 10 + index : index - 4}`,
        }),
      );
    }
  }
  made.push(fakeInstance(90, { name: "balancer", kind: "balancer", zone: "-", region: "-", address: "127.0.0.1" }));
  made.push(fakeInstance(91, { name: "control", kind: "control", zone: "-", region: "-", address: "127.0.0.1" }));
  return made;
}

export function fakeInstance(n: number, more: Partial<InstanceView>): InstanceView {
  const name = more.name ?? "catalog";
  const started = ago(3_600_000 - n * 1_000);
  return {
    id: `i-${((n + 1) * 2_654_435_761).toString(16).slice(-8).padStart(8, "0")}`,
    name,
    kind: "app",
    zone: "local-1a",
    region: "local-1",
    address: "127.1.1.10",
    port: 12_000 + n * 2,
    pid: 4_200 + n,
    status: "up",
    since: started,
    reason: "answers its health check",
    reasonCode: "",
    serverGroup: `movies-${name}-v001`,
    startedAt: started,
    ...more,
  };
}

export function fakeService(name: string, more: Partial<ServiceView> = {}): ServiceView {
  return {
    name,
    kind: "app",
    application: "movies",
    cluster: `movies-${name}`,
    serverGroup: `movies-${name}-v001`,
    state: "healthy",
    reason: "",
    min: 3,
    desired: 3,
    max: 9,
    up: 3,
    zones: { "local-1a": 1, "local-1b": 1, "local-1c": 1 },
    run: `node services/${name}.ts`,
    requestsPerSecond: 42.4,
    errorPercent: 0,
    p99Ms: 11.2,
    ...more,
  };
}

export function fakeStatus(): StatusView {
  const zones: ZoneView[] = zoneNames.map((name, index) => ({
    name,
    region: "local-1",
    key: `1.${index + 1}`,
    agent: "up",
    up: 7,
    total: 7,
  }));
  return {
    application: "movies",
    verdict: "healthy",
    sentence: "All 5 services healthy in 3 zones",
    reasons: [],
    state: "writable",
    stateReason: "",
    stateDirectory: "/home/you/movies/.holdfast",
    edge: "http://127.0.0.1:8080",
    console: "http://127.0.0.1:7070",
    registry: "http://127.0.0.1:8761",
    mode: "loopback",
    version: "0.1.0",
    startedAt: ago(3_700_000),
    zones,
    services: [
      ...applicationServices.map((name, index) => fakeService(name, { requestsPerSecond: 212 / (index + 1) })),
      fakeService("registry", { kind: "registry", requestsPerSecond: 0.4, max: 3, application: "holdfast" }),
      fakeService("gateway", { kind: "gateway", requestsPerSecond: 212, p99Ms: 18, max: 3, application: "holdfast" }),
      fakeService("balancer", {
        kind: "balancer",
        application: "holdfast",
        min: 1,
        desired: 1,
        max: 1,
        up: 1,
        zones: {},
        requestsPerSecond: null,
        errorPercent: null,
        p99Ms: null,
      }),
    ],
  };
}

export function fakeActivity(id: number, more: Partial<ActivityView> = {}): ActivityView {
  const at = more.at ?? ago(3_600_000 - id * 20_000);
  return {
    id,
    at,
    endedAt: at,
    kind: "launch",
    service: "catalog",
    zone: "local-1a",
    instance: "i-9f3a01c2",
    actor: "reconciler",
    cause: "the group has 2 of 3 instances in 3 zones",
    outcome: "succeeded",
    detail: "",
    ...more,
  };
}

export function fakeActivities(): ActivityView[] {
  const launches = fakeInstances()
    .filter((instance) => instance.kind === "app")
    .map((instance, index) =>
      fakeActivity(index + 1, {
        service: instance.name,
        zone: instance.zone,
        instance: instance.id,
        cause: "first start of movies",
      }),
    );
  return [
    fakeActivity(31, {
      kind: "scale",
      service: "users",
      zone: null,
      instance: null,
      actor: "operator",
      cause: "asked for 3 instances, had 4",
    }),
    fakeActivity(30, {
      kind: "terminate",
      service: "users",
      outcome: "succeeded",
      cause: "one more than desired, local-1a had most",
    }),
    ...launches.reverse(),
  ];
}

export function fakeMetrics(): MetricPoint[] {
  return Array.from({ length: 45 }, (_, index) => ({
    at: ago((45 - index) * 60_000),
    requests: Math.round(2_000 + 900 * Math.sin(index / 5)),
    errors: index === 30 ? 240 : 0,
    p50Ms: 3,
    p99Ms: 11,
  }));
}

/** What the lists say right after `victim` was killed: another one starts in its zone. */
export function replacementFor(
  victim: InstanceView,
  activities: readonly ActivityView[],
): { readonly replacement: InstanceView; readonly activities: readonly ActivityView[] } {
  const now = new Date().toISOString();
  const replacement: InstanceView = {
    ...victim,
    id: `i-feed${String(activities.length).padStart(4, "0")}`,
    status: "starting",
    since: now,
    startedAt: now,
    reason: `no answer on ${victim.address}:${victim.port} yet`,
  };
  const top = Math.max(0, ...activities.map((activity) => activity.id));
  const common = { service: victim.name, zone: victim.zone, at: now };
  return {
    replacement,
    activities: [
      fakeActivity(top + 2, {
        ...common,
        kind: "replace",
        instance: replacement.id,
        outcome: "running",
        endedAt: null,
        cause: `${victim.id} exited (SIGKILL)`,
      }),
      fakeActivity(top + 1, {
        ...common,
        kind: "kill",
        instance: victim.id,
        actor: "operator",
        cause: "asked for with SIGKILL",
      }),
    ],
  };
}

function ago(ms: number): string {
  return new Date(Date.now() - ms).toISOString();
}
