import {
  clusterOf,
  type GroupDefinition,
  nextServerGroupName,
  type Rollout,
  type ServerGroup,
  sameTemplate,
} from "./group.ts";

export interface Redefined {
  readonly group: ServerGroup;
  /** What it launches has changed (or it was not there): a rollout is to begin. */
  readonly isNew: boolean;
}

/**
 * The group for a definition: the present one, or its next version when what it launches has changed.
 *
 * A figure that somebody scaled to stays until the definition asks for another one. `newestSeen` is the highest version
 * among running instances: after a lost state file versions go on counting from there.
 */
export function redefine(
  present: ServerGroup | undefined,
  definition: GroupDefinition,
  newestSeen: string | undefined,
  rollout: Rollout,
): Redefined {
  const cluster = clusterOf(definition.application, definition.service);
  const desired = desiredOf(present, definition);
  if (present !== undefined && sameTemplate(present.definition.template, definition.template)) {
    return { group: { ...present, definition, desired }, isNew: false };
  }
  const name = nextServerGroupName(cluster, present?.name ?? newestSeen);
  return { group: { definition, cluster, name, desired, rollout }, isNew: true };
}

function desiredOf(present: ServerGroup | undefined, { scale }: GroupDefinition): number {
  if (present === undefined || present.definition.scale.desired !== scale.desired) return scale.desired;
  return Math.min(Math.max(present.desired, scale.min), scale.max);
}
