import type { ApplicationInput } from "@holdfast/wire/application";

export {
  type CallInit,
  type ClientOptions,
  currentContext,
  type FetchInit,
  type JsonInit,
  type Picker,
  type RequestContext,
  type ServiceClient,
} from "@holdfast/client";
export { hasCode, PlatformError } from "@holdfast/kernel";
export {
  BadRequestError,
  type Command,
  CommandError,
  type CommandOptions,
  runInRequestContext,
} from "@holdfast/resilience";
export {
  type Component,
  client,
  command,
  type Handler,
  type HealthCheck,
  installGlobalDispatcher,
  outsideClient,
  processResilience as resilience,
  property,
  type RunningService,
  type ServeOptions,
  type ServerLimit,
  serve,
  serviceLog as log,
  wrap,
} from "@holdfast/service";
export { activeTraceIds, inSpan } from "@holdfast/trace";
export type { ApplicationInput } from "@holdfast/wire/application";

/**
 * Gives an application file its types: `export default defineApp({ services: { api: { run: "node api.ts" } } })`.
 * Returns its argument; a plain object does as well.
 */
export function defineApp(application: ApplicationInput): ApplicationInput {
  return application;
}
