/** Words of server groups that the API, the store and the rules share. Without schemas: programs that only know them stay small. */

/** What a group does by itself; each can be suspended. Names and meaning are those of AWS Auto Scaling. */
export const scalingProcesses = [
  "Launch",
  "Terminate",
  "AddToLoadBalancer",
  "AlarmNotification",
  "AZRebalance",
  "HealthCheck",
  "InstanceRefresh",
  "ReplaceUnhealthy",
  "ScheduledActions",
] as const;
export type ScalingProcess = (typeof scalingProcesses)[number];

/** Who of several goes first, as AWS names it. */
export const terminationPolicies = [
  "Default",
  "AllocationStrategy",
  "OldestLaunchTemplate",
  "OldestLaunchConfiguration",
  "ClosestToNextInstanceHour",
  "NewestInstance",
  "OldestInstance",
] as const;
export type TerminationPolicy = (typeof terminationPolicies)[number];

/** Whose word on an instance's health counts. `process` (the engine's own checks) always does. */
export const healthCheckTypes = ["process", "registry", "http", "balancer"] as const;
export type HealthCheckType = (typeof healthCheckTypes)[number];
