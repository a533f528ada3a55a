import { type Clock, type InstanceId, type Log, newInstanceId, type Random, type Zone } from "@holdfast/kernel";
import type { Engine, EngineSignal, InstanceObservation } from "@holdfast/wire";
import type { ActivityView, OperationView } from "@holdfast/wire/control";
import { Activities, recentActivitiesMax } from "./activities.ts";
import { InstanceUnknownError, ScaleOutOfRangeError, ServiceUnknownError } from "./errors.ts";
import { Fleet, type FleetEvent } from "./fleet.ts";
import { clusterOf, type GroupDefinition, type Rollout, type ServerGroup, sequenceOf } from "./group.ts";
import { Operations } from "./operations.ts";
import type { PlanZone } from "./plan/action.ts";
import { progressOf, rolloutCrashesMax } from "./progress.ts";
import { Reconciler } from "./reconciler.ts";
import { type Redefined, redefine } from "./redefine.ts";
import { PortRing } from "./slots.ts";
import type { DurableState, StateHealth } from "./store/durable-state.ts";
import type { StoredState, StoreWrite } from "./store/state-store.ts";
import { ZoneWatch } from "./zone-watch.ts";

export interface CloudOptions {
  readonly zones: readonly Zone[];
  /** The block that instances' ports are given out of, both ends included. */
  readonly ports: { readonly first: number; readonly last: number };
}

/** One group with all that there is to say of it now. */
export interface GroupStatus {
  readonly group: ServerGroup;
  readonly instances: readonly InstanceObservation[];
  /** Why launches wait, one line a zone; empty when none does. */
  readonly waits: readonly { readonly zone: string; readonly reason: string }[];
  /** The last crash where instances crash in a row; empty otherwise. */
  readonly crash: string;
}

/** Keys of `meta` in the store. */
const portKey = "nextPort";

/**
 * Keeps server groups at strength, over restarts of itself: what should be is in the store, what is comes from the engine.
 *
 * Promise: min ≤ desired ≤ max instances of each group, spread over the zones no more than one apart; what dies is replaced in
 * its zone, at once when it had been serving; nothing is launched in a hot loop; a rollout never goes below `desired`; every
 * launch and end is in the diary with its cause. With the store read-only all of this goes on, only requests are refused.
 */
export class Cloud {
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #log: Log;
  readonly #engine: Engine;
  readonly #state: DurableState;
  readonly #groups = new Map<string, ServerGroup>();
  readonly #applications = new Map<string, unknown>();
  readonly #ports: PortRing;
  readonly #zones: ZoneWatch;
  readonly #activities: Activities;
  readonly #operations: Operations;
  readonly #fleet: Fleet;
  readonly #reconciler: Reconciler;
  readonly #watch = new AbortController();
  readonly #listeners = new Set<() => void>();
  #deposed: string | undefined;
  #storedPort: number;
  #caughtUp = false;

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
    this.#clock = clock;
    this.#random = random;
    this.#log = log;
    this.#engine = engine;
    this.#state = state;
    this.#storedPort = Number(stored.meta[portKey] ?? options.ports.first);
    this.#ports = new PortRing(options.ports.first, options.ports.last, this.#storedPort);
    this.#zones = new ZoneWatch(options.zones, clock.monotonicMs());
    this.#activities = new Activities(clock, (activity) => this.#keep(activity));
    this.#operations = new Operations(clock);
    this.#fleet = new Fleet(clock, (event) => this.#happened(event));
    this.#reconciler = new Reconciler({
      clock,
      log,
      engine,
      fleet: this.#fleet,
      zones: this.#zones,
      ports: this.#ports,
      activities: this.#activities,
      groups: () => [...this.#groups.values()],
      isUnwanted: (instance) => this.#isUnwanted(instance),
      newId: () => this.#newId(),
      onRound: () => this.#afterRound(),
      onDeposed: (error) => this.#onDeposed(error),
    });
    this.#restore(stored);
  }

  /** Starts watching and reconciling. */
  start(): void {
    this.#state.onChange = () => this.#changed();
    this.#engine.watch((observation) => {
      this.#zones.answered(observation.spec.zone.name);
      this.#fleet.observe(observation);
      this.#reconciler.poke();
      this.#changed();
    }, this.#watch.signal);
    this.#reconciler.start();
  }

  /** Stops deciding; no instance is touched. */
  stop(): void {
    this.#watch.abort();
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
    const named = new Set(definitions.map((definition) => clusterOf(definition.application, definition.service)));
    const removed = [...this.#groups.values()].filter(
      (group) => group.definition.application === application && !named.has(group.cluster),
    );
    const changes = definitions.map((definition) => this.#redefine(definition, actor));
    await this.#state.commit([
      { kind: "application", name: application, body },
      ...changes.map(({ group }): StoreWrite => ({ kind: "group", group })),
      ...removed.map((group): StoreWrite => ({ kind: "group-removed", cluster: group.cluster })),
    ]);
    this.#applications.set(application, body);
    for (const group of removed) this.#groups.delete(group.cluster);
    const operations = changes.filter(({ isNew }) => isNew).map(({ group }) => this.#beginRollout(group));
    for (const { group, isNew } of changes) if (!isNew) this.#groups.set(group.cluster, group);
    this.#reconciler.poke();
    this.#changed();
    return operations;
  }

  /** Like {@link deploy} for servers of the platform at control's start: a store that refuses does not stop them. */
  ensure(definitions: readonly GroupDefinition[]): void {
    for (const definition of definitions) {
      const { group, isNew } = this.#redefine(definition, "control");
      if (isNew) this.#beginRollout(group);
      else this.#groups.set(group.cluster, group);
      this.#state.note({ kind: "group", group });
    }
    this.#reconciler.poke();
  }

  /**
   * Sets how many instances there should be.
   *
   * @throws {@link ServiceUnknownError}, {@link ScaleOutOfRangeError}, {@link StateReadOnlyError}.
   */
  async scale(service: string, desired: number, actor: string): Promise<OperationView> {
    const before = this.#groupOf(service);
    const { min, max } = before.definition.scale;
    if (desired < min || desired > max) throw new ScaleOutOfRangeError(service, desired, min, max);
    await this.#state.commit([{ kind: "group", group: { ...before, desired } }]);
    const group = { ...this.#groupOf(service), desired };
    this.#groups.set(group.cluster, group);
    const cause = `${service} from ${before.desired} to ${desired}`;
    const activity = this.#activities.begin({ kind: "scale", service, actor, cause });
    return this.#begin("scale", group, this.#newOperation(), activity);
  }

  /**
   * Replaces every instance of a service, new ones first.
   *
   * @throws {@link ServiceUnknownError}, {@link StateReadOnlyError}.
   */
  async restart(service: string, actor: string): Promise<OperationView> {
    const before = this.#groupOf(service);
    const outdated = this.#fleet
      .of(before.cluster)
      .filter((instance) => instance.state !== "stopped")
      .map((instance) => instance.spec.id);
    const operation = this.#newOperation();
    const rollout = { operation, kind: "restart", actor, startedAtMs: this.#clock.wallMs(), outdated } as const;
    await this.#state.commit([{ kind: "group", group: { ...before, rollout } }]);
    const group = { ...this.#groupOf(service), rollout };
    return this.#beginRollout(group);
  }

  /**
   * Sends a signal to one instance, as an outside force would: what dies of it is replaced.
   *
   * @throws {@link InstanceUnknownError}; what the engine throws when the agent does not answer.
   */
  async kill(id: string, signal: EngineSignal, actor: string): Promise<InstanceObservation> {
    const instance = this.#fleet.all().find((known) => known.spec.id === id);
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
    return [...this.#groups.values()].map((group) => ({
      group,
      instances: this.#fleet.of(group.cluster),
      waits: this.#reconciler.waits.get(group.cluster) ?? [],
      crash: this.#crashOf(group.cluster),
    }));
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
    return this.#operations.get(id);
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
    for (const [name, body] of Object.entries(stored.applications)) this.#applications.set(name, body);
    for (const group of stored.groups) {
      this.#groups.set(group.cluster, group);
      if (group.rollout === undefined) continue;
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

  #redefine(definition: GroupDefinition, actor: string): Redefined {
    const cluster = clusterOf(definition.application, definition.service);
    const startedAtMs = this.#clock.wallMs();
    const rollout: Rollout = { operation: this.#newOperation(), kind: "deploy", actor, startedAtMs, outdated: [] };
    return redefine(this.#groups.get(cluster), definition, this.#newestSeen(cluster), rollout);
  }

  /** The highest version of a cluster among the instances there are. */
  #newestSeen(cluster: string): string | undefined {
    const names = this.#fleet.of(cluster).map((instance) => instance.spec.serverGroup);
    return names.toSorted((a, b) => (sequenceOf(b) ?? 0) - (sequenceOf(a) ?? 0))[0];
  }

  #beginRollout(group: ServerGroup): OperationView {
    const { service } = group.definition;
    this.#groups.set(group.cluster, group);
    this.#fleet.forgetCrashes(group.cluster);
    const kind = group.rollout?.kind ?? "deploy";
    const actor = group.rollout?.actor ?? "control";
    const cause = kind === "restart" ? `rolling restart of ${service}` : `${group.name} of ${group.desired} instances`;
    const activity = this.#activities.begin({ kind, service, actor, cause });
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
    this.#reconciler.poke();
    this.#changed();
    return view;
  }

  #afterRound(): void {
    for (const group of this.#groups.values()) this.#followUp(group);
    if (!this.#caughtUp && this.#zones.allReachable) this.#catchUp();
    if (this.#ports.next !== this.#storedPort) {
      this.#storedPort = this.#ports.next;
      this.#state.note({ kind: "meta", key: portKey, value: String(this.#storedPort) });
    }
    this.#changed();
  }

  /** Ends what a former life of control began with instances that nobody knows any more. */
  #catchUp(): void {
    this.#caughtUp = true;
    for (const { id, instance } of this.#activities.running((activity) => activity.instance !== null)) {
      if (this.#fleet.all().some((known) => known.spec.id === instance)) continue;
      this.#activities.end(id, "cancelled", "control was restarted meanwhile");
    }
  }

  /** Moves the operations of a group on, and ends its rollout when it is done or has failed. */
  #followUp(group: ServerGroup): void {
    const running = this.#operations.running(group.definition.service);
    if (running.length === 0) return;
    const { done, total, complete } = progressOf(group, this.#fleet.of(group.cluster));
    const crashes = Math.max(0, ...[...this.#fleet.backoffs(group.cluster).values()].map((item) => item.crashes));
    const waits = this.#reconciler.waits.get(group.cluster) ?? [];
    for (const operation of running) {
      if (complete) this.#endOperation(group, operation, "succeeded", `${done} of ${total} up`);
      else if (crashes >= rolloutCrashesMax) {
        this.#endOperation(group, operation, "failed", this.#crashOf(group.cluster));
      } else this.#operations.progress(operation.id, done, total, waits[0]?.reason ?? "");
    }
  }

  #endOperation(group: ServerGroup, operation: OperationView, state: "succeeded" | "failed", detail: string): void {
    const activity = this.#operations.end(operation.id, state, detail);
    if (activity !== undefined) this.#activities.end(activity, state, detail);
    if (group.rollout?.operation !== operation.id) return;
    // A failed restart leaves what still serves in peace; a failed deployment goes on trying, with back-off.
    if (state === "failed" && group.rollout.kind === "deploy") return;
    const settled = { ...group, rollout: undefined };
    this.#groups.set(group.cluster, settled);
    this.#state.note({ kind: "group", group: settled });
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

  #isUnwanted(instance: InstanceObservation): boolean {
    const { application, cluster } = instance.spec;
    return this.#applications.has(application) && !this.#groups.has(cluster);
  }

  #crashOf(cluster: string): string {
    for (const backoff of this.#fleet.backoffs(cluster).values()) if (backoff.reason !== "") return backoff.reason;
    return "";
  }

  #groupOf(service: string): ServerGroup {
    for (const group of this.#groups.values()) if (group.definition.service === service) return group;
    throw new ServiceUnknownError(
      service,
      [...this.#groups.values()].map((group) => group.definition.service),
    );
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

  #onDeposed(error: Error): void {
    this.#deposed = error.message;
    this.#log.error("cloud.deposed", { error });
    this.#watch.abort();
    this.#changed();
  }

  #changed(): void {
    for (const listener of this.#listeners) listener();
  }
}

function upAfter(instance: InstanceObservation): string {
  const ms = (instance.healthyAtMs ?? instance.sinceMs) - instance.startedAtMs;
  return `up after ${(Math.max(ms, 0) / 1_000).toFixed(1)} s`;
}
