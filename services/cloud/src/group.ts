import type { InstanceId } from "@holdfast/kernel";
import type { HealthCheck, InstanceKind, InstanceObservation } from "@holdfast/wire";
import { buildGroupName, buildNextGroupName, parseName } from "@holdfast/wire/frigga";

/** How the instances of a group are started: everything that, when changed, makes a new server group version. */
export interface LaunchTemplate {
  /** Absolute path of the immutable image directory. */
  readonly image: string;
  readonly run: string;
  readonly env: Readonly<Record<string, string>>;
  /** Zone name → more environment for instances there (a registry's peers). */
  readonly zoneEnv: Readonly<Record<string, Readonly<Record<string, string>>>>;
  readonly health: HealthCheck;
  readonly drainMs: number;
  readonly logBytesMax: number;
}

/** Where instances of a group may stand. The default is any free host number and port of the zone. */
export interface Placement {
  /** Every instance of a zone has this host number instead of one of its own. */
  readonly host?: number;
  /** Every instance has this address (the balancer: the operator's). */
  readonly address?: string;
  /**
   * Zone name → the port of the only instance there, for ever. Two instances can then not stand side by side: one is
   * gone before its successor starts, and a rolling restart goes zone by zone.
   */
  readonly fixedPorts?: Readonly<Record<string, number>>;
  /** Like `fixedPorts`, for a group whose program takes a port of its own that cannot be shared. */
  readonly exclusive?: boolean;
}

export interface ScaleBounds {
  readonly min: number;
  readonly desired: number;
  readonly max: number;
}

/** What somebody asked for: one service of an application, or one server of the platform. */
export interface GroupDefinition {
  readonly application: string;
  /** The logical name callers use. */
  readonly service: string;
  readonly kind: InstanceKind;
  readonly template: LaunchTemplate;
  readonly scale: ScaleBounds;
  readonly placement: Placement;
}

/** The replacement of every instance of a group by a new one, never below the wanted capacity. */
export interface Rollout {
  readonly operation: string;
  readonly kind: "restart" | "deploy";
  readonly actor: string;
  /** Wall time in ms. */
  readonly startedAtMs: number;
  /** Instances of the present version to be replaced; those of older versions always are. */
  readonly outdated: readonly InstanceId[];
}

/** What is kept of a group: the definition, the version its instances should have, and how many there should be. */
export interface ServerGroup {
  readonly definition: GroupDefinition;
  /** Frigga name without the version: `movies-catalog`. */
  readonly cluster: string;
  /** Frigga name: `movies-catalog-v001`. */
  readonly name: string;
  /** Instances wanted now: the definition's figure until somebody scales. */
  readonly desired: number;
  readonly rollout: Rollout | undefined;
}

/** `app-service`: the cluster of a service. */
export function clusterOf(application: string, service: string): string {
  return buildGroupName({ appName: application, stack: service });
}

/** The server group after `current`, as Frigga counts: `-v000` first, three digits, back to `v000` after `v999`. */
export function nextServerGroupName(cluster: string, current: string | undefined): string {
  return current === undefined ? `${cluster}-v000` : buildNextGroupName(current);
}

/** The number in `…-v012`, or `undefined`. */
export function sequenceOf(serverGroup: string): number | undefined {
  return parseName(serverGroup).sequence ?? undefined;
}

/** True for an instance that a rollout is to replace: of another version, or named by the rollout. */
export function isOutdated(group: ServerGroup, instance: InstanceObservation): boolean {
  return instance.spec.serverGroup !== group.name || (group.rollout?.outdated.includes(instance.spec.id) ?? false);
}

/** At most one instance a zone, one after the other. */
export function isExclusive(placement: Placement): boolean {
  return placement.exclusive === true || placement.fixedPorts !== undefined;
}

/** Two templates are the same when every field is; the order of keys does not count. */
export function sameTemplate(a: LaunchTemplate, b: LaunchTemplate): boolean {
  return canonical(a) === canonical(b);
}

function canonical(value: unknown): string {
  return JSON.stringify(value, (_key, item: unknown) =>
    typeof item === "object" && item !== null && !Array.isArray(item)
      ? Object.fromEntries(Object.entries(item).toSorted(([a], [b]) => (a < b ? -1 : 1)))
      : item,
  );
}
