import { Agent, request } from "node:http";

/** What a Java client of Eureka registers, as JSON: about 1.1 KB each. */
export function registrationOf(app: string, id: string, port: number): string {
  const host = id.split(":")[0] ?? id;
  return JSON.stringify({
    instance: {
      instanceId: id,
      hostName: host,
      app: app.toUpperCase(),
      ipAddr: "127.1.1.10",
      status: "UP",
      overriddenStatus: "UNKNOWN",
      port: { $: port, "@enabled": "true" },
      securePort: { $: 443, "@enabled": "false" },
      countryId: 1,
      dataCenterInfo: { "@class": "com.netflix.appinfo.InstanceInfo$DefaultDataCenterInfo", name: "MyOwn" },
      leaseInfo: {
        renewalIntervalInSecs: 30,
        durationInSecs: 90,
        registrationTimestamp: 0,
        lastRenewalTimestamp: 0,
        evictionTimestamp: 0,
        serviceUpTimestamp: 0,
      },
      metadata: { "management.port": String(port + 1), zone: "local-1a" },
      homePageUrl: `http://${host}:${port}/`,
      statusPageUrl: `http://${host}:${port}/actuator/info`,
      healthCheckUrl: `http://${host}:${port}/actuator/health`,
      vipAddress: app,
      secureVipAddress: app,
      isCoordinatingDiscoveryServer: "false",
      lastUpdatedTimestamp: "1700000000000",
      lastDirtyTimestamp: "1700000000000",
    },
  });
}

/** Registers `apps × perApp` instances at a registry's Eureka face, some at a time. */
export async function registerFleet(base: string, apps: number, perApp: number, at = "/eureka/v2"): Promise<void> {
  const agent = new Agent({ keepAlive: true, maxSockets: 16 });
  const names = Array.from({ length: apps * perApp }, (_, i) => [i % apps, Math.floor(i / apps)] as const);
  const one = async ([app, instance]: readonly [number, number]): Promise<void> => {
    const id = `host-${app}-${instance}:app-${app}:8080`;
    const status = await post(agent, `${base}${at}/apps/APP-${app}`, registrationOf(`app-${app}`, id, 8_080));
    if (status !== 204) throw new Error(`registering ${id}: answered ${status}`);
  };
  try {
    for (let from = 0; from < names.length; from += 64) await Promise.all(names.slice(from, from + 64).map(one));
  } finally {
    agent.destroy();
  }
}

export function post(agent: Agent, url: string, body: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const headers = { "content-type": "application/json", "content-length": Buffer.byteLength(body) };
    const call = request(url, { method: "POST", headers, agent }, (response) => {
      response.resume();
      response.on("end", () => resolve(response.statusCode ?? 0));
    });
    call.on("error", reject);
    call.end(body);
  });
}
