export { Autoscaler, type ScaledServiceView } from "./autoscale/autoscaler.ts";
export type { ForecastResult } from "./autoscale/forecast.ts";
export { type LoadPoint, parseLoadFile } from "./autoscale/load-file.ts";
export type { Datapoint, MetricQuery, MetricSource } from "./autoscale/metric-source.ts";
export { checkPlan, type ScalingPlan } from "./autoscale/plan.ts";
export { type ReplayOptions, type ReplayOutcome, type ReplayReport, replay } from "./autoscale/replay.ts";
export { readScalingState } from "./autoscale/scaling-state.ts";
export type { ScalableGroup, ScalingTarget } from "./autoscale/scaling-target.ts";
export { type GroupSize, nextDue } from "./autoscale/schedule.ts";
export { Cloud, type CloudOptions, type GroupStatus } from "./cloud.ts";
export { InstanceUnknownError, ScaleOutOfRangeError, ServiceUnknownError, StateReadOnlyError } from "./errors.ts";
export {
  clusterOf,
  type GroupDefinition,
  type LaunchTemplate,
  type Placement,
  type Rollout,
  type ScaleBounds,
  type ServerGroup,
} from "./group.ts";
export {
  type GroupSettings,
  type HealthCheckType,
  healthCheckTypes,
  type LifecycleHook,
  lifecycleHookDefaults,
  type ScalingProcess,
  scalingProcesses,
  type TerminationPolicy,
  terminationPolicies,
} from "./group-settings.ts";
export type { CloneRequest } from "./groups/changes.ts";
export type { GroupOperation } from "./groups/group-operation.ts";
export type { LifecycleState } from "./groups/lifecycle.ts";
export type { RefreshOptions, RefreshState } from "./groups/refresh.ts";
export type { Asker, ServerGroups } from "./groups/server-groups.ts";
export type { TrafficPort } from "./groups/traffic.ts";
export type { HealthVerdict } from "./health/health-book.ts";
export type { RegistryPort } from "./health/registry-check.ts";
export { Hosts } from "./hosts.ts";
export { readConstraints } from "./placement/constraint.ts";
export type { HostLoad } from "./placement/host.ts";
export type { CapacityGroup, Demand, HostPlan, HostSet } from "./placement/host-plan.ts";
export { type Resources, resources } from "./placement/resources.ts";
export { DurableState, type StateHealth } from "./store/durable-state.ts";
export { MemoryStore } from "./store/memory-store.ts";
export { SqliteStore, type SqliteStoreOptions } from "./store/sqlite-store.ts";
export type { StateStore, StoredState, StoreOpening, StoreWrite } from "./store/state-store.ts";
export type { LookAtInstance, Sighting } from "./witnesses.ts";
