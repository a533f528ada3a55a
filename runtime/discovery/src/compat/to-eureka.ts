import type { InstanceRecord } from "@holdfast/wire";
import { type EurekaInstance, eurekaOwnKeys } from "@holdfast/wire/eureka";

const localDataCenter = { class: "com.netflix.appinfo.InstanceInfo$DefaultDataCenterInfo", name: "MyOwn" } as const;

export interface EurekaTimes {
  /** Wall ms of the account's last change, later than that of any account before it. */
  readonly lastDirtyTimestamp: number;
  /** Time between two heartbeats, in ms; the lease is three of them. */
  readonly heartbeatMs: number;
}

/** An instance of ours as Eureka's clients know instances; its app's name is what they call it by (VIP address). */
export function toEureka(record: InstanceRecord, times: EurekaTimes): EurekaInstance {
  const { address, port, app, adminPort } = record;
  const admin = `http://${address}:${adminPort ?? port}`;
  const renewalIntervalInSecs = Math.max(1, Math.ceil(times.heartbeatMs / 1_000));
  return {
    instanceId: record.id,
    hostName: address,
    app: app.toUpperCase(),
    ipAddr: address,
    port: { port, enabled: true },
    securePort: { port: 443, enabled: false },
    homePageUrl: `http://${address}:${port}/`,
    statusPageUrl: `${admin}/info`,
    healthCheckUrl: `${admin}/health`,
    vipAddress: app,
    secureVipAddress: app,
    countryId: 1,
    dataCenterInfo: localDataCenter,
    status: record.status,
    overriddenStatus: "UNKNOWN",
    leaseInfo: {
      renewalIntervalInSecs,
      durationInSecs: renewalIntervalInSecs * 3,
      registrationTimestamp: 0,
      lastRenewalTimestamp: 0,
      evictionTimestamp: 0,
      serviceUpTimestamp: 0,
    },
    isCoordinatingDiscoveryServer: false,
    metadata: { ...record.metadata, ...ownMetadata(record) },
    lastUpdatedTimestamp: times.lastDirtyTimestamp,
    lastDirtyTimestamp: times.lastDirtyTimestamp,
    asgName: record.serverGroup,
  };
}

function ownMetadata(record: InstanceRecord): Readonly<Record<string, string>> {
  return {
    [eurekaOwnKeys.zone]: record.zone,
    [eurekaOwnKeys.region]: record.region,
    [eurekaOwnKeys.application]: record.application,
    [eurekaOwnKeys.cluster]: record.cluster,
    [eurekaOwnKeys.serverGroup]: record.serverGroup,
    [eurekaOwnKeys.verifiesIdentity]: String(record.verifiesIdentity),
    [eurekaOwnKeys.incarnation]: String(record.incarnation),
    [eurekaOwnKeys.version]: String(record.version),
    ...(record.adminPort === undefined ? {} : { [eurekaOwnKeys.adminPort]: String(record.adminPort) }),
  };
}
