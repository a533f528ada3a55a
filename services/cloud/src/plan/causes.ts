import type { PlanInput } from "./action.ts";

/** Why an instance gives way to a successor. */
export function rolloutCause(input: PlanInput): string {
  const { group } = input;
  if (group.rollout?.kind === "restart") return `rolling restart of ${group.definition.service}`;
  if (group.rollout?.kind === "refresh") return `instance refresh of ${group.name}`;
  if (group.rollout === undefined) return `${group.name} replaces what has outlived its maximum lifetime`;
  return `${group.name} takes over`;
}
