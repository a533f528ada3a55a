export { BalancedClient, type ClientParts, type ServerExplanation } from "./balanced-client.ts";
export type { CallRequest } from "./call.ts";
export { currentContext, enterContext, type RequestContext, runInContext } from "./context.ts";
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
export type { OutlierOptions } from "./outlier/outlier-options.ts";
export type { Picker, PickRequest, PickServer } from "./pick/picker.ts";
export { type RibbonWatch, ribbonOptionsInCode, watchRibbonOptions } from "./ribbon/ribbon-keys.ts";
export { type RibbonExtras, type RibbonResult, ribbonOptions } from "./ribbon/ribbon-options.ts";
export { type ServerSource } from "./ribbon/ribbon-readers.ts";
export { type RibbonRemark } from "./ribbon/ribbon-values.ts";
export { combinedServers } from "./servers/combined-servers.ts";
export { type ConfiguredServers, configuredServers } from "./servers/configured-servers.ts";
export { type DnsAppReport, type DnsSource } from "./servers/dns-app.ts";
export { type DnsFamilies } from "./servers/dns-name.ts";
export { type DnsTiming } from "./servers/dns-question.ts";
export { type DnsAddress, type DnsResolver, type DnsService } from "./servers/dns-resolver.ts";
export { type DnsServers, type DnsServersOptions, dnsServers, dnsTimingDefaults } from "./servers/dns-servers.ts";
export { type ServerPlace } from "./servers/server-record.ts";
export { parseServers, ServerListUnfitError } from "./servers/server-text.ts";
export { listedServers } from "./servers/static-servers.ts";
export type { CallInit, FetchInit, JsonInit, ServiceClient } from "./service-client.ts";
export type { Fallback } from "./service-command.ts";
export type { Answer } from "./try.ts";
export { forwardUpgrade } from "./tunnel.ts";
export { warmUpForward } from "./warm-up.ts";
