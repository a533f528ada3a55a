import type { Config } from "@holdfast/config";
import type { ClientOptions } from "../options.ts";
import { clientDefaults } from "../options.ts";
import type { ServerSource } from "./ribbon-readers.ts";
import type { RibbonValues } from "./ribbon-table.ts";
import { type RibbonRemark, readRibbonValues } from "./ribbon-values.ts";

/** Ribbon's: none on the same server, one on the next. Count only where one of the two keys was set. */
const retriesSameDefault = 0;
const retriesNextDefault = 1;

/** What keys of Ribbon's say that is no option of the balanced client; only what was set is there. */
export interface RibbonExtras {
  /** A server that has not begun to answer after so long has failed this try, in ms. */
  readonly tryTimeoutMs?: number;
  /** Calls that are not idempotent are tried again, too. */
  readonly retryAll?: boolean;
  readonly serverSource?: ServerSource;
  readonly listRefreshMs?: number;
  readonly vipAddresses?: readonly string[];
  readonly vipAddressesInOrder?: boolean;
  readonly targetRegion?: string;
  readonly zoneAffinity?: boolean;
  readonly zoneExclusive?: boolean;
  readonly zoneLimits?: { readonly loadPerServer?: number; readonly ejectedShare?: number };
  /** Failed connections in a row after which a server is ejected. */
  readonly ejectAfter?: number;
  /** Only when `EnablePrimeConnections` is true; Ribbon's defaults: `/`, 1, 30 s. */
  readonly warmUp?: { readonly path: string; readonly ratio: number; readonly timeoutMs: number };
}

export interface RibbonResult {
  readonly options: Partial<ClientOptions>;
  readonly extras: RibbonExtras;
  /** Keys that were set and have no effect. */
  readonly unknown: readonly RibbonRemark[];
}

/** The options of one client by Ribbon's keys, as the configuration has them now. Never throws for what it says. */
export function ribbonOptions(config: Config, client: string): RibbonResult {
  const { values, remarks } = readRibbonValues(config, client);
  return { ...optionsOf(values), unknown: remarks };
}

export function optionsOf(values: RibbonValues): Pick<RibbonResult, "options" | "extras"> {
  const tries = triesOf(values);
  const ejectionMs = seconds(values.circuitTripTimeoutFactorSeconds);
  const ejectionMaxMs = seconds(values.circuitTripMaxTimeoutSeconds);
  const options: Partial<ClientOptions> = given({
    connectTimeoutMs: values.ConnectTimeout,
    timeoutMs: wholeTimeMs(values, tries),
    triesMax: tries,
    connectionsMax: values.MaxConnectionsPerHost ?? values.MaxHttpConnectionsPerHost,
    concurrentMax: values.MaxTotalConnections ?? values.MaxTotalHttpConnections,
    keepAliveMs: values.ConnIdleEvictTimeMilliSeconds,
    picker: values.NFLoadBalancerRuleClassName,
    activeMax: values.ActiveConnectionsLimit,
    ejectionMs,
    // As in Ribbon, the longest is never shorter than the first; it stays at 30 s unless set.
    ejectionMaxMs:
      ejectionMs === undefined ? ejectionMaxMs : Math.max(ejectionMs, ejectionMaxMs ?? clientDefaults.ejectionMaxMs),
  });
  const extras: RibbonExtras = given({
    tryTimeoutMs: values.ReadTimeout,
    retryAll: values.OkToRetryOnAllOperations,
    serverSource: values.NIWSServerListClassName,
    listRefreshMs: values.ServerListRefreshInterval,
    vipAddresses: values.DeploymentContextBasedVipAddresses ?? values.VipAddress,
    vipAddressesInOrder: values.PrioritizeVipAddressBasedServers,
    targetRegion: values.TargetRegion,
    zoneAffinity: values.EnableZoneAffinity,
    zoneExclusive: values.EnableZoneExclusivity,
    zoneLimits: zoneLimitsOf(values),
    ejectAfter: values.connectionFailureCountThreshold,
    warmUp: warmUpOf(values),
  });
  return { options, extras };
}

function triesOf(values: RibbonValues): number | undefined {
  const { MaxAutoRetries: same, MaxAutoRetriesNextServer: next } = values;
  if (same === undefined && next === undefined) return undefined;
  return (1 + (same ?? retriesSameDefault)) * (1 + (next ?? retriesNextDefault));
}

/** Ribbon bounds each try, we bound the call: the sum that Spring Cloud makes of it for Hystrix's timeout. */
function wholeTimeMs(values: RibbonValues, tries: number | undefined): number | undefined {
  if (values.ReadTimeout === undefined) return undefined;
  const connectMs = values.ConnectTimeout ?? clientDefaults.connectTimeoutMs;
  return (values.ReadTimeout + connectMs) * (tries ?? (1 + retriesSameDefault) * (1 + retriesNextDefault));
}

function zoneLimitsOf(values: RibbonValues): RibbonExtras["zoneLimits"] {
  const limits = given({
    loadPerServer: values.triggeringLoadPerServerThreshold,
    ejectedShare: values.avoidZoneWithBlackoutPercetage,
  });
  return Object.keys(limits).length === 0 ? undefined : limits;
}

function warmUpOf(values: RibbonValues): RibbonExtras["warmUp"] {
  if (values.EnablePrimeConnections !== true) return undefined;
  return {
    path: values.PrimeConnectionsURI ?? "/",
    ratio: values.MinPrimeConnectionsRatio ?? 1,
    timeoutMs: values.MaxTotalTimeToPrimeConnections ?? 30_000,
  };
}

function seconds(value: number | undefined): number | undefined {
  return value === undefined ? undefined : value * 1_000;
}

type Given<T> = { [K in keyof T]?: Exclude<T[K], undefined> };

/** Without the fields that are `undefined`. */
function given<T extends object>(fields: T): Given<T> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Given<T>;
}
