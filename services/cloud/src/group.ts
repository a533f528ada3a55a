import type { InstanceId } from "@holdfast/kernel";
import type { HealthCheck, InstanceKind, InstanceObservation, ResourceLimits } from "@holdfast/wire";
import { buildGroupName, buildNextGroupName, parseName } from "@holdfast/wire/frigga";
import { type GroupSettings, groupSettingsDefaults, type ScalingProcess } from "./group-settings.ts";
import type { RefreshState } from "./groups/refresh.ts";
import type { Demand } from "./placement/host-plan.ts";

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
  /** As a process also where others are containers. */
  readonly runAs?: "process";
  /** What one instance may use; without it what the machine has. */
  readonly resources?: ResourceLimits;
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
  /** What an instance needs of its host, where hosts are declared; absent for servers of the platform. */
  readonly demand?: Demand;
  /** How its groups are looked after from the beginning; what somebody sets by hand stays until this changes. */
  readonly settings?: Partial<Omit<GroupSettings, "suspended">>;
}

/** The replacement of every instance of a group by a new one, never below the wanted capacity. */
export interface Rollout {
  readonly operation: string;
  readonly kind: "restart" | "deploy" | "refresh";
  readonly actor: string;
  /** Wall time in ms. */
  readonly startedAtMs: number;
  /** Instances of the present version to be replaced; those of older versions always are. */
  readonly outdated: readonly InstanceId[];
  /** Why it waits for somebody to say that it goes on; absent while it goes on. */
  readonly paused?: string;
  /** Zones whose loss somebody has accepted: it goes on without them. */
  readonly without?: readonly string[];
  /** So many of `desired`, in percent, are up at least. Default 100: successors first. */
  readonly minHealthyPercent?: number;
  /** So many of `desired`, in percent, may stand while it goes on. Default: one more than `desired`. */
  readonly maxHealthyPercent?: number;
  /** Nothing is started before its predecessor has gone. */
  readonly noSurge?: true;
}

/** What sets one instance apart from the others of its group; absent ones are as all. Kept over restarts. */
export interface InstanceMark {
  /** Taken out for a look: no traffic, no capacity, never ended by the group. */
  readonly standby?: true;
  /** Never chosen by scale-in or by a rollout; what is unhealthy goes all the same. */
  readonly protected?: true;
  /** Told to end, and not to be replaced; the cause. Its hooks are waited for first. */
  readonly doomed?: string;
  /** Kept out of traffic for good: launched while `AddToLoadBalancer` was suspended. */
  readonly unlisted?: true;
  /** Waits at the door. */
  readonly hook?: HookWait;
  /** Waits in the warm pool; `leaving`: was told to wake up, and counts as starting. */
  readonly warm?: "pending" | "running" | "stopped" | "leaving";
  /** Wall time in ms at which it was told to wake up. */
  readonly leavingSinceMs?: number;
}

/** An instance that waits for a lifecycle hook's answer. */
export interface HookWait {
  /** Names of the hooks that have not answered. */
  readonly waiting: readonly string[];
  readonly transition: "launching" | "terminating";
  /** Wall time in ms it began to wait; no heartbeat extends it past 48 h or a hundred timeouts, whichever is less. */
  readonly sinceMs: number;
  /** Wall time in ms at which the first of the hooks gives up. */
  readonly untilMs: number;
  /** All hooks have answered: it goes on. */
  readonly proceeding?: true;
  /** Why it was to end. */
  readonly cause?: string;
}

/** What is kept of a group: the definition, the version its instances should have, and how many there should be. */
export interface ServerGroup {
  readonly definition: GroupDefinition;
  /** Frigga name without the version: `movies-catalog`. */
  readonly cluster: string;
  /** Frigga name: `movies-catalog-v001`. Unique. */
  readonly name: string;
  /** Instances wanted now: the definition's figure until somebody scales. */
  readonly desired: number;
  readonly rollout: Rollout | undefined;
  /** Names of groups that are gone and whose instances this one replaces, never below its own strength. */
  readonly supersedes: readonly string[];
  readonly settings: GroupSettings;
  /** Instance id → what is different about it. */
  readonly marks: Readonly<Record<string, InstanceMark>>;
  /** Wall time in ms. */
  readonly createdAtMs: number;
  /** Wall time in ms since which its instances get no traffic; `undefined` when they do. */
  readonly disabledAtMs: number | undefined;
  /** Wall time in ms since which it is being taken down: it goes once its last instance has. */
  readonly deletingAtMs: number | undefined;
  /** The last instance refresh, under way or ended. */
  readonly refresh: RefreshState | undefined;
}

/** A group as it begins. */
export function newGroup(
  basics: Pick<ServerGroup, "definition" | "name" | "desired"> & Partial<ServerGroup>,
): ServerGroup {
  const { application, service } = basics.definition;
  return {
    cluster: clusterOf(application, service),
    rollout: undefined,
    supersedes: [],
    marks: {},
    createdAtMs: 0,
    disabledAtMs: undefined,
    deletingAtMs: undefined,
    refresh: undefined,
    ...basics,
    settings: { ...groupSettingsDefaults, ...basics.settings },
  };
}

/** True when the group does not do this by itself now. */
export function isSuspended(group: ServerGroup, process: ScalingProcess): boolean {
  return group.settings.suspended.includes(process);
}

/** The group with other marks on one instance; an empty mark is none. */
export function withMark(group: ServerGroup, id: string, mark: InstanceMark | undefined): ServerGroup {
  const { [id]: _, ...others } = group.marks;
  if (mark === undefined || Object.keys(mark).length === 0) return { ...group, marks: others };
  return { ...group, marks: { ...others, [id]: mark } };
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
