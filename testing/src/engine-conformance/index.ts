export { AgentWorld, type AgentWorldOptions, type RunningAgentLike } from "./agent-world.ts";
export type { Cannot } from "./capability.ts";
export { type Outage, observe, type SpecChanges } from "./engine-world.ts";
export { PodmanService } from "./podman-service.ts";
export { programs } from "./programs.ts";
export { RegistryStub } from "./registry-stub.ts";
export { SocketProxy } from "./socket-proxy.ts";
export { engineConformance } from "./suite.ts";
export { ask, launchUp, until } from "./tests/suite-context.ts";
