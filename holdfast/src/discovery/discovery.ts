import { type Clock, hasCode, messageOf, PlatformError } from "@holdfast/kernel";
import {
  type InstanceRecord,
  type LeaseExplanation,
  type OverrideView,
  type RegistryEventsAnswer,
  RegistryPaths,
} from "@holdfast/wire";
import type {
  DiscoveryEvents,
  DiscoveryInstance,
  DiscoveryInstances,
  DiscoveryView,
  DiscoveryWhy,
  SetOverrideRequest,
} from "@holdfast/wire/control";
import { DiscoveryViews } from "./discovery-view.ts";
import { Registries, type RegistryPlace } from "./registries.ts";
import { overridesAt, queryOf, recordsAt } from "./registry-reads.ts";

/** An app's leases are asked for one by one, so far. */
const leasesMax = 60;
/** Several readers within so long get the same view. */
const viewKeptMs = 500;

export interface EventsQuestion {
  readonly app?: string | undefined;
  readonly id?: string | undefined;
  readonly limit?: number | undefined;
  /** Whose log; default: of one that answers. */
  readonly registry?: string | undefined;
}

/** What the registries know, put together for people. Used by control, and by the command line without it. */
export class Discovery {
  readonly #clock: Clock;
  readonly #registries: Registries;
  readonly #views: DiscoveryViews;
  #kept: { readonly key: string; readonly untilMs: number; readonly view: Promise<DiscoveryView> } | undefined;

  constructor(clock: Clock, places: readonly RegistryPlace[]) {
    this.#clock = clock;
    this.#registries = new Registries(clock, places);
    this.#views = new DiscoveryViews(clock, this.#registries);
  }

  /**
   * All registries side by side, and the apps of one of them; `at` shows the apps as they were at a cursor or an ISO 8601
   * time. Answers even when no registry does.
   *
   * @throws PlatformError `HISTORY_GONE` (410) or `QUERY_INVALID` (400) for `at`.
   */
  view(at?: string): Promise<DiscoveryView> {
    const key = at ?? "";
    const nowMs = this.#clock.monotonicMs();
    if (this.#kept?.key === key && this.#kept.untilMs > nowMs) return this.#kept.view;
    const view = this.#views.make(at);
    this.#kept = { key, untilMs: nowMs + viewKeptMs, view };
    return view;
  }

  /**
   * The instances of an app, or all; now, or as they were at `at`.
   *
   * @throws PlatformError as {@link Registries.first}, and as {@link view} for `at`.
   */
  async instances(app?: string, at?: string): Promise<DiscoveryInstances> {
    const { registry, value } = await recordsAt(this.#registries, app, at);
    const overrides = at === undefined ? await overridesAt(this.#registries, registry) : [];
    const withLeases = app !== undefined && at === undefined && value.length <= leasesMax;
    const instances = value.map(async (record): Promise<DiscoveryInstance> => {
      const override = overrides.find((one) => one.app === record.app && one.id === record.id) ?? null;
      const lease = withLeases ? await this.#lease(registry, record) : null;
      return instanceOf(record, override, lease);
    });
    const sorted = (await Promise.all(instances)).toSorted((a, b) => (sortKey(a) < sortKey(b) ? -1 : 1));
    return { registry: registry.name, at: at ?? null, instances: sorted };
  }

  /** What callers see, one list of each registry that answers. @throws PlatformError as {@link Registries.first}. */
  async everyView(): Promise<readonly (readonly InstanceRecord[])[]> {
    const { places } = this.#registries;
    const asked = places.map((place) => this.#registries.ask<InstanceRecord[]>(place, "GET", RegistryPaths.instances));
    const views = (await Promise.allSettled(asked)).flatMap((answer) =>
      answer.status === "fulfilled" ? [answer.value] : [],
    );
    return views.length > 0 ? views : [(await recordsAt(this.#registries, undefined, undefined)).value];
  }

  /**
   * Why callers see an instance as they do. A registry that never heard of it does not have the last word.
   *
   * @throws PlatformError `INSTANCE_UNKNOWN` (404) when none has heard of it, or as {@link Registries.first}.
   */
  async why(app: string, id: string): Promise<DiscoveryWhy> {
    const isFinal = ({ state }: LeaseExplanation): boolean => state !== "unknown";
    const path = RegistryPaths.why(app, id);
    const { registry, value } = await this.#registries.first<LeaseExplanation>("GET", path, { isFinal });
    if (isFinal(value)) return { registry: registry.name, ...value };
    throw new PlatformError("INSTANCE_UNKNOWN", value.summary, { status: 404, next: "holdfast discovery" });
  }

  /** One registry's log, oldest first. @throws PlatformError as {@link Registries.first}. */
  async events({ app, id, limit, registry: name }: EventsQuestion): Promise<DiscoveryEvents> {
    const query = queryOf({ app, id, limit: limit === undefined ? undefined : String(limit) });
    const path = `${RegistryPaths.events}${query}`;
    const options = name === undefined ? {} : { name };
    const { registry, value } = await this.#registries.first<RegistryEventsAnswer>("GET", path, options);
    return { registry: registry.name, ...value, events: [...value.events] };
  }

  /** Overrides in force. @throws PlatformError as {@link Registries.first}. */
  async overrides(): Promise<readonly OverrideView[]> {
    return (await this.#registries.first<OverrideView[]>("GET", RegistryPaths.overrides)).value;
  }

  /** @throws PlatformError `INSTANCE_UNKNOWN` (404), or as {@link Registries.first}. */
  async setOverride(app: string, id: string, request: SetOverrideRequest, by: string): Promise<void> {
    try {
      await this.#registries.first("PUT", RegistryPaths.override(app, id), { body: { ...request, by } });
    } catch (error) {
      if (!hasCode(error, "INSTANCE_UNKNOWN")) throw error;
      // Who asks here has names and commands, not the registry's paths.
      throw new PlatformError("INSTANCE_UNKNOWN", messageOf(error), { status: 404, next: `holdfast discovery ${app}` });
    }
    this.#kept = undefined;
  }

  /** @throws PlatformError `OVERRIDE_UNKNOWN` (404), or as {@link Registries.first}. */
  async clearOverride(app: string, id: string, by: string): Promise<void> {
    await this.#registries.first("DELETE", `${RegistryPaths.override(app, id)}${queryOf({ by })}`);
    this.#kept = undefined;
  }

  close(): void {
    this.#registries.close();
  }

  async #lease(place: RegistryPlace, record: InstanceRecord): Promise<DiscoveryInstance["lease"]> {
    try {
      const path = RegistryPaths.why(record.app, record.id);
      const { lease, state } = await this.#registries.ask<LeaseExplanation>(place, "GET", path);
      if (lease === null) return null;
      return { durationMs: lease.durationMs, expiresInMs: lease.expiresInMs, held: state === "held" };
    } catch {
      // Gone in between, or the registry is: the list is worth showing without.
      return null;
    }
  }
}

function instanceOf(
  record: InstanceRecord,
  override: OverrideView | null,
  lease: DiscoveryInstance["lease"],
): DiscoveryInstance {
  const { app, id, status, region, zone, address, port, application, serverGroup, incarnation, version } = record;
  return {
    app,
    id,
    status,
    region,
    zone,
    address,
    port,
    application,
    serverGroup,
    incarnation,
    version,
    speaks: record.eureka === undefined ? "holdfast" : "eureka",
    metadata: { ...record.metadata },
    override,
    lease,
  };
}

function sortKey({ app, zone, id }: DiscoveryInstance): string {
  return `${app} ${zone} ${id}`;
}
