/** Titus's names of constraints (Netflix, `titus-api-definitions`); they are read without regard to case. */
export const constraintNames = [
  "exclusivehost",
  "uniquehost",
  "zonebalance",
  "activehost",
  "availabilityzone",
  "machineid",
  "machinegroup",
  "machinetype",
  "cpumodel",
  "kubebackend",
  "toleration",
] as const;
export type ConstraintName = (typeof constraintNames)[number];

/** Constraints that are stated as `true` or `false`; the others name one or more values of which any will do. */
export const flagConstraints: readonly ConstraintName[] = ["exclusivehost", "uniquehost", "zonebalance", "activehost"];

/** Titus's tiers: what `critical` is guaranteed, nobody of `flex` gets. */
export const capacityTiers = ["critical", "flex"] as const;
export type CapacityTier = (typeof capacityTiers)[number];

/** What may be done with a host: it takes instances, takes no more, or is being emptied. */
export const hostStates = ["active", "cordoned", "drained"] as const;
export type HostStateName = (typeof hostStates)[number];
