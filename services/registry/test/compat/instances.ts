import { SeededRandom, silentLog } from "@holdfast/kernel";
import { Registry } from "@holdfast/registry-server";
import { FakeClock } from "@holdfast/testing";
import type { RegistrySettings } from "@holdfast/wire";
import type { EurekaInstance } from "@holdfast/wire/eureka";

/** An instance as a Java client would register it. */
export function instanceOf(instanceId: string, fields: Partial<EurekaInstance> = {}): EurekaInstance {
  return {
    instanceId,
    hostName: `${instanceId}.host`,
    app: "API",
    ipAddr: "10.0.0.1",
    port: { port: 7001, enabled: true },
    securePort: { port: 7002, enabled: false },
    vipAddress: "api.vip",
    secureVipAddress: "api.svip",
    countryId: 1,
    dataCenterInfo: { class: "com.netflix.appinfo.InstanceInfo$DefaultDataCenterInfo", name: "MyOwn" },
    status: "UP",
    overriddenStatus: "UNKNOWN",
    leaseInfo: {
      renewalIntervalInSecs: 30,
      durationInSecs: 90,
      registrationTimestamp: 0,
      lastRenewalTimestamp: 0,
      evictionTimestamp: 0,
      serviceUpTimestamp: 0,
    },
    isCoordinatingDiscoveryServer: false,
    metadata: {},
    lastUpdatedTimestamp: 1_700_000_000_000,
    lastDirtyTimestamp: 1_700_000_000_000,
    actionType: "ADDED",
    ...fields,
  };
}

/** The real registry, alone, on a clock that moves only when told to. */
export async function standAlone(settings: Partial<RegistrySettings> = {}): Promise<{
  clock: FakeClock;
  registry: Registry;
  [Symbol.asyncDispose](): Promise<void>;
}> {
  const clock = new FakeClock();
  const registry = new Registry(clock, new SeededRandom(1), silentLog, { name: "a", peers: [], ...settings });
  await registry.start();
  return { clock, registry, [Symbol.asyncDispose]: () => registry.close() };
}
