/** What can be asked of one server group. */
export const groupOperationKinds = [
  "clone",
  "resize",
  "enable",
  "disable",
  "destroy",
  "shrink",
  "standby",
  "in-service",
  "protect",
  "detach",
  "suspend",
  "resume",
  "settings",
  "refresh",
  "hook",
  "continue",
  "health",
] as const;
export type GroupOperationKind = (typeof groupOperationKinds)[number];
