export { type Change, deltaOf, History } from "./history.ts";
export { registryHandler } from "./http-handler.ts";
export {
  type LeaseOptions,
  LeaseTable,
  leaseDefaults,
  type PeerReach,
  type Removal,
  type Replica,
} from "./lease-table.ts";
export type { PeerState } from "./peer-link.ts";
export { Registry } from "./registry.ts";
export type { Renewal, ReplicateAnswer, ReplicateCall, ReplicateRequest } from "./replicate-call.ts";
export { readSettings } from "./settings.ts";
export { type RunningRegistry, startRegistry } from "./start.ts";
