import { PlatformError } from "@holdfast/kernel";
import { type InstanceMark, newGroup, type ScaleBounds, type ServerGroup, withMark } from "../group.ts";
import {
  checkSettings,
  disabledProcesses,
  type GroupSettings,
  type ScalingProcess,
  scalingProcesses,
} from "../group-settings.ts";

/** No group has more: the most a stack's block of ports can carry with something to spare. */
export const groupSizeMax = 500;

/**
 * Bounds and figure after a request that names some of them; what is not named stays, but `desired` is kept inside.
 *
 * @throws PlatformError `CAPACITY_INVALID` (400) when min > max, or `desired` was asked for outside of them.
 */
export function resized(group: ServerGroup, asked: Partial<ScaleBounds>): ServerGroup {
  const present = group.definition.scale;
  const min = asked.min ?? Math.min(present.min, asked.max ?? asked.desired ?? present.min);
  const max = asked.max ?? Math.max(present.max, asked.min ?? 0, asked.desired ?? 0);
  if (min > max) refuseCapacity(group, `min ${min} is more than max ${max}`);
  if (max > groupSizeMax) refuseCapacity(group, `max ${max} is more than ${groupSizeMax}`);
  const desired = asked.desired ?? Math.min(Math.max(group.desired, min), max);
  if (desired < min || desired > max) refuseCapacity(group, `desired ${desired} is not from min ${min} to max ${max}`);
  return { ...group, desired, definition: { ...group.definition, scale: { ...present, min, max } } };
}

function refuseCapacity(group: ServerGroup, reason: string): never {
  throw new PlatformError("CAPACITY_INVALID", `${group.name}: ${reason}`, {
    status: 400,
    next: `holdfast group resize ${group.name} --min <n> --desired <n> --max <n>`,
  });
}

/** Traffic off, and nothing started or ended by itself, as Asgard's deactivate. Once more changes nothing. */
export function disabled(group: ServerGroup, nowMs: number): ServerGroup {
  if (group.disabledAtMs !== undefined) return group;
  return suspended({ ...group, disabledAtMs: nowMs }, disabledProcesses);
}

/** The reverse of {@link disabled}; what was suspended by hand beside it stays so. */
export function enabled(group: ServerGroup): ServerGroup {
  if (group.disabledAtMs === undefined) return group;
  return resumed({ ...group, disabledAtMs: undefined }, disabledProcesses);
}

export function suspended(group: ServerGroup, processes: readonly ScalingProcess[]): ServerGroup {
  const all = new Set([...group.settings.suspended, ...processes]);
  return withSettings(group, { suspended: scalingProcesses.filter((process) => all.has(process)) });
}

export function resumed(group: ServerGroup, processes: readonly ScalingProcess[]): ServerGroup {
  return withSettings(group, { suspended: group.settings.suspended.filter((process) => !processes.includes(process)) });
}

/** @throws PlatformError `GROUP_SETTINGS_INVALID` (400). */
export function withSettings(group: ServerGroup, change: Partial<GroupSettings>): ServerGroup {
  const settings = { ...group.settings, ...change };
  checkSettings(settings);
  return { ...group, settings };
}

/** Taken down: nothing is wanted of it any more, and whatever held its instances back no longer does. */
export function deleting(group: ServerGroup, nowMs: number): ServerGroup {
  if (group.deletingAtMs !== undefined) return group;
  const settings = { ...group.settings, suspended: [], warmPool: undefined };
  const scale = { ...group.definition.scale, min: 0 };
  const definition = { ...group.definition, scale };
  return { ...group, definition, settings, desired: 0, deletingAtMs: nowMs, rollout: undefined, supersedes: [] };
}

/**
 * One less is wanted, and it is this one that goes.
 *
 * @throws PlatformError `CAPACITY_INVALID` (400) at the lower bound.
 */
export function shrunk(group: ServerGroup, instance: string, cause: string): ServerGroup {
  if (group.marks[instance]?.doomed !== undefined) return group;
  if (group.desired - 1 < group.definition.scale.min) {
    refuseCapacity(group, `one less than ${group.desired} is below min ${group.definition.scale.min}`);
  }
  return withMark({ ...group, desired: group.desired - 1 }, instance, { ...markOf(group, instance), doomed: cause });
}

/** Out of service for a look; with `decrement` nobody takes its place. */
export function onStandby(group: ServerGroup, instances: readonly string[], decrement: boolean): ServerGroup {
  const fresh = instances.filter((id) => group.marks[id]?.standby === undefined);
  const wanted = group.desired - (decrement ? fresh.length : 0);
  if (wanted < group.definition.scale.min) {
    refuseCapacity(group, `standby of ${fresh.length} would leave ${wanted}, below min ${group.definition.scale.min}`);
  }
  const marked = fresh.reduce((so, id) => withMark(so, id, { ...markOf(so, id), standby: true }), group);
  return { ...marked, desired: wanted };
}

/** Back from standby; the wanted figure grows by them, and `max` with it, as AWS does. */
export function offStandby(group: ServerGroup, instances: readonly string[]): ServerGroup {
  const back = instances.filter((id) => group.marks[id]?.standby === true);
  const marked = back.reduce((so, id) => {
    const { standby: _, ...rest } = markOf(so, id);
    return withMark(so, id, rest);
  }, group);
  const desired = group.desired + back.length;
  const { scale } = group.definition;
  const definition = { ...group.definition, scale: { ...scale, max: Math.max(scale.max, desired) } };
  return { ...marked, desired, definition };
}

export function protectedFrom(group: ServerGroup, instances: readonly string[], on: boolean): ServerGroup {
  return instances.reduce((so, id) => {
    const { protected: _, ...rest } = markOf(so, id);
    return withMark(so, id, on ? { ...rest, protected: true } : rest);
  }, group);
}

/** What a clone is to have instead of its ancestor's. */
export interface CloneRequest {
  readonly scale?: Partial<ScaleBounds>;
  readonly image?: string;
  readonly run?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** False: it begins without traffic. */
  readonly traffic?: boolean;
}

/**
 * The next group of the cluster: a copy of the template, bounds and settings, with what the request says instead.
 *
 * @throws PlatformError `CAPACITY_INVALID`; `GROUP_EXCLUSIVE` for a group whose instances own fixed ports.
 */
export function cloned(source: ServerGroup, name: string, request: CloneRequest, nowMs: number): ServerGroup {
  const { template, placement } = source.definition;
  if (placement.fixedPorts !== undefined || placement.exclusive === true || placement.address !== undefined) {
    throw new PlatformError(
      "GROUP_EXCLUSIVE",
      `${source.name}: its ports are its own; no second group can stand beside it`,
      {
        status: 409,
        next: `holdfast restart ${source.definition.service}`,
      },
    );
  }
  const copy = newGroup({
    definition: {
      ...source.definition,
      template: {
        ...template,
        image: request.image ?? template.image,
        run: request.run ?? template.run,
        env: { ...template.env, ...request.env },
      },
    },
    name,
    desired: source.desired,
    // What the ancestor was suspended for is its own affair.
    settings: { ...source.settings, suspended: [] },
    createdAtMs: nowMs,
  });
  const sized = request.scale === undefined ? copy : resized(copy, request.scale);
  if (request.traffic !== false) return sized;
  // It is to fill up, only without traffic: unlike a group that is disabled later, it may launch and end.
  return { ...sized, disabledAtMs: nowMs, settings: { ...sized.settings, suspended: ["AddToLoadBalancer"] } };
}

function markOf(group: ServerGroup, instance: string): InstanceMark {
  return group.marks[instance] ?? {};
}
