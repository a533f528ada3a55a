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
export { DurableState, type StateHealth } from "./store/durable-state.ts";
export { MemoryStore } from "./store/memory-store.ts";
export { SqliteStore, type SqliteStoreOptions } from "./store/sqlite-store.ts";
export type { StateStore, StoredState, StoreOpening, StoreWrite } from "./store/state-store.ts";
