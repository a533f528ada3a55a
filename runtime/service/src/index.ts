export { guardAccept } from "./accept-guard.ts";
export type { Readiness } from "./admin/admin-source.ts";
export { headerBytesMax, keepAliveTimeoutMs, refuseClient } from "./app-server.ts";
export type { FetchHandler, Handler, NodeHandler } from "./handler.ts";
export type { CheckAnswer, HealthCheck } from "./health/health-check.ts";
export { type Identity, localAddressOf, outOfServiceOf, readIdentity } from "./identity.ts";
export type { Component } from "./lifecycle/component.ts";
export { ComponentFailedError } from "./lifecycle/lifecycle.ts";
export { type Logs, processLogs, serviceLog } from "./logs/process-logs.ts";
export { processConfig, property } from "./process-config.ts";
export { processResilience, showBalancers } from "./process-resilience.ts";
export { processMeterRegistry, serve } from "./serve.ts";
export type { RunningService, ServeOptions, Surroundings } from "./serve-options.ts";
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
export { serveAlsoAt } from "./side-door.ts";
