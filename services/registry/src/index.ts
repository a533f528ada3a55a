export { registryHandler } from "./http-handler.ts";
export { type LeaseOptions, LeaseTable, leaseDefaults, type Replica } from "./lease-table.ts";
export { Registry } from "./registry.ts";
export { type RunningRegistry, startRegistry } from "./start.ts";
