import type { InstanceId } from "@holdfast/kernel";
import type { InstanceObservation } from "@holdfast/wire";
import type { ServerGroup } from "../group.ts";

/**
 * What control knows of a zone: its agent answers, or has not for a moment (`unknown`: its instances may well be
 * serving), or has not for so long that others take over (`lost`).
 */
export interface PlanZone {
  readonly name: string;
  readonly state: "reachable" | "unknown" | "lost";
}

/** An instance that ended without being asked to, and that nothing has replaced yet. */
export interface LostInstance {
  readonly id: InstanceId;
  readonly zone: string;
  /** One sentence: why it is gone. */
  readonly cause: string;
}

/** No launches in this zone for so long. */
export interface LaunchDelay {
  readonly waitMs: number;
  readonly reason: string;
}

export interface PlanInput {
  readonly group: ServerGroup;
  /** The group's instances, and those of groups it supersedes, of whatever state. */
  readonly instances: readonly InstanceObservation[];
  /** In a stable order. */
  readonly zones: readonly PlanZone[];
  /** Wall time in ms. */
  readonly nowMs: number;
  /** Zone name → crash back-off. */
  readonly delays: ReadonlyMap<string, LaunchDelay>;
  readonly lost: readonly LostInstance[];
  /** Instances already told to end: they hold their place, but are no capacity. */
  readonly leaving: ReadonlySet<InstanceId>;
  /** When set, nothing is launched, for this reason. */
  readonly hold?: string;
  /** How long an instance has run in ms, time in which the machine slept not counted. Default: by `nowMs`. */
  readonly ageMs?: (id: InstanceId) => number;
  /** What other checks than the engine's find wrong with an instance. Default: nothing. */
  readonly sickness?: (instance: InstanceObservation) => string | undefined;
  /** True for one that every check that the group asks for has found well at some time. Default: all are. */
  readonly isProven?: (instance: InstanceObservation) => boolean;
  /** So much of the group looked unhealthy that the check is suspected, and somebody still does. Default: not so. */
  readonly isCheckSuspected?: boolean;
  /** Zones that have no room: others take their share. Default: none. */
  readonly fullZones?: ReadonlySet<string>;
}

export function ageOf(input: PlanInput, instance: InstanceObservation): number {
  return input.ageMs?.(instance.spec.id) ?? input.nowMs - instance.startedAtMs;
}

export type Action =
  | {
      readonly kind: "launch";
      readonly zone: string;
      readonly cause: string;
      readonly replaces?: InstanceId;
      /** It is for the warm pool. */
      readonly warm?: true;
    }
  /** Out of the warm pool, into the group. */
  | {
      readonly kind: "draw";
      readonly id: InstanceId;
      readonly zone: string;
      readonly cause: string;
      readonly replaces?: InstanceId;
    }
  /** Out of the group, into the warm pool. */
  | { readonly kind: "pool"; readonly id: InstanceId; readonly zone: string; readonly cause: string }
  /** Drained, then ended. */
  | {
      readonly kind: "terminate";
      readonly id: InstanceId;
      readonly zone: string;
      readonly cause: string;
      /** Set when it is ended because it never became healthy: counts as a crash. */
      readonly startTimedOut?: true;
    }
  /** Ended at once: it does not answer, so there is nothing to drain. */
  | { readonly kind: "kill"; readonly id: InstanceId; readonly zone: string; readonly cause: string }
  | {
      readonly kind: "wait";
      readonly zone: string;
      readonly reason: string;
      readonly waitMs?: number;
      /** The check that finds the instances unhealthy is suspected itself. */
      readonly suspectsCheck?: true;
    };
