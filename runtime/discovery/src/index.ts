export { Discovery, type DiscoveryOptions, type DiscoveryState } from "./discovery.ts";
export { heartbeatDefaultMs, Registration, type RegistrationOptions } from "./registration.ts";
export type { RegistryAccess } from "./registry-call.ts";
export { type ServerList, staticServers } from "./view.ts";
