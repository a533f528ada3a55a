import type { Cloud, GroupStatus, ScalableGroup, ScalingTarget } from "@holdfast/cloud-server";
import type { Clock } from "@holdfast/kernel";

/** What no change tells of (an instance's age, a zone's silence) is looked at again after this. */
const freshMs = 1_000;

/** What scaling needs of the cloud. */
export type ScaledCloud = Pick<Cloud, "groups" | "lifecycleOf" | "lostZones" | "serverGroups" | "subscribe">;

/** The group of each service that gets traffic, as scaling sees and changes it. */
export class PrimaryGroups implements ScalingTarget {
  readonly #clock: Clock;
  readonly #cloud: ScaledCloud;
  readonly #byService = new Map<string, GroupStatus>();
  /** Instance → its group; those that are gone stay until {@link owners} is told to forget them. */
  readonly #owners = new Map<string, string>();
  readonly #unsubscribe: () => void;
  #readAtMs = Number.NEGATIVE_INFINITY;

  constructor(clock: Clock, cloud: ScaledCloud) {
    this.#clock = clock;
    this.#cloud = cloud;
    // Each policy asks for its group; all are read once between two changes.
    this.#unsubscribe = cloud.subscribe(() => {
      this.#readAtMs = Number.NEGATIVE_INFINITY;
    });
  }

  close(): void {
    this.#unsubscribe();
  }

  group(service: string): ScalableGroup | undefined {
    const status = this.#read().get(service);
    if (status === undefined || status.group.disabledAtMs !== undefined) return undefined;
    const { group, instances } = status;
    const { min, max } = group.definition.scale;
    return {
      name: group.name,
      min,
      max,
      desired: group.desired,
      inService: instances.filter((one) => one.state === "up" && this.#cloud.lifecycleOf(one) === "InService").length,
      defaultCooldownMs: group.settings.defaultCooldownMs,
      policiesSuspended: group.settings.suspended.includes("AlarmNotification"),
      scheduleSuspended: group.settings.suspended.includes("ScheduledActions"),
      keepsAll: this.#keepsAll(status),
    };
  }

  async resize(name: string, size: { min: number; max: number; desired: number }, actor: string, cause: string) {
    const { min, desired, max } = size;
    await this.#cloud.serverGroups.resize(name, { min, desired, max }, { actor, cause });
  }

  /**
   * Those of `known` instances, present or gone, that are or were of a service's group that gets traffic. Instances of a
   * version before it count as its own.
   */
  membersOf(service: string, known: Iterable<string>): string[] {
    const primary = this.#read().get(service);
    if (primary === undefined) return [];
    const own = new Set([primary.group.name, ...primary.group.supersedes]);
    return [...known].filter((id) => own.has(this.#owners.get(id) ?? ""));
  }

  /** Forgets instances that nobody has figures of any more. */
  forget(isKnown: (id: string) => boolean): void {
    for (const id of this.#owners.keys()) if (!isKnown(id)) this.#owners.delete(id);
  }

  #keepsAll({ group }: GroupStatus): string {
    if (group.rollout !== undefined) return `a ${group.rollout.kind} of ${group.name} is under way`;
    const [zone] = this.#cloud.lostZones();
    return zone === undefined ? "" : `zone ${zone} is lost`;
  }

  #read(): ReadonlyMap<string, GroupStatus> {
    const nowMs = this.#clock.monotonicMs();
    if (nowMs - this.#readAtMs < freshMs) return this.#byService;
    this.#readAtMs = nowMs;
    this.#byService.clear();
    for (const status of this.#cloud.groups()) {
      for (const { spec } of status.instances) this.#owners.set(spec.id, status.group.name);
      if (status.isPrimary && status.group.definition.kind === "app") {
        this.#byService.set(status.group.definition.service, status);
      }
    }
    return this.#byService;
  }
}
