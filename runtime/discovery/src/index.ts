export type { RegistryAccess, RegistryKind } from "./access.ts";
export { Discovery, type DiscoveryOptions, type DiscoveryState } from "./discovery.ts";
export { heartbeatDefaultMs, Registration, type RegistrationOptions, type RegistrationState } from "./registration.ts";
export type { OpenStream, StreamCall, StreamEvents } from "./stream-call.ts";
export type { RegistryCall, RegistryReply, RegistryTransport } from "./transport.ts";
export { type ServerList, staticServers } from "./view.ts";
