import type { InstanceStatus } from "../registry.ts";

/**
 * Eureka's own model of an instance, the union of what its JSON and XML say. Spelling follows Eureka's source
 * (`com.netflix.appinfo.InstanceInfo`); numbers are numbers here, however a codec writes them.
 */
export interface EurekaInstance {
  /** Absent when the client sent none: see {@link eurekaIdOf}. */
  readonly instanceId?: string;
  readonly hostName: string;
  /** Upper case. */
  readonly app: string;
  readonly appGroupName?: string;
  readonly ipAddr: string;
  /** Omitted on write when `na`. */
  readonly sid?: string;
  readonly port: EurekaPort;
  readonly securePort: EurekaPort;
  readonly homePageUrl?: string;
  readonly statusPageUrl?: string;
  readonly healthCheckUrl?: string;
  readonly secureHealthCheckUrl?: string;
  /** A comma separated list. */
  readonly vipAddress?: string;
  /** A comma separated list. */
  readonly secureVipAddress?: string;
  readonly countryId: number;
  readonly dataCenterInfo?: EurekaDataCenter;
  readonly status: InstanceStatus;
  readonly overriddenStatus: InstanceStatus;
  readonly leaseInfo?: EurekaLease;
  readonly isCoordinatingDiscoveryServer: boolean;
  readonly metadata: Readonly<Record<string, string>>;
  /** Wall ms; by the server. */
  readonly lastUpdatedTimestamp: number;
  /** Wall ms; by the client. Absent when it sent none. */
  readonly lastDirtyTimestamp?: number;
  readonly actionType?: EurekaAction;
  readonly asgName?: string;
}

export interface EurekaPort {
  readonly port: number;
  readonly enabled: boolean;
}

export type EurekaAction = "ADDED" | "MODIFIED" | "DELETED";

export interface EurekaDataCenter {
  /** Java class name: `com.netflix.appinfo.AmazonInfo`, `com.netflix.appinfo.InstanceInfo$DefaultDataCenterInfo`. */
  readonly class: string;
  /** `Netflix`, `Amazon`, `MyOwn`. */
  readonly name: string;
  /** `availability-zone`, `instance-id` …; Amazon only. */
  readonly metadata?: Readonly<Record<string, string>>;
}

/** Times in the unit of their name; timestamps in wall ms. */
export interface EurekaLease {
  readonly renewalIntervalInSecs: number;
  readonly durationInSecs: number;
  readonly registrationTimestamp: number;
  readonly lastRenewalTimestamp: number;
  readonly evictionTimestamp: number;
  readonly serviceUpTimestamp: number;
}

export interface EurekaApplication {
  /** Upper case. */
  readonly name: string;
  readonly instances: readonly EurekaInstance[];
}

export interface EurekaApplications {
  /** Text on the wire, always `"1"` from a server without remote regions. */
  readonly versionsDelta: string;
  /** `UP_2_` …: see `hashcodeOf`. */
  readonly appsHashcode: string;
  readonly applications: readonly EurekaApplication[];
}

export type EurekaFormat = "json" | "xml";
/** `compact` is what `X-Eureka-Accept: compact` asks for. */
export type EurekaShape = "full" | "compact";

/** One item of `POST peerreplication/batch/`. */
export interface EurekaReplication {
  readonly appName: string;
  readonly id: string;
  readonly lastDirtyTimestamp?: number;
  readonly overriddenStatus?: InstanceStatus;
  readonly status?: InstanceStatus;
  readonly instanceInfo?: EurekaInstance;
  readonly action: "Heartbeat" | "Register" | "Cancel" | "StatusUpdate" | "DeleteStatusOverride";
}

export interface EurekaReplicationAnswer {
  readonly statusCode: number;
  readonly responseEntity?: EurekaInstance;
}

/**
 * The id Eureka knows an instance by: `instanceId`, else Amazon's `instance-id`, else the host name
 * (`InstanceInfo.getId`).
 */
export function eurekaIdOf(instance: EurekaInstance): string {
  return instance.instanceId ?? instance.dataCenterInfo?.metadata?.["instance-id"] ?? instance.hostName;
}
