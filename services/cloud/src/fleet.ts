import type { Clock, InstanceId } from "@holdfast/kernel";
import type { EngineListing, InstanceObservation, LaunchSpec } from "@holdfast/wire";
import type { ServerGroup } from "./group.ts";
import type { LostInstance } from "./plan/action.ts";
import { CrashBackoff } from "./plan/crash-backoff.ts";
import { Standing } from "./standing.ts";

interface Known {
  observation: InstanceObservation;
  /** Monotonic time of the last news of it. */
  seenAtMs: number;
  /** Monotonic time it was started, as far as we can tell: a wall clock that jumps makes nobody older. */
  readonly bornAtMs: number;
}

/**
 * Why an instance is about to end; it decides what its end means. `wanted`: nobody takes its place. `replaced`: its
 * place is being taken already. `killed-by-operator`: it is replaced once it is gone, and the program is not to blame.
 */
export type LeavingReason = "wanted" | "replaced" | "killed-by-operator";

/** One thing that happened to an instance, for the diary. */
export type FleetEvent =
  | { readonly kind: "up"; readonly observation: InstanceObservation }
  /** `wanted` when somebody had asked for it. */
  | { readonly kind: "gone"; readonly observation: InstanceObservation; readonly wanted: boolean };

/**
 * What control believes about instances: the last observation of each, who was told to leave, who was lost and not yet
 * replaced, and how launches of each group in each zone have fared.
 */
export class Fleet {
  readonly #clock: Clock;
  readonly #known = new Map<InstanceId, Known>();
  readonly #byCluster = new Map<string, Map<InstanceId, Known>>();
  /** What those that stand take up. */
  readonly standing = new Standing();
  /** {@link of}'s answers until something changes in the cluster. */
  readonly #lists = new Map<string, readonly InstanceObservation[]>();
  readonly #leaving = new Map<InstanceId, LeavingReason>();
  readonly #noCapacity = new Set<InstanceId>();
  readonly #lost = new Map<string, Map<InstanceId, LostInstance & { readonly serverGroup: string }>>();
  readonly #backoffs = new Map<string, Map<string, CrashBackoff>>();
  readonly #onEvent: (event: FleetEvent) => void;
  /** Called with the cluster of each instance that is new, other than before, or gone. */
  onChanged: (cluster: string) => void = () => {};
  /** Called with each instance that has come to stand, and with each that does so no more. */
  onStanding: (spec: LaunchSpec, stands: boolean) => void = () => {};

  constructor(clock: Clock, onEvent: (event: FleetEvent) => void) {
    this.#clock = clock;
    this.#onEvent = onEvent;
  }

  all(): InstanceObservation[] {
    return [...this.#known.values()].map((known) => known.observation);
  }

  clusters(): IterableIterator<string> {
    return this.#byCluster.keys();
  }

  /** Those of one cluster, of whatever group and state. The same array until one of them changes. */
  of(cluster: string): readonly InstanceObservation[] {
    const kept = this.#lists.get(cluster);
    if (kept !== undefined) return kept;
    const list = Array.from(this.#byCluster.get(cluster)?.values() ?? [], (known) => known.observation);
    this.#lists.set(cluster, list);
    return list;
  }

  /** How long it has run, in ms of time in which this machine was awake, as far as we saw it. */
  ageMs(id: InstanceId): number {
    const known = this.#known.get(id);
    return known === undefined ? 0 : this.#clock.monotonicMs() - known.bornAtMs;
  }

  get(id: InstanceId): InstanceObservation | undefined {
    return this.#known.get(id)?.observation;
  }

  /** Told to leave, and no capacity from then on. */
  get leaving(): ReadonlySet<InstanceId> {
    return this.#noCapacity;
  }

  /** Why `id` is leaving; `undefined` when it is not. */
  leavingFor(id: InstanceId): LeavingReason | undefined {
    return this.#leaving.get(id);
  }

  lost(cluster: string): (LostInstance & { readonly serverGroup: string })[] {
    return [...(this.#lost.get(cluster)?.values() ?? [])];
  }

  /** A launch has taken the place of `id`, or none is needed any more. */
  replaced(cluster: string, id: InstanceId): void {
    this.#lost.get(cluster)?.delete(id);
  }

  backoff(serverGroup: string, zone: string): CrashBackoff {
    const zones = this.#backoffs.get(serverGroup) ?? new Map<string, CrashBackoff>();
    this.#backoffs.set(serverGroup, zones);
    const found = zones.get(zone) ?? new CrashBackoff();
    zones.set(zone, found);
    return found;
  }

  /** Starts the back-off of a group anew in every zone. */
  forgetCrashes(serverGroup: string): void {
    this.#backoffs.delete(serverGroup);
  }

  backoffs(serverGroup: string): ReadonlyMap<string, CrashBackoff> {
    return this.#backoffs.get(serverGroup) ?? none;
  }

  /** It is about to be told to end. */
  leave(id: InstanceId, reason: LeavingReason): void {
    this.#leaving.set(id, reason);
    if (reason === "killed-by-operator") this.#noCapacity.delete(id);
    else this.#noCapacity.add(id);
  }

  /** It did not come to that: the agent could not be told. */
  stay(id: InstanceId): void {
    this.#leaving.delete(id);
    this.#noCapacity.delete(id);
  }

  /** A launch that the engine has not confirmed yet counts as an instance. */
  launching(spec: LaunchSpec): void {
    const nowMs = this.#clock.wallMs();
    const observation: InstanceObservation = {
      spec,
      state: "starting",
      reason: "the agent is being told to start it",
      reasonCode: "LAUNCHING",
      pid: undefined,
      startedAtMs: nowMs,
      sinceMs: nowMs,
      healthyAtMs: undefined,
      exit: undefined,
      logFile: "",
      registeredByEngine: false,
    };
    this.#set(observation);
  }

  /** The engine refused or could not be reached: the instance never was. */
  notLaunched(id: InstanceId): void {
    if (this.#known.get(id)?.observation.reasonCode === "LAUNCHING") this.#forget(id);
  }

  /** Takes in one observation of a watch or a launch. */
  observe(observation: InstanceObservation): void {
    const { id } = observation.spec;
    const before = this.#known.get(id)?.observation;
    this.#set(observation);
    if (before === undefined) return this.#firstSeen(observation);
    if (observation.state === "up" && before.state !== "up") this.#onEvent({ kind: "up", observation });
    if (observation.state === "draining" && before.state !== "draining") {
      this.#lose(observation, this.#leaving.get(id));
    }
    if (observation.state === "stopped" && before.state !== "stopped") this.#gone(before, observation);
  }

  /** Takes in a whole listing, asked for at `askedAtMs` (monotonic): what it lacks in zones that answered is gone. */
  list(listing: EngineListing, askedAtMs: number, zoneAnswered: (zone: string) => boolean): void {
    const listed = new Set<InstanceId>();
    for (const observation of listing.instances) {
      listed.add(observation.spec.id);
      const known = this.#known.get(observation.spec.id);
      // News of the watch that came in after the question is newer than the answer.
      if (known === undefined || known.seenAtMs <= askedAtMs) this.observe(observation);
    }
    for (const [id, known] of this.#known) {
      if (listed.has(id) || known.seenAtMs > askedAtMs || !zoneAnswered(known.observation.spec.zone.name)) continue;
      if (known.observation.reasonCode === "LAUNCHING") continue;
      this.#vanish(id, known.observation);
    }
  }

  /** An instance of the present version that serves long enough clears its zone's crashes. */
  settle(group: ServerGroup): void {
    const backoffs = this.#backoffs.get(group.name);
    if (backoffs === undefined) return;
    const nowMs = this.#clock.monotonicMs();
    for (const observation of this.of(group.cluster)) {
      if (observation.state !== "up" || observation.spec.serverGroup !== group.name) continue;
      const upMs = this.#clock.wallMs() - (observation.healthyAtMs ?? observation.sinceMs);
      backoffs.get(observation.spec.zone.name)?.lives(upMs, nowMs);
    }
  }

  /** At our start: tells how it stands, so that what a former life began can be ended; nobody is to blame. */
  #firstSeen(observation: InstanceObservation): void {
    if (observation.state === "up") this.#onEvent({ kind: "up", observation });
    if (observation.state === "stopped") this.#onEvent({ kind: "gone", observation, wanted: true });
  }

  #vanish(id: InstanceId, before: InstanceObservation): void {
    if (before.state !== "stopped") {
      const nowMs = this.#clock.wallMs();
      const reason = "its agent does not know it any more";
      this.observe({ ...before, state: "stopped", reason, reasonCode: "VANISHED", sinceMs: nowMs });
    }
    this.#forget(id);
    this.stay(id);
  }

  #set(observation: InstanceObservation): void {
    const { id, cluster } = observation.spec;
    const nowMs = this.#clock.monotonicMs();
    const known = this.#known.get(id);
    if (known !== undefined) {
      known.seenAtMs = nowMs;
      // A listing tells the same again every few seconds, in new objects.
      if (isSame(known.observation, observation)) return;
      const stood = known.observation.state !== "stopped";
      if (stood) this.standing.remove(known.observation.spec);
      if (stood !== (observation.state !== "stopped")) this.onStanding(observation.spec, !stood);
      known.observation = observation;
    } else {
      const bornAtMs = nowMs - Math.max(0, this.#clock.wallMs() - observation.startedAtMs);
      const fresh = { observation, seenAtMs: nowMs, bornAtMs };
      if (observation.state !== "stopped") this.onStanding(observation.spec, true);
      this.#known.set(id, fresh);
      const peers = this.#byCluster.get(cluster) ?? new Map<InstanceId, Known>();
      this.#byCluster.set(cluster, peers.set(id, fresh));
    }
    if (observation.state !== "stopped") this.standing.add(observation.spec);
    this.#lists.delete(cluster);
    this.onChanged(cluster);
  }

  #forget(id: InstanceId): void {
    const known = this.#known.get(id)?.observation;
    if (known === undefined) return;
    if (known.state !== "stopped") {
      this.standing.remove(known.spec);
      this.onStanding(known.spec, false);
    }
    const { cluster } = known.spec;
    this.#known.delete(id);
    const peers = this.#byCluster.get(cluster);
    peers?.delete(id);
    if (peers?.size === 0) this.#byCluster.delete(cluster);
    this.#lists.delete(cluster);
    this.onChanged(cluster);
  }

  #gone(before: InstanceObservation, observation: InstanceObservation): void {
    const { id, serverGroup, zone } = observation.spec;
    const reason = this.#leaving.get(id);
    this.stay(id);
    if (reason === undefined && before.state !== "draining") {
      const livedMs = observation.sinceMs - observation.startedAtMs;
      const wasHealthy = observation.healthyAtMs !== undefined;
      this.backoff(serverGroup, zone.name).ended(
        { wasHealthy, livedMs, reason: observation.reason },
        this.#clock.monotonicMs(),
      );
    }
    if (before.state !== "draining") this.#lose(observation, reason);
    this.#onEvent({ kind: "gone", observation, wanted: reason !== undefined || before.state === "draining" });
  }

  #lose(observation: InstanceObservation, reason: LeavingReason | undefined): void {
    const { id } = observation.spec;
    if (reason === "wanted" || reason === "replaced") return;
    this.#miss(observation, reason === undefined ? `${id}: ${observation.reason}` : `${id} was killed by the operator`);
  }

  /** What is to be replaced although it still stands (unhealthy, or never healthy): its successor says why. */
  replace(observation: InstanceObservation, cause: string): void {
    const { id, serverGroup, zone } = observation.spec;
    this.leave(id, "replaced");
    this.#miss(observation, cause);
    const livedMs = this.ageMs(id);
    const wasHealthy = observation.healthyAtMs !== undefined;
    this.backoff(serverGroup, zone.name).ended({ wasHealthy, livedMs, reason: cause }, this.#clock.monotonicMs());
  }

  #miss({ spec: { id, cluster, serverGroup, zone } }: InstanceObservation, cause: string): void {
    const missed = this.#lost.get(cluster) ?? new Map();
    this.#lost.set(cluster, missed.set(id, { id, zone: zone.name, cause, serverGroup }));
  }
}

function isSame(a: InstanceObservation, b: InstanceObservation): boolean {
  return (
    a === b ||
    (a.state === b.state &&
      a.reason === b.reason &&
      a.reasonCode === b.reasonCode &&
      a.sinceMs === b.sinceMs &&
      a.startedAtMs === b.startedAtMs &&
      a.healthyAtMs === b.healthyAtMs &&
      a.pid === b.pid &&
      a.logFile === b.logFile &&
      a.registeredByEngine === b.registeredByEngine)
  );
}

const none: ReadonlyMap<string, CrashBackoff> = new Map();
