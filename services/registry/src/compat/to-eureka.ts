import type { InstanceRecord } from "@holdfast/wire";
import { type EurekaInstance, type EurekaLease, type EurekaPort, eurekaOwnKeys } from "@holdfast/wire/eureka";
import type { Held } from "./store.ts";

/** What Eureka's clients are told of an instance, whichever API it registered with. */
export function toEureka(held: Held): EurekaInstance {
  const { record } = held;
  const said = record.eureka ?? nativeInstance(record);
  return {
    ...said,
    status: held.status,
    overriddenStatus: held.override ?? "UNKNOWN",
    leaseInfo: leaseOf(held, said),
    lastUpdatedTimestamp: Math.floor(held.updatedAtMs),
    lastDirtyTimestamp: said.lastDirtyTimestamp ?? dirtyTimestampOf(record),
    actionType: held.action,
  };
}

/**
 * Stands in for the `lastDirtyTimestamp` of an instance that states none. It follows from the account, so that all
 * peers say the same however far apart their clocks are, and grows with each change.
 */
function dirtyTimestampOf(record: InstanceRecord): number {
  // Accounts that the registry stamped itself have incarnation 0 and count thousandths of ms.
  return record.incarnation === 0 ? Math.floor(record.version / 1_000) : record.incarnation + record.version;
}

function leaseOf(held: Held, said: EurekaInstance): EurekaLease {
  const { renewalIntervalInSecs, durationInSecs } = said.leaseInfo ?? {};
  const seconds = Math.max(1, Math.round(held.leaseMs / 1_000));
  return {
    renewalIntervalInSecs: renewalIntervalInSecs ?? Math.max(1, Math.round(seconds / 3)),
    durationInSecs: durationInSecs ?? seconds,
    registrationTimestamp: Math.floor(held.registeredAtMs),
    lastRenewalTimestamp: Math.floor(held.renewedAtMs),
    evictionTimestamp: 0,
    serviceUpTimestamp: Math.floor(held.upAtMs),
  };
}

/** An instance that registered through our own API, as it would have done with Eureka's. */
function nativeInstance(record: InstanceRecord): EurekaInstance {
  const port: EurekaPort = { port: record.port, enabled: true };
  const host = record.address.includes(":") ? `[${record.address}]` : record.address;
  const base = `http://${host}:${record.port}/`;
  const health = record.adminPort === undefined ? `${base}healthcheck` : `http://${host}:${record.adminPort}/health`;
  return {
    instanceId: record.id,
    hostName: record.address,
    app: record.app.toUpperCase(),
    ipAddr: record.address,
    port,
    securePort: { port: 443, enabled: false },
    homePageUrl: base,
    statusPageUrl: `${base}Status`,
    healthCheckUrl: health,
    vipAddress: record.app,
    secureVipAddress: record.app,
    countryId: 1,
    dataCenterInfo: { class: "com.netflix.appinfo.InstanceInfo$DefaultDataCenterInfo", name: "MyOwn" },
    status: record.status,
    overriddenStatus: "UNKNOWN",
    isCoordinatingDiscoveryServer: false,
    lastUpdatedTimestamp: 0,
    metadata: { ...record.metadata, ...ownMetadata(record) },
    asgName: record.serverGroup,
  };
}

/** What Eureka has no field for: our own client, reading through Eureka's API, gets it back. */
function ownMetadata(record: InstanceRecord): Record<string, string> {
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
