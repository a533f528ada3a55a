export { BalancedClient, type ServerExplanation } from "./balanced-client.ts";
export type { CallRequest } from "./call.ts";
export { currentContext, type RequestContext, runInContext } from "./context.ts";
export {
  CallAbortedError,
  CallFailedError,
  CallTimedOutError,
  NoServerAvailableError,
  RequestUnfitError,
  ServiceUnknownError,
} from "./errors.ts";
export { type ForwardOptions, type ForwardResult } from "./forward.ts";
export { setGlobalDispatcher } from "./global-dispatcher.ts";
export { type ClientOptions, clientDefaults } from "./options.ts";
export type { CallInit, FetchInit, JsonInit, ServiceClient } from "./service-client.ts";
export type { Fallback } from "./service-command.ts";
export type { Answer } from "./try.ts";
export { forwardUpgrade } from "./tunnel.ts";
export { warmUpForward } from "./warm-up.ts";
