import {
  activeLimit,
  flag,
  names,
  numberFrom,
  pathText,
  pickerName,
  type Reader,
  serverSource,
  text,
} from "./ribbon-readers.ts";

/** A key of Ribbon's that does something here. */
export interface RibbonKey<T> {
  readonly reader: Reader<T>;
  /** What it does here, for people. */
  readonly does: string;
  /** Where it is read for one client, strongest first. Default: `{client}.ribbon.{Key}`, `ribbon.{Key}`. */
  readonly paths?: (client: string) => readonly string[];
}

const milliseconds = numberFrom(1, 3_600_000);
const share = numberFrom(0, 1, false);

const key = <T>(reader: Reader<T>, does: string, paths?: (client: string) => readonly string[]): RibbonKey<T> =>
  paths === undefined ? { reader, does } : { reader, does, paths };

const circuitPaths =
  (name: string) =>
  (client: string): string[] => [`niws.loadbalancer.${client}.${name}`, `niws.loadbalancer.default.${name}`];
const zonePaths =
  (name: string) =>
  (client: string): string[] => [
    `ZoneAwareNIWSDiscoveryLoadBalancer.${client}.${name}`,
    `ZoneAwareNIWSDiscoveryLoadBalancer.${name}`,
  ];

/**
 * Ribbon's keys with an effect (`CommonClientConfigKey`, `ServerStats`, `ZoneAvoidanceRule` of Ribbon 2.7). Their defaults do
 * not come along: a key that nobody set leaves our own default, which is stated in `ClientOptions`.
 */
export const ribbonKeys = {
  ConnectTimeout: key(milliseconds, "connectTimeoutMs"),
  ReadTimeout: key(milliseconds, "tryTimeoutMs; timeoutMs becomes (ReadTimeout + ConnectTimeout) × tries"),
  MaxAutoRetries: key(numberFrom(0, 20), "triesMax is (1 + MaxAutoRetries) × (1 + MaxAutoRetriesNextServer)"),
  MaxAutoRetriesNextServer: key(numberFrom(0, 20), "as MaxAutoRetries; every try goes to another server"),
  OkToRetryOnAllOperations: key(flag, "retryAll: POST and PATCH are tried again, too"),
  MaxConnectionsPerHost: key(numberFrom(1, 65_535), "connectionsMax"),
  MaxHttpConnectionsPerHost: key(numberFrom(1, 65_535), "connectionsMax, unless MaxConnectionsPerHost says so"),
  MaxTotalConnections: key(numberFrom(1, 1_000_000), "concurrentMax: one more call is refused; Ribbon's waits"),
  MaxTotalHttpConnections: key(numberFrom(1, 1_000_000), "concurrentMax, unless MaxTotalConnections says so"),
  ConnIdleEvictTimeMilliSeconds: key(milliseconds, "keepAliveMs"),
  NFLoadBalancerRuleClassName: key(pickerName, "picker"),
  ActiveConnectionsLimit: key(activeLimit, "activeMax", (client) => [
    `${client}.ribbon.ActiveConnectionsLimit`,
    "ribbon.ActiveConnectionsLimit",
    "niws.loadbalancer.availabilityFilteringRule.activeConnectionsLimit",
  ]),
  NIWSServerListClassName: key(serverSource, "serverSource"),
  listOfServers: key(text, "the servers of the app, by configuredServers; per client only", (client) => [
    `${client}.ribbon.listOfServers`,
  ]),
  ServerListRefreshInterval: key(milliseconds, "listRefreshMs, for SRV records; registries push"),
  VipAddress: key(names, "vipAddresses, unless DeploymentContextBasedVipAddresses says so"),
  DeploymentContextBasedVipAddresses: key(names, "vipAddresses: where Eureka lists the app"),
  PrioritizeVipAddressBasedServers: key(flag, "vipAddressesInOrder: the first with servers that are UP wins"),
  TargetRegion: key(text, "targetRegion"),
  EnableZoneAffinity: key(flag, "zoneAffinity: false takes servers of all zones alike"),
  EnableZoneExclusivity: key(flag, "zoneExclusive: no call leaves the zone"),
  EnablePrimeConnections: key(flag, "warmUp: connections to new servers are made before their first call"),
  PrimeConnectionsURI: key(pathText, "warmUp.path"),
  MinPrimeConnectionsRatio: key(share, "warmUp.ratio: so many servers are connected to before the first call"),
  MaxTotalTimeToPrimeConnections: key(milliseconds, "warmUp.timeoutMs"),
  connectionFailureCountThreshold: key(
    numberFrom(1, 1_000),
    "ejectAfter: failed connections in a row",
    circuitPaths("connectionFailureCountThreshold"),
  ),
  circuitTripTimeoutFactorSeconds: key(
    numberFrom(0.001, 3_600, false),
    "ejectionMs, × 1000",
    circuitPaths("circuitTripTimeoutFactorSeconds"),
  ),
  circuitTripMaxTimeoutSeconds: key(
    numberFrom(0.001, 3_600, false),
    "ejectionMaxMs, × 1000",
    circuitPaths("circuitTripMaxTimeoutSeconds"),
  ),
  triggeringLoadPerServerThreshold: key(
    numberFrom(0, 1_000_000, false),
    "zoneLimits.loadPerServer",
    zonePaths("triggeringLoadPerServerThreshold"),
  ),
  avoidZoneWithBlackoutPercetage: key(share, "zoneLimits.ejectedShare", zonePaths("avoidZoneWithBlackoutPercetage")),
} as const satisfies Record<string, RibbonKey<unknown>>;

type Keys = typeof ribbonKeys;
export type RibbonKeyName = keyof Keys;
/** Fit values of the keys that were set. */
export type RibbonValues = {
  readonly [K in RibbonKeyName]?: NonNullable<ReturnType<Keys[K]["reader"]["read"]>>;
};

export const ribbonKeyNames = Object.keys(ribbonKeys) as RibbonKeyName[];

/** Where `name` is read for `client`, strongest first. */
export function pathsOf(name: RibbonKeyName, client: string): readonly string[] {
  const entry: RibbonKey<unknown> = ribbonKeys[name];
  return entry.paths?.(client) ?? [`${client}.ribbon.${name}`, `ribbon.${name}`];
}
