export { guardAccept } from "./accept-guard.ts";
export type { Readiness } from "./admin-server.ts";
export { headerBytesMax, keepAliveTimeoutMs, refuseClient } from "./app-server.ts";
export type { FetchHandler, Handler, NodeHandler } from "./handler.ts";
export { type Identity, localAddressOf, readIdentity } from "./identity.ts";
export { processConfig, property } from "./process-config.ts";
export { processResilience, showBalancers } from "./process-resilience.ts";
export { processMeterRegistry, type RunningService, type ServeOptions, type Surroundings, serve } from "./serve.ts";
export type { ServerLimit } from "./server-limit.ts";
export {
  client,
  command,
  installGlobalDispatcher,
  outsideClient,
  processClient,
  type ServersOutside,
  wrap,
} from "./service-client.ts";
