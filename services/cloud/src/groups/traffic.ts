import type { Clock, InstanceId, Log, Timer } from "@holdfast/kernel";
import type { InstanceObservation } from "@holdfast/wire";
import type { ServerGroup } from "../group.ts";
import { wasLaunchedOutOfService } from "../launch-spec.ts";

/** Where it is said who gets traffic: the registries. Calls are idempotent. */
export interface TrafficPort {
  /**
   * Callers stop choosing this instance (`OUT_OF_SERVICE`), until {@link inService}.
   *
   * @throws when no registry took it, or the instance has not registered yet.
   */
  outOfService(instance: InstanceObservation, reason: string): Promise<void>;
  /** Takes back what {@link outOfService} said; what somebody else said of the instance stays. */
  inService(instance: InstanceObservation): Promise<void>;
  /** Ids of all that are out of service by {@link outOfService}, perhaps in a former life of control. */
  standing(): Promise<readonly string[]>;
}

/** A refused request is made again so soon. */
const retryMs = 1_000;

/** What the registries say is compared with what they were told so often: all of them may have been started anew. */
const auditMs = 15_000;

/** Why an instance is to get no traffic; `undefined` when it is. */
export function noTrafficReason(group: ServerGroup, id: InstanceId): string | undefined {
  const mark = group.marks[id];
  if (mark?.standby === true) return `${id} is on standby`;
  if (mark?.warm !== undefined && mark.warm !== "leaving") return `${id} is in the warm pool of ${group.name}`;
  if (mark?.hook !== undefined && mark.hook.proceeding === undefined) {
    return `${id} waits for the lifecycle hook ${mark.hook.waiting.join(", ")}`;
  }
  if (group.disabledAtMs !== undefined) return `${group.name} is disabled`;
  return mark?.unlisted === true ? `${id} was launched while AddToLoadBalancer was suspended` : undefined;
}

/**
 * Keeps the registries' word on each instance what the groups say it should be: tells, asks again until told, and tells a
 * control's whole word anew after its restart. Without a port everything counts as told.
 */
export class TrafficKeeper {
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #port: TrafficPort | undefined;
  readonly #onTold: () => void;
  /** What was last told of an instance, successfully. */
  readonly #told = new Map<InstanceId, "in" | "out">();
  /** Those that are there. */
  readonly #kept = new Set<InstanceId>();
  readonly #asking = new Set<InstanceId>();
  readonly #retryAtMs = new Map<InstanceId, number>();
  #next: Timer | undefined;
  /** Counts what was told. */
  #tellings = 0;
  #stopped = false;

  constructor(clock: Clock, log: Log, port: TrafficPort | undefined, onTold: () => void) {
    this.#clock = clock;
    this.#log = log;
    this.#port = port;
    this.#onTold = onTold;
  }

  /** Finds out what a former life of control said; asks until somebody answers. */
  start(): void {
    if (this.#port !== undefined) void this.#recall(this.#port);
  }

  stop(): void {
    this.#stopped = true;
    this.#next?.cancel();
  }

  async #recall(port: TrafficPort): Promise<void> {
    try {
      for (const id of await port.standing())
        if (!this.#told.has(id as InstanceId)) this.#told.set(id as InstanceId, "out");
      this.#onTold();
      this.#next = this.#clock.after(auditMs, () => void this.#audit(port));
    } catch (error) {
      this.#log.debug("cloud.traffic-not-recalled", { error });
      this.#next = this.#clock.after(retryMs, () => void this.#recall(port));
    }
    if (this.#stopped) this.#next.cancel();
  }

  /** Finds what the registries have forgotten, and what still stands though it was to be over. */
  async #audit(port: TrafficPort): Promise<void> {
    const tellings = this.#tellings;
    try {
      const standing = new Set(await port.standing());
      // An answer from the middle of a change says nothing.
      if (this.#asking.size === 0 && tellings === this.#tellings && this.#compare(standing)) this.#onTold();
    } catch (error) {
      this.#log.debug("cloud.traffic-not-audited", { error });
    }
    if (!this.#stopped) this.#next = this.#clock.after(auditMs, () => void this.#audit(port));
  }

  /** True when something is other than was told: it will be told again. */
  #compare(standing: ReadonlySet<string>): boolean {
    let isOther = false;
    for (const [id, told] of this.#told) {
      if (told === "in" || standing.has(id)) continue;
      this.#told.delete(id);
      isOther = true;
    }
    for (const id of standing) {
      // The registries remember for an hour what was said of one that has gone.
      if (this.#told.get(id as InstanceId) === "out" || !this.#kept.has(id as InstanceId)) continue;
      this.#told.set(id as InstanceId, "out");
      isOther = true;
    }
    return isOther;
  }

  /** True when the registries' word on it is what it should be. Otherwise they are being told; call again next round. */
  keep(group: ServerGroup, instance: InstanceObservation): boolean {
    const { id } = instance.spec;
    const reason = noTrafficReason(group, id);
    const told = this.#told.get(id);
    this.#kept.add(id);
    if (this.#port === undefined || told === (reason === undefined ? "in" : "out")) return true;
    // Nobody has ever been told anything of one that should simply serve, unless it said so itself when it came.
    if (reason === undefined && told === undefined && !wasLaunchedOutOfService(instance.spec)) return true;
    const nowMs = this.#clock.monotonicMs();
    if (instance.state !== "up" || this.#asking.has(id) || nowMs < (this.#retryAtMs.get(id) ?? 0)) return false;
    void this.#tell(this.#port, instance, reason);
    return false;
  }

  /** True once it was told so, or when there is nobody to tell. */
  isOutOrUntold(id: InstanceId): boolean {
    return this.#port === undefined || this.isOut(id);
  }

  /** True once it was told so. */
  isOut(id: InstanceId): boolean {
    return this.#told.get(id) === "out";
  }

  /** Forgets instances that are gone. */
  forget(isGone: (id: InstanceId) => boolean): void {
    for (const map of [this.#told, this.#retryAtMs, this.#kept]) {
      for (const id of map.keys()) if (isGone(id)) map.delete(id);
    }
  }

  async #tell(port: TrafficPort, instance: InstanceObservation, reason: string | undefined): Promise<void> {
    const { id } = instance.spec;
    this.#asking.add(id);
    this.#tellings++;
    try {
      if (reason === undefined) await port.inService(instance);
      else await port.outOfService(instance, reason);
      this.#told.set(id, reason === undefined ? "in" : "out");
      this.#retryAtMs.delete(id);
    } catch (error) {
      this.#retryAtMs.set(id, this.#clock.monotonicMs() + retryMs);
      this.#log.debug("cloud.traffic-not-told", { instance: id, error });
    } finally {
      this.#asking.delete(id);
    }
    this.#onTold();
  }
}
