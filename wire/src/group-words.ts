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

/** What is asked of each instance over HTTP, and when its answers count. Names are those of AWS's target groups. */
export interface HttpHealthCheck {
  /** Asked on the instance's own port. */
  readonly path: string;
  /** Between two questions. */
  readonly intervalMs: number;
  /** An answer that takes longer is none. */
  readonly timeoutMs: number;
  /** Good answers in a row that make a sick instance well. */
  readonly healthyThreshold: number;
  /** Bad answers in a row that make a well instance sick. */
  readonly unhealthyThreshold: number;
  /** Statuses that are good answers: `200`, `200,204`, `200-299`. */
  readonly matcher: string;
}

/** AWS asks each 30 s, for 5 s, five good and two bad; here it is the same machine. */
export const httpHealthCheckDefaults: HttpHealthCheck = {
  path: "/",
  intervalMs: 5_000,
  timeoutMs: 2_000,
  healthyThreshold: 2,
  unhealthyThreshold: 3,
  matcher: "200-299",
};

/** AWS's form of a matcher: statuses and ranges of them, joined by commas. */
export const httpMatcherPattern = /^[1-5]\d\d(?:-[1-5]\d\d)?(?:,[1-5]\d\d(?:-[1-5]\d\d)?)*$/;
