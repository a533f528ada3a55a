import {
  type Clock,
  type InstanceId,
  type Log,
  newInstanceId,
  PlatformError,
  type Random,
  type Zone,
} from "@holdfast/kernel";
import type { Engine, EngineSignal, InstanceObservation, LaunchSpec } from "@holdfast/wire";
import type { ActivityView, OperationView } from "@holdfast/wire/control";
import { Activities, recentActivitiesMax } from "./activities.ts";
import { AwakeClock } from "./awake-clock.ts";
import { InstanceUnknownError, ScaleOutOfRangeError, ServiceUnknownError } from "./errors.ts";
import { Fleet, type FleetEvent } from "./fleet.ts";
import { FollowUp } from "./follow-up.ts";
import { clusterOf, type GroupDefinition, newGroup, type Rollout, type ServerGroup, sequenceOf } from "./group.ts";
import type { HealthCheckType } from "./group-settings.ts";
import { detachedKey, GroupBook } from "./groups/group-book.ts";
import { type GroupOperation, operationView } from "./groups/group-operation.ts";
import { GroupOperations } from "./groups/group-operations.ts";
import { GroupUpkeep } from "./groups/group-upkeep.ts";
import { type LifecycleState, lifecycleOf } from "./groups/lifecycle.ts";
import { overtaken } from "./groups/refresh.ts";
import { ServerGroups } from "./groups/server-groups.ts";
import { TrafficKeeper, type TrafficPort } from "./groups/traffic.ts";
import { HealthBook, type HealthVerdict, type HealthWord } from "./health/health-book.ts";
import { HealthFeeds } from "./health/health-feeds.ts";
import type { RegistryPort } from "./health/registry-check.ts";
import { Hosts } from "./hosts.ts";
import { Operations } from "./operations.ts";
import { Orders } from "./orders.ts";
import { HostPool } from "./placement/host-pool.ts";
import type { PlanZone } from "./plan/action.ts";
import { Reconciler, type Wait } from "./reconciler.ts";
import { type Redefined, redefine } from "./redefine.ts";
import { PortRing } from "./slots.ts";
import type { DurableState, StateHealth } from "./store/durable-state.ts";
import type { StoredState, StoreWrite } from "./store/state-store.ts";
import type { LookAtInstance } from "./witnesses.ts";
import { ZoneWatch } from "./zone-watch.ts";

export interface CloudOptions {
  readonly zones: readonly Zone[];
  /** The block that instances' ports are given out of, both ends included. */
  readonly ports: { readonly first: number; readonly last: number };
  /** Who is told which instances get traffic. Default: nobody, for tests. */
  readonly traffic?: TrafficPort;
  /** Who is asked where groups check instances by the registry. Default: nobody. */
  readonly registry?: RegistryPort;
  /** How an instance is looked at whose zone's agent is silent. Default: it is not; then ten seconds of silence count. */
  readonly lookAt?: LookAtInstance;
  /** Throws when an image that somebody asks for is not there. Default: all are. */
  readonly checkImage?: (image: string) => void;
}

/** One group with all that there is to say of it now. */
export interface GroupStatus {
  readonly group: ServerGroup;
  readonly instances: readonly InstanceObservation[];
  /** Why launches wait, one line a zone; empty when none does. */
  readonly waits: readonly Wait[];
  /** The last crash where instances crash in a row; empty otherwise. */
  readonly crash: string;
  /** The one that a deployment of its cluster would replace. */
  readonly isPrimary: boolean;
}

/** Keys of `meta` in the store. */
const portKey = "nextPort";
const hostsKey = "hosts";

/**
 * Keeps server groups at strength, over restarts of itself: what should be is in the store, what is comes from the engine.
 *
 * Promise: min ≤ desired ≤ max instances of each group, spread over the zones no more than one apart; what dies is replaced in
 * its zone, at once when it had been serving; nothing is launched in a hot loop; a rollout never goes below `desired`; every
 * launch and end is in the diary with its cause. With the store read-only all of this goes on, only requests are refused.
 * A cluster holds several groups side by side; {@link serverGroups} changes them one by one.
 */
export class Cloud {
  readonly #clock: AwakeClock;
  readonly #lookAt: LookAtInstance | undefined;
  readonly #random: Random;
  readonly #log: Log;
  readonly #engine: Engine;
  readonly #state: DurableState;
  readonly #book = new GroupBook();
  readonly #applications = new Map<string, unknown>();
  readonly #ports: PortRing;
  readonly #pool: HostPool;
  readonly #zones: ZoneWatch;
  readonly #activities: Activities;
  readonly #operations: Operations;
  readonly #groupOperations: GroupOperations;
  readonly #fleet: Fleet;
  readonly #health: HealthBook;
  readonly #feeds: HealthFeeds;
  readonly #traffic: TrafficKeeper;
  readonly #upkeep: GroupUpkeep;
  readonly #followUp: FollowUp;
  readonly #reconciler: Reconciler;
  readonly #watch = new AbortController();
  readonly #listeners = new Set<() => void>();
  /** The atomic operations on single groups. */
  readonly serverGroups: ServerGroups;
  /** The hosts that instances are placed on, where some are declared. */
  readonly hosts: Hosts;
  #deposed: string | undefined;
  #storedPort: number;
  #caughtUp = false;
  readonly #startedAtMs: number;

  /** `stored` is what `state.open` read. */
  constructor(
    clock: Clock,
    random: Random,
    log: Log,
    engine: Engine,
    state: DurableState,
    stored: StoredState,
    options: CloudOptions,
  ) {
    this.#clock = new AwakeClock(clock);
    this.#startedAtMs = this.#clock.monotonicMs();
    this.#lookAt = options.lookAt;
    this.#random = random;
    this.#log = log;
    this.#engine = engine;
    this.#state = state;
    this.#storedPort = Number(stored.meta[portKey] ?? options.ports.first);
    this.#pool = new HostPool(this.#clock);
    this.#pool.restore(stored.meta[hostsKey]);
    this.#ports = new PortRing(options.ports.first, options.ports.last, this.#storedPort);
    this.#zones = new ZoneWatch(options.zones, this.#clock.monotonicMs());
    this.#activities = new Activities(clock, (activity) => this.#keep(activity));
    this.#operations = new Operations(clock);
    this.#fleet = new Fleet(this.#clock, (event) => this.#happened(event));
    this.hosts = this.#newHosts();
    this.#health = new HealthBook(this.#clock);
    this.#traffic = new TrafficKeeper(this.#clock, log, options.traffic, () => this.#reconciler.touchAll());
    const shared = { clock: this.#clock, book: this.#book, fleet: this.#fleet, zones: this.#zones, state };
    const { log: _, ...parts } = { ...shared, log, activities: this.#activities, traffic: this.#traffic };
    this.#groupOperations = new GroupOperations({
      ...parts,
      newId: () => this.#newOperation(),
      checkLeads: () => this.#checkLeads(),
      onChange: (cluster) => this.#touched(cluster),
    });
    this.serverGroups = new ServerGroups({
      ...shared,
      operations: this.#groupOperations,
      newId: () => this.#newOperation(),
      checkImage: options.checkImage ?? ((): void => {}),
    });
    this.#feeds = new HealthFeeds({
      ...shared,
      log,
      engine,
      registry: options.registry,
      say: (word) => this.#heard(word),
    });
    this.#upkeep = new GroupUpkeep(parts);
    this.#followUp = new FollowUp({
      ...parts,
      operations: this.#operations,
      groupOperations: this.#groupOperations,
      reconciler: () => this.#reconciler,
    });
    this.#reconciler = this.#newReconciler();
    this.#restore(stored);
  }

  #newHosts(): Hosts {
    this.#fleet.onStanding = (spec, stands) => (stands ? this.#pool.add(spec) : this.#pool.remove(spec));
    this.#pool.onKept = (value) => this.#state.note({ kind: "meta", key: hostsKey, value });
    this.#pool.onRoom = (clusters) => {
      for (const cluster of clusters) this.#reconciler.touch(cluster);
    };
    return new Hosts({
      pool: this.#pool,
      activities: this.#activities,
      newId: () => this.#newId(),
      empty: (host, instances, actor) => this.#empty(host, instances, actor),
      checkLeads: () => this.#checkLeads(),
    });
  }

  #newReconciler(): Reconciler {
    const shared = { clock: this.#clock, log: this.#log, engine: this.#engine, fleet: this.#fleet, zones: this.#zones };
    const orders = new Orders({
      ...shared,
      ports: this.#ports,
      activities: this.#activities,
      newId: () => this.#newId(),
      hosts: this.hosts,
      onLaunching: (group: ServerGroup, spec: LaunchSpec, isWarm: boolean) =>
        this.#upkeep.onLaunching(group, spec, isWarm),
      onDeposed: (error) => this.#onDeposed(error),
      isStopped: () => this.#reconciler.stopped,
      poke: () => this.#reconciler.poke(),
    });
    return new Reconciler({
      ...shared,
      book: this.#book,
      orders,
      isUnwanted: (instance) => this.#isUnwanted(instance),
      sickness: (instance) => this.#health.sickness(this.#book.ownerOf(instance.spec), instance.spec.id),
      isProven: (instance) => this.#isProven(instance),
      isRestless: (group, instances) => this.#followUp.isRestless(group) || this.#upkeep.isRestless(group, instances),
      onWarm: (group, action) => {
        const asleep = action.kind === "draw" && this.#upkeep.draw(group, action.id) === "was-stopped";
        if (action.kind === "pool") this.#upkeep.pool(group, action.id);
        orders.warm(group, action, asleep ? "SIGCONT" : undefined);
      },
      lookAt: this.#lookAt,
      holdsEnd: (group, action) => this.#upkeep.holdsEnd(group, action),
      onBegin: () => {
        const shiftMs = this.#clock.takeWallShiftMs();
        if (shiftMs !== 0) this.#upkeep.shiftDeadlines(shiftMs);
      },
      onDeposed: (error) => this.#onDeposed(error),
      onPlanning: (group, instances) => {
        for (const id of this.#upkeep.toStop(group, instances)) {
          const stopped = (): void => this.#upkeep.stopped(group, id);
          void orders.signal(id, "SIGSTOP", `${id} waits in the warm pool`, stopped);
        }
        return this.#upkeep.onPlanning(group, instances);
      },
      onRound: (clusters) => this.#afterRound(clusters),
    });
  }

  /** Starts watching and reconciling. */
  start(): void {
    this.#state.onChange = () => this.#changed();
    const heard = (observation: InstanceObservation): void => {
      this.#zones.answered(observation.spec.zone.name);
      this.#fleet.observe(observation);
      this.#reconciler.poke();
      this.#changed();
    };
    this.#engine.watch(heard, this.#watch.signal, () => this.#reconciler.lookNow());
    this.#traffic.start();
    this.#feeds.start();
    this.#reconciler.start();
  }

  /** Stops deciding; no instance is touched. */
  stop(): void {
    this.#watch.abort();
    this.#feeds.stop();
    this.#traffic.stop();
    this.#reconciler.stop();
  }

  /** Calls `listener` after anything observable changed; often, so coalesce. Returns the way to stop. */
  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /**
   * Makes the groups of one application what `definitions` say: new ones are started, changed ones get the next
   * version and roll over to it, those no longer named are ended. `body` is kept for {@link application}; `null`, with no
   * definitions, retires the application.
   *
   * @throws {@link StateReadOnlyError} when it cannot be kept; nothing has changed then.
   */
  async deploy(
    application: string,
    body: unknown,
    definitions: readonly GroupDefinition[],
    actor: string,
  ): Promise<OperationView[]> {
    this.#checkLeads();
    const named = new Set(definitions.map((definition) => clusterOf(definition.application, definition.service)));
    const removed = Array.from(this.#book.all()).filter(
      (group) => group.definition.application === application && !named.has(group.cluster),
    );
    const changes = definitions.map((definition) => this.#redefine(definition, actor));
    await this.#state.commit([
      { kind: "application", name: application, body },
      ...changes.flatMap((change) => this.#writesOf(change)),
      ...removed.map((group): StoreWrite => ({ kind: "group-removed", name: group.name })),
    ]);
    this.#applications.set(application, body);
    for (const group of removed) this.#remove(group);
    const operations = changes.filter(({ isNew }) => isNew).map((change) => this.#beginRollout(change.group));
    for (const { group, isNew } of changes) if (!isNew) this.#put(group);
    this.#changed();
    return operations;
  }

  /** Like {@link deploy} for servers of the platform at control's start: a store that refuses does not stop them. */
  ensure(definitions: readonly GroupDefinition[]): void {
    for (const definition of definitions) {
      const change = this.#redefine(definition, "control");
      const writes = this.#writesOf(change);
      if (change.isNew) this.#beginRollout(change.group);
      else this.#put(change.group);
      this.#state.note(...writes);
    }
    this.#reconciler.poke();
  }

  /**
   * Sets how many instances there should be.
   *
   * @throws {@link ServiceUnknownError}, {@link ScaleOutOfRangeError}, {@link StateReadOnlyError}.
   */
  async scale(service: string, desired: number, actor: string): Promise<OperationView> {
    this.#checkLeads();
    const before = this.#groupOf(service);
    const { min, max } = before.definition.scale;
    if (desired < min || desired > max) throw new ScaleOutOfRangeError(service, desired, min, max);
    await this.#state.commit([{ kind: "group", group: { ...before, desired } }]);
    const group = { ...(this.#book.get(before.name) ?? before), desired };
    this.#put(group);
    const cause = `${service} from ${before.desired} to ${desired}`;
    const activity = this.#activities.begin({ kind: "scale", service, group: group.name, actor, cause });
    return this.#begin("scale", group, this.#newOperation(), activity);
  }

  /**
   * Replaces every instance of a service, new ones first.
   *
   * @throws {@link ServiceUnknownError}, {@link StateReadOnlyError}.
   */
  async restart(service: string, actor: string): Promise<OperationView> {
    this.#checkLeads();
    const before = this.#groupOf(service);
    const outdated = this.#membersOf(before)
      .filter((instance) => instance.state !== "stopped")
      .map((instance) => instance.spec.id);
    return this.#replaceAll(before, outdated, actor, `${actor} restarted ${service}`);
  }

  /** What stands on a host is replaced, group by group. */
  async #empty(host: string, instances: readonly InstanceId[], actor: string): Promise<number> {
    let count = 0;
    // A list of its own: the book changes while they begin.
    const groups = Array.from(this.#book.all());
    for (const group of groups) {
      const here = this.#membersOf(group)
        .map(({ spec }) => spec.id)
        .filter((id) => instances.includes(id) && group.rollout?.outdated.includes(id) !== true);
      if (here.length === 0) continue;
      const outdated = [...new Set([...(group.rollout?.outdated ?? []), ...here])];
      await this.#replaceAll(group, outdated, actor, `${actor} drains host ${host}`);
      count += here.length;
    }
    return count;
  }

  /** Replaces instances of a group, new ones first. */
  async #replaceAll(
    before: ServerGroup,
    outdated: readonly InstanceId[],
    actor: string,
    why: string,
  ): Promise<OperationView> {
    const operation = this.#newOperation();
    const rollout = { operation, kind: "restart", actor, startedAtMs: this.#clock.wallMs(), outdated } as const;
    const restarted = (group: ServerGroup): ServerGroup => ({
      ...overtaken(group, why, this.#clock.wallMs()),
      rollout,
    });
    await this.#state.commit([{ kind: "group", group: restarted(before) }]);
    return this.#beginRollout(restarted(this.#book.get(before.name) ?? before));
  }

  /**
   * Sends a signal to one instance, as an outside force would: what dies of it is replaced.
   *
   * @throws {@link InstanceUnknownError}; what the engine throws when the agent does not answer.
   */
  async kill(id: string, signal: EngineSignal, actor: string): Promise<InstanceObservation> {
    const instance = this.#fleet.get(id as InstanceId);
    if (instance === undefined || instance.state === "stopped") throw new InstanceUnknownError(id);
    const { service, zone } = instance.spec;
    const ends = signal === "SIGKILL" || signal === "SIGTERM";
    if (ends && !this.#fleet.leaving.has(instance.spec.id)) this.#fleet.leave(instance.spec.id, "killed-by-operator");
    const cause = `${actor} sent ${signal}`;
    const activity = this.#activities.begin({
      kind: "kill",
      service,
      zone: zone.name,
      instance: instance.spec.id,
      actor,
      cause,
    });
    try {
      await this.#engine.signal(instance.spec.id, signal, cause);
    } catch (error) {
      if (ends) this.#fleet.stay(instance.spec.id);
      this.#activities.end(activity, "failed", error instanceof Error ? error.message : String(error));
      throw error;
    }
    this.#activities.end(activity, "succeeded", `${signal} was sent`);
    return instance;
  }

  groups(): GroupStatus[] {
    return Array.from(this.#book.all(), (group) => this.#statusOf(group));
  }

  /** One group by its name. */
  group(name: string): GroupStatus | undefined {
    const group = this.#book.get(name);
    return group === undefined ? undefined : this.#statusOf(group);
  }

  #statusOf(group: ServerGroup): GroupStatus {
    return {
      group,
      instances: this.#membersOf(group),
      waits: this.#reconciler.waits(group.name),
      crash: this.#followUp.crashOf(group.name),
      isPrimary: this.#book.primary(group.cluster)?.name === group.name,
    };
  }

  /** Where in its life an instance is, in AWS's words. */
  lifecycleOf(instance: InstanceObservation): LifecycleState {
    const { id } = instance.spec;
    return lifecycleOf(this.#book.ownerOf(instance.spec), instance, {
      leaving: this.#fleet.leavingFor(id) !== undefined,
      detached: this.#book.detached.has(id),
      isOut: this.#traffic.isOut(id),
    });
  }

  /** What somebody asked of a group, newest first. */
  operationsOf(group: string, limit: number): readonly GroupOperation[] {
    return this.#groupOperations.of(group, limit);
  }

  /** Zones that do not answer and that others have taken over from. */
  lostZones(): string[] {
    const states = this.#zones.states(this.#clock.monotonicMs());
    return states.filter(({ state }) => state === "lost").map(({ name }) => name);
  }

  /**
   * A checker's word on an instance; it counts where the group's `healthChecks` name the checker, and only when it is said
   * often enough in a row ({@link HealthBook}).
   */
  reportHealth(id: InstanceId, checker: HealthCheckType, healthy: boolean, reason: string): void {
    this.#heard({ id, checker, healthy, reason });
  }

  /** What the checkers that its group names say of an instance. */
  healthOf(instance: InstanceObservation): HealthVerdict[] {
    return this.#health.verdicts(this.#book.ownerOf(instance.spec), instance.spec.id);
  }

  #heard(word: HealthWord): void {
    const cluster = this.#fleet.get(word.id)?.spec.cluster;
    if (cluster !== undefined && this.#health.report(cluster, word)) this.#reconciler.touch(cluster);
  }

  /** An operator's word on an instance: counts at once. @throws {@link InstanceUnknownError}. */
  setInstanceHealth(id: string, healthy: boolean, actor: string): InstanceObservation {
    const instance = this.#fleet.get(id as InstanceId);
    if (instance === undefined || instance.state === "stopped") throw new InstanceUnknownError(id);
    const { service, serverGroup, zone, cluster } = instance.spec;
    const cause = `${actor} calls ${id} ${healthy ? "healthy" : "unhealthy"}`;
    this.#health.declare(instance.spec.id, healthy, cause);
    const about = { service, group: serverGroup, zone: zone.name, instance: instance.spec.id };
    this.#activities.begin({ kind: "health", ...about, actor, cause, outcome: "succeeded" });
    this.#reconciler.touch(cluster);
    return instance;
  }

  instances(): InstanceObservation[] {
    return this.#fleet.all();
  }

  zones(): { readonly zone: Zone; readonly state: PlanZone["state"] }[] {
    const states = new Map(this.#zones.states(this.#clock.monotonicMs()).map((zone) => [zone.name, zone.state]));
    return this.#zones.zones.map((zone) => ({ zone, state: states.get(zone.name) ?? "unknown" }));
  }

  /** What was deployed under that name, as it was given. */
  application(name: string): unknown {
    return this.#applications.get(name);
  }

  applications(): string[] {
    return [...this.#applications].filter(([, body]) => body !== null).map(([name]) => name);
  }

  operation(id: string): OperationView | undefined {
    const asked = this.#groupOperations.get(id);
    return asked === undefined ? this.#operations.get(id) : operationView(asked);
  }

  /** Newest first. Those of the last days come from the store when memory does not reach so far. */
  async activities(limit: number, before?: number): Promise<ActivityView[]> {
    const all = this.#activities.recent(recentActivitiesMax);
    const recent = all.filter((activity) => before === undefined || activity.id < before).slice(0, limit);
    if (recent.length === limit || this.#activities.oldestRecentId <= 1) return recent;
    try {
      return await this.#state.activities(limit, before);
    } catch {
      return recent;
    }
  }

  recentActivities(limit: number): ActivityView[] {
    return this.#activities.recent(limit);
  }

  /** Puts a remark of control's own into the diary. */
  remark(cause: string): void {
    this.#activities.begin({ kind: "note", service: "control", actor: "control", cause, outcome: "succeeded" });
  }

  get stateHealth(): StateHealth {
    return this.#state.health;
  }

  /** Set once another controller has taken over: this one decides nothing any more. */
  get deposed(): string | undefined {
    return this.#deposed;
  }

  #restore(stored: StoredState): void {
    this.#activities.restore(stored.activities);
    this.#groupOperations.restore(stored.operations);
    this.#book.setDetached(JSON.parse(stored.meta[detachedKey] ?? "[]"));
    for (const [name, body] of Object.entries(stored.applications)) this.#applications.set(name, body);
    for (const kept of stored.groups) {
      const group = newGroup(kept);
      this.#book.put(group);
      if (group.rollout === undefined || group.rollout.kind === "refresh") continue;
      const { operation, kind } = group.rollout;
      const activity = this.#activities.running(
        (candidate) => candidate.kind === kind && candidate.service === group.definition.service,
      )[0];
      this.#operations.begin(operation, kind, group.definition.service, group.desired, activity?.id);
    }
    for (const activity of this.#activities.running((candidate) => candidate.kind === "scale")) {
      this.#activities.end(activity.id, "cancelled", "control was restarted; the change itself goes on");
    }
  }

  #redefine(definition: GroupDefinition, actor: string): Change {
    const cluster = clusterOf(definition.application, definition.service);
    const startedAtMs = this.#clock.wallMs();
    const rollout: Rollout = { operation: this.#newOperation(), kind: "deploy", actor, startedAtMs, outdated: [] };
    const former = this.#book.primary(cluster);
    const newest = this.#book.cluster(cluster).at(-1)?.name ?? this.#newestSeen(cluster);
    const changed = redefine(former, definition, newest, rollout, (name) => this.#book.get(name) !== undefined);
    return { ...changed, former };
  }

  /** The next version takes the place of the former in the store as well: never both, never none. */
  #writesOf({ group, isNew, former }: Change): StoreWrite[] {
    const write: StoreWrite = { kind: "group", group };
    return isNew && former !== undefined ? [write, { kind: "group-removed", name: former.name }] : [write];
  }

  /** The highest version of a cluster among the instances there are. */
  #newestSeen(cluster: string): string | undefined {
    const names = this.#fleet.of(cluster).map((instance) => instance.spec.serverGroup);
    return names.toSorted((a, b) => (sequenceOf(b) ?? 0) - (sequenceOf(a) ?? 0))[0];
  }

  #beginRollout(group: ServerGroup): OperationView {
    const { service } = group.definition;
    for (const name of group.supersedes) {
      this.#book.remove(name);
      for (const open of this.#groupOperations.running(name)) {
        this.#groupOperations.end(open, "failed", `superseded by ${group.name}`);
      }
    }
    this.#put(group);
    this.#fleet.forgetCrashes(group.name);
    const kind = group.rollout?.kind === "restart" ? "restart" : "deploy";
    const actor = group.rollout?.actor ?? "control";
    const cause = kind === "restart" ? `rolling restart of ${service}` : `${group.name} of ${group.desired} instances`;
    const activity = this.#activities.begin({ kind, service, group: group.name, actor, cause });
    return this.#begin(kind, group, group.rollout?.operation ?? this.#newOperation(), activity);
  }

  #begin(kind: OperationView["kind"], group: ServerGroup, id: string, activity: number): OperationView {
    const { service } = group.definition;
    for (const earlier of this.#operations.running(service)) {
      // A change of scale and a rollout get on with each other; two of a sort do not.
      if ((earlier.kind === "scale") !== (kind === "scale")) continue;
      const ended = this.#operations.end(earlier.id, "failed", `superseded by ${id}`);
      if (ended !== undefined) this.#activities.end(ended, "cancelled", `superseded by ${id}`);
    }
    const view = this.#operations.begin(id, kind, service, group.desired, activity);
    this.#touched(group.cluster);
    return view;
  }

  #afterRound(clusters: ReadonlySet<string>): void {
    this.#pool.prune((group) => this.#book.get(group) !== undefined);
    this.hosts.autoscale();
    for (const cluster of clusters) {
      for (const group of this.#book.cluster(cluster)) this.#followUp.group(group);
    }
    if (!this.#caughtUp && this.#zones.allReachable) this.#catchUp();
    if (this.#ports.next !== this.#storedPort) {
      this.#storedPort = this.#ports.next;
      this.#state.note({ kind: "meta", key: portKey, value: String(this.#storedPort) });
    }
    // Who stands in a zone that has not told of its instances yet is unknown, not gone.
    const isGone = (id: InstanceId): boolean => this.#fleet.get(id) === undefined;
    if (this.#zones.allListed) {
      this.#traffic.forget(isGone);
      this.#health.forget(isGone);
    }
    this.#changed();
  }

  /** Ends what a former life of control began with instances that nobody knows any more. */
  #catchUp(): void {
    this.#caughtUp = true;
    this.hosts.resumeDrains().catch((error: unknown) => this.#log.warn("cloud.drain-not-resumed", { error }));
    for (const { id, instance } of this.#activities.running((activity) => activity.instance !== null)) {
      if (this.#fleet.get(instance as InstanceId) !== undefined) continue;
      this.#activities.end(id, "cancelled", "control was restarted meanwhile");
    }
  }

  #happened(event: FleetEvent): void {
    const { id, service } = event.observation.spec;
    const about = this.#activities.running((activity) => activity.instance === id);
    for (const activity of about) {
      const isStart = activity.kind === "launch" || activity.kind === "replace";
      if (event.kind === "up") {
        if (isStart) this.#activities.end(activity.id, "succeeded", upAfter(event.observation));
      } else if (isStart) this.#activities.end(activity.id, "failed", event.observation.reason);
      else this.#activities.end(activity.id, "succeeded", event.observation.reason);
    }
    if (event.kind === "gone" && !event.wanted) {
      this.#log.warn("cloud.instance-lost", { instance: id, service, reason: event.observation.reason });
    }
  }

  /** What was there before this life of control has been found well by the one before, for all we know. */
  #isProven({ spec }: InstanceObservation): boolean {
    const lifeMs = this.#clock.monotonicMs() - this.#startedAtMs;
    return this.#fleet.ageMs(spec.id) > lifeMs || this.#health.isProven(this.#book.ownerOf(spec), spec.id);
  }

  #isUnwanted(instance: InstanceObservation): boolean {
    const { application, cluster } = instance.spec;
    if (this.#book.detached.has(instance.spec.id)) return false;
    return this.#applications.has(application) && this.#book.cluster(cluster).length === 0;
  }

  #membersOf(group: ServerGroup): readonly InstanceObservation[] {
    return this.#book.membersOf(group, this.#fleet.of(group.cluster));
  }

  #put(group: ServerGroup): void {
    this.#book.put(group);
    this.#reconciler.touch(group.cluster);
  }

  #remove(group: ServerGroup): void {
    this.#book.remove(group.name);
    this.#fleet.forgetCrashes(group.name);
    this.#reconciler.touch(group.cluster);
  }

  /** The group that a request to a service means. */
  #groupOf(service: string): ServerGroup {
    for (const group of this.#book.all()) {
      const primary = group.definition.service === service ? this.#book.primary(group.cluster) : undefined;
      if (primary !== undefined) return primary;
    }
    throw new ServiceUnknownError(service, [
      ...new Set(Array.from(this.#book.all(), (group) => group.definition.service)),
    ]);
  }

  #touched(cluster: string): void {
    this.#reconciler.touch(cluster);
    this.#changed();
  }

  #newId(): InstanceId {
    for (;;) {
      const id = newInstanceId(this.#random);
      if (this.#fleet.get(id) === undefined) return id;
    }
  }

  #newOperation(): string {
    return `op-${this.#random.hex(4)}`;
  }

  #keep(activity: ActivityView): void {
    this.#state.note({ kind: "activity", activity });
    this.#changed();
  }

  /** @throws PlatformError `EPOCH_STALE` (409) once another controller has taken over. */
  #checkLeads(): void {
    if (this.#deposed === undefined) return;
    throw new PlatformError("EPOCH_STALE", `this control decides nothing any more: ${this.#deposed}`, {
      status: 409,
      next: "ask the control that runs now: holdfast status",
    });
  }

  #onDeposed(error: Error): void {
    if (this.#deposed !== undefined) return;
    this.#deposed = error.message;
    this.#reconciler.stop();
    this.#log.error("cloud.deposed", { error });
    this.#watch.abort();
    this.#changed();
  }

  #changed(): void {
    for (const listener of this.#listeners) listener();
  }
}

interface Change extends Redefined {
  /** The group that the new version supersedes. */
  readonly former: ServerGroup | undefined;
}

function upAfter(instance: InstanceObservation): string {
  const ms = (instance.healthyAtMs ?? instance.sinceMs) - instance.startedAtMs;
  return `up after ${(Math.max(ms, 0) / 1_000).toFixed(1)} s`;
}
