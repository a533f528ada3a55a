import type { GroupSize } from "./schedule.ts";

/** The group of a service that is scaled, as it is now. */
export interface ScalableGroup extends GroupSize {
  /** Frigga name. */
  readonly name: string;
  /** Instances that take traffic now. */
  readonly inService: number;
  /** How long simple policies without a cooldown of their own wait, in ms. Default: 300 s. */
  readonly defaultCooldownMs?: number;
  readonly policiesSuspended: boolean;
  readonly scheduleSuspended: boolean;
  /** Why nothing may be taken away now (a rollout, a lost zone); empty when it may. */
  readonly keepsAll: string;
}

/** The groups as an argument: what is there, and the way to change a size. */
export interface ScalingTarget {
  /** The group of a service that gets traffic; `undefined` while there is none. */
  group(service: string): ScalableGroup | undefined;
  /** @throws what keeps it from being done. */
  resize(group: string, size: GroupSize, actor: string, cause: string): Promise<void>;
}
