import type { Clock, InstanceId } from "@holdfast/kernel";
import type { EngineListing, InstanceObservation, LaunchSpec } from "@holdfast/wire";
import type { ServerGroup } from "./group.ts";
import type { LostInstance } from "./plan/action.ts";
import { CrashBackoff } from "./plan/crash-backoff.ts";

interface Known {
  observation: InstanceObservation;
  /** Monotonic time of the last news of it. */
  seenAtMs: number;
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
  readonly #leaving = new Map<InstanceId, LeavingReason>();
  readonly #lost = new Map<InstanceId, LostInstance & { readonly cluster: string }>();
  readonly #backoffs = new Map<string, Map<string, CrashBackoff>>();
  readonly #onEvent: (event: FleetEvent) => void;

  constructor(clock: Clock, onEvent: (event: FleetEvent) => void) {
    this.#clock = clock;
    this.#onEvent = onEvent;
  }

  all(): InstanceObservation[] {
    return [...this.#known.values()].map((known) => known.observation);
  }

  of(cluster: string): InstanceObservation[] {
    return this.all().filter((observation) => observation.spec.cluster === cluster);
  }

  get(id: InstanceId): InstanceObservation | undefined {
    return this.#known.get(id)?.observation;
  }

  /** Told to leave, and no capacity from then on. */
  get leaving(): ReadonlySet<InstanceId> {
    const ids = new Set<InstanceId>();
    for (const [id, reason] of this.#leaving) if (reason !== "killed-by-operator") ids.add(id);
    return ids;
  }

  lost(cluster: string): LostInstance[] {
    return [...this.#lost.values()].filter((lost) => lost.cluster === cluster);
  }

  /** A launch has taken the place of `id`, or none is needed any more. */
  replaced(id: InstanceId): void {
    this.#lost.delete(id);
  }

  backoff(cluster: string, zone: string): CrashBackoff {
    const zones = this.#backoffs.get(cluster) ?? new Map<string, CrashBackoff>();
    this.#backoffs.set(cluster, zones);
    const found = zones.get(zone) ?? new CrashBackoff();
    zones.set(zone, found);
    return found;
  }

  /** Starts the back-off of a group anew in every zone. */
  forgetCrashes(cluster: string): void {
    this.#backoffs.delete(cluster);
  }

  backoffs(cluster: string): ReadonlyMap<string, CrashBackoff> {
    return this.#backoffs.get(cluster) ?? new Map();
  }

  /** It is about to be told to end. */
  leave(id: InstanceId, reason: LeavingReason): void {
    this.#leaving.set(id, reason);
  }

  /** It did not come to that: the agent could not be told. */
  stay(id: InstanceId): void {
    this.#leaving.delete(id);
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
    this.#known.set(spec.id, { observation, seenAtMs: this.#clock.monotonicMs() });
  }

  /** The engine refused or could not be reached: the instance never was. */
  notLaunched(id: InstanceId): void {
    if (this.#known.get(id)?.observation.reasonCode === "LAUNCHING") this.#known.delete(id);
  }

  /** Takes in one observation of a watch or a launch. */
  observe(observation: InstanceObservation): void {
    const { id } = observation.spec;
    const before = this.#known.get(id)?.observation;
    this.#known.set(id, { observation, seenAtMs: this.#clock.monotonicMs() });
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
    const nowMs = this.#clock.monotonicMs();
    for (const observation of this.of(group.cluster)) {
      if (observation.state !== "up" || observation.spec.serverGroup !== group.name) continue;
      const upMs = this.#clock.wallMs() - (observation.healthyAtMs ?? observation.sinceMs);
      this.backoffs(group.cluster).get(observation.spec.zone.name)?.lives(upMs, nowMs);
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
    this.#known.delete(id);
    this.#leaving.delete(id);
  }

  #gone(before: InstanceObservation, observation: InstanceObservation): void {
    const { id, cluster, zone } = observation.spec;
    const reason = this.#leaving.get(id);
    this.#leaving.delete(id);
    if (reason === undefined && before.state !== "draining") {
      const livedMs = observation.sinceMs - observation.startedAtMs;
      const wasHealthy = observation.healthyAtMs !== undefined;
      this.backoff(cluster, zone.name).ended(
        { wasHealthy, livedMs, reason: observation.reason },
        this.#clock.monotonicMs(),
      );
    }
    if (before.state !== "draining") this.#lose(observation, reason);
    this.#onEvent({ kind: "gone", observation, wanted: reason !== undefined || before.state === "draining" });
  }

  #lose(observation: InstanceObservation, reason: LeavingReason | undefined): void {
    const { id, cluster, zone } = observation.spec;
    if (reason === "wanted" || reason === "replaced") return;
    const cause = reason === undefined ? `${id}: ${observation.reason}` : `${id} was killed by the operator`;
    this.#lost.set(id, { id, zone: zone.name, cause, cluster });
  }

  /** What is to be replaced although it still stands (unhealthy, or never healthy): its successor says why. */
  replace(observation: InstanceObservation, cause: string): void {
    const { id, cluster, zone } = observation.spec;
    this.#leaving.set(id, "replaced");
    this.#lost.set(id, { id, zone: zone.name, cause, cluster });
    const livedMs = this.#clock.wallMs() - observation.startedAtMs;
    const wasHealthy = observation.healthyAtMs !== undefined;
    this.backoff(cluster, zone.name).ended({ wasHealthy, livedMs, reason: cause }, this.#clock.monotonicMs());
  }
}
