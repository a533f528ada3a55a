import type {
  DiscoveryApp,
  DiscoveryEvents,
  DiscoveryInstance,
  DiscoveryInstances,
  DiscoveryView,
  DiscoveryWhy,
  InstanceView,
  RegistryState,
} from "@holdfast/wire/control";

/** What the registries of a movies stack would say; one of them is lost, and one instance is overridden. */

type Override = NonNullable<DiscoveryInstance["override"]>;

const zones = ["local-1a", "local-1b", "local-1c"];

export class FakeDiscovery {
  /** By `app/id`. */
  readonly overrides = new Map<string, Override>();
  /** Registries that do not answer. */
  readonly lost = new Set<string>();
  /** Wall ms; of earlier moments the registries know nothing. */
  readonly oldestMs = Date.now() - 30 * 60_000;
  readonly #instances: () => readonly InstanceView[];

  constructor(instances: () => readonly InstanceView[]) {
    this.#instances = instances;
  }

  view(at: string | null): DiscoveryView {
    const apps = [...Map.groupBy(this.#all(), (one) => one.app)].map(([app, instances]) => this.#app(app, instances));
    const isWhole = this.lost.size === 0;
    const all = this.#all();
    return {
      verdict: isWhole ? "healthy" : "degraded",
      sentence: isWhole
        ? `3 registries agree on ${all.length} instances of ${apps.length} apps`
        : `${3 - this.lost.size} of 3 registries answer, and agree on ${all.length} instances`,
      reasons: [...this.lost].map((name) => `${name} does not answer`),
      registries: zones.map((zone, index) => this.#registry(zone, index)),
      agreement: { state: "agree", compared: "instances", differences: [] },
      registry: zones.find((zone) => !this.lost.has(zone)) ?? null,
      at,
      zones,
      instances: all.length,
      up: all.filter((one) => one.status === "UP").length,
      apps,
      overrides: [...this.overrides.values()],
    };
  }

  list(app: string | undefined, at: string | null): DiscoveryInstances {
    const instances = this.#all().filter((one) => app === undefined || one.app === app);
    return { registry: "local-1a", at, instances: at === null ? instances : instances.map(withoutLease) };
  }

  why(app: string, id: string): DiscoveryWhy | undefined {
    const one = this.#all().find((instance) => instance.app === app && instance.id === id);
    if (one === undefined) return undefined;
    const { override, status, lease, incarnation, version } = one;
    return {
      registry: "local-1a",
      app,
      id,
      state: "live",
      status,
      summary: `${app}/${id} is ${status}: ${override === null ? "so it says itself" : "an operator's override outweighs its own UP"}; its lease lives 6.2 s more.`,
      reasons: ["the instance says UP of itself", "it renewed 2.8 s ago here"],
      lease: lease && { ...lease, renewedMsAgo: 2_800, via: "instance" },
      owner: { status: "UP", incarnation, version },
      override,
      damping: null,
      probes: [{ zone: "local-1b", verdict: "alive", at: ago(1_000), detail: "the port accepts connections" }],
      protection: null,
      removal: null,
      events: this.events(app).events.filter((event) => event.id === id),
    };
  }

  events(app?: string): DiscoveryEvents {
    const events = this.#all()
      .filter((one) => app === undefined || one.app === app)
      .map((one, index) => ({
        sequence: index + 1,
        at: ago(600_000 - index * 1_000),
        kind: "registered" as const,
        app: one.app,
        id: one.id,
        by: index % 3 === 0 ? "instance" : "local-1b",
        detail: `registered UP at ${one.address}:${one.port} in ${one.zone}`,
      }));
    return { registry: "local-1a", oldest: 1, newest: events.length, events };
  }

  #all(): DiscoveryInstance[] {
    return this.#instances()
      .filter((one) => one.kind === "app" || one.kind === "gateway")
      .map(({ id, name, zone, region, address, port, serverGroup, status }, index) => {
        const override = this.overrides.get(`${name}/${id}`) ?? null;
        return {
          app: name,
          id,
          status: override?.status ?? (status === "up" ? "UP" : "STARTING"),
          region,
          zone,
          address,
          port,
          application: "movies",
          serverGroup,
          incarnation: 1_000 + index,
          version: 2,
          speaks: name === "users" ? "eureka" : "holdfast",
          metadata: {},
          override,
          lease: { durationMs: 9_000, expiresInMs: 2_000 + ((index * 1_700) % 7_000), held: false },
        };
      });
  }

  #app(app: string, instances: readonly DiscoveryInstance[]): DiscoveryApp {
    const byZone = Map.groupBy(instances, (one) => one.zone);
    return {
      app,
      instances: instances.length,
      up: instances.filter((one) => one.status === "UP").length,
      zones: Object.fromEntries(
        [...byZone].map(([zone, those]) => {
          const counts = [...Map.groupBy(those, (one) => one.status)].map(([status, list]) => [status, list.length]);
          return [zone, Object.fromEntries(counts)];
        }),
      ),
      serverGroups: [...new Set(instances.map((one) => one.serverGroup))],
      overridden: instances.filter((one) => one.override !== null).length,
      held: 0,
    };
  }

  #registry(zone: string, index: number): RegistryState {
    const url = `http://127.1.${index + 1}.1:19000`;
    if (this.lost.has(zone)) {
      return { name: zone, url, reachable: false, reason: "no answer within 1 s", answeredInMs: null, summary: null };
    }
    const all = this.#all();
    return {
      name: zone,
      url,
      reachable: true,
      reason: "",
      answeredInMs: 2 + index,
      summary: {
        name: zone,
        zone,
        region: "local-1",
        profile: "fast",
        synced: true,
        draining: false,
        startedAt: ago(3_600_000),
        cursor: `${zone}:1:42`,
        instances: all.length,
        apps: 6,
        up: all.length,
        listeners: 4,
        held: this.lost.size > 0 ? 1 : 0,
        overrides: this.overrides.size,
        damped: 0,
        probe: "tcp",
        preservation: {
          engaged: this.lost.size > 0,
          summary:
            this.lost.size > 0
              ? "1 of 18 instances have not renewed in time and are kept, because it may be this registry that cannot hear."
              : "Every lease that is over has ended: what is listed renews.",
          renewsLastMinute: 340,
          threshold: 0,
          groups:
            this.lost.size > 0
              ? [
                  {
                    app: "users",
                    zone,
                    instances: 3,
                    held: 1,
                    engaged: true,
                    reason: "a peer is unheard; half of them stay",
                  },
                ]
              : [],
        },
        peers: zones
          .filter((other) => other !== zone)
          .map((other) => ({
            url: `http://${other}:19000`,
            state: this.lost.has(other) ? ("down" as const) : ("up" as const),
            reason: this.lost.has(other) ? "connection refused" : "",
            sinceMs: 60_000,
            queued: 0,
            roundTripMs: 1,
          })),
      },
    };
  }
}

function withoutLease(instance: DiscoveryInstance): DiscoveryInstance {
  return { ...instance, lease: null };
}

function ago(ms: number): string {
  return new Date(Date.now() - ms).toISOString();
}
