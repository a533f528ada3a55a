import {
  clusterOf,
  type GroupDefinition,
  newGroup,
  nextServerGroupName,
  type Rollout,
  type ServerGroup,
  sameTemplate,
} from "./group.ts";
import { type GroupSettings, groupSettingsDefaults } from "./group-settings.ts";

export interface Redefined {
  readonly group: ServerGroup;
  /** What it launches has changed (or it was not there): a rollout is to begin. */
  readonly isNew: boolean;
}

/**
 * The group for a definition: the present one, or its next version when what it launches has changed.
 *
 * `newestSeen` is the highest version among the cluster's groups and running instances: after a lost state file, and past
 * groups that were cloned, versions go on counting from there. A figure that somebody
 * scaled to stays until the definition asks for another one.
 */
export function redefine(
  present: ServerGroup | undefined,
  definition: GroupDefinition,
  newestSeen: string | undefined,
  rollout: Rollout,
  isTaken: (name: string) => boolean = () => false,
): Redefined {
  const cluster = clusterOf(definition.application, definition.service);
  const desired = desiredOf(present, definition);
  const settings = settingsOf(present, definition);
  if (present !== undefined && sameTemplate(present.definition.template, definition.template)) {
    return { group: { ...present, definition, desired, settings }, isNew: false };
  }
  const name = nextFreeName(cluster, newestSeen ?? present?.name, isTaken);
  const createdAtMs = rollout.startedAtMs;
  if (present === undefined)
    return { group: newGroup({ definition, name, desired, rollout, createdAtMs, settings }), isNew: true };
  const supersedes = [...present.supersedes, present.name];
  return {
    group: { ...present, definition, name, desired, settings, rollout, createdAtMs, supersedes, refresh: undefined },
    isNew: true,
  };
}

/** The next name in Frigga's count that no group bears. */
export function nextFreeName(cluster: string, newest: string | undefined, isTaken: (name: string) => boolean): string {
  let name = nextServerGroupName(cluster, newest);
  while (isTaken(name)) name = nextServerGroupName(cluster, name);
  return name;
}

function desiredOf(present: ServerGroup | undefined, { scale }: GroupDefinition): number {
  if (present === undefined || present.definition.scale.desired !== scale.desired) return scale.desired;
  return Math.min(Math.max(present.desired, scale.min), scale.max);
}

/** What the definition says anew counts; what it says as before leaves what somebody set by hand. */
function settingsOf(present: ServerGroup | undefined, definition: GroupDefinition): GroupSettings {
  const before = present?.definition.settings ?? {};
  const wanted = { ...groupSettingsDefaults, ...definition.settings };
  if (present === undefined) return wanted;
  const names = new Set([...Object.keys(before), ...Object.keys(definition.settings ?? {})]);
  const changed = Object.entries(wanted).filter(([name, value]) => {
    const former = Object.entries({ ...groupSettingsDefaults, ...before }).find(([other]) => other === name)?.[1];
    return names.has(name) && JSON.stringify(former) !== JSON.stringify(value);
  });
  return { ...present.settings, ...Object.fromEntries(changed) };
}
