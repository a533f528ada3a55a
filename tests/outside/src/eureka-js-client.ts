import { createRequire } from "node:module";

/** What the tests use of eureka-js-client 4.5.0, which has no types of its own. */
export interface OutsideClient {
  start(done: (error?: Error) => void): void;
  stop(done: (error?: Error) => void): void;
  getInstancesByAppId(app: string): readonly OutsideInstance[];
  getInstancesByVipAddress(vip: string): readonly OutsideInstance[];
  fetchRegistry(done: (error?: Error) => void): void;
  on(event: string, listener: (...values: unknown[]) => void): void;
}

export interface OutsideInstance {
  readonly hostName: string;
  readonly instanceId?: string;
  readonly status: string;
  readonly port: { readonly $: number };
}

const { Eureka } = createRequire(import.meta.url)("eureka-js-client") as {
  Eureka: new (config: object) => OutsideClient;
};

export interface OutsideOptions {
  readonly app: string;
  readonly host: string;
  readonly port: number;
  /** Default: none is said, so that the host is the id. */
  readonly id?: string;
  /** Default `<app>.vip`. Spring Cloud looks others up by it, under the name of the app. */
  readonly vip?: string;
  /** Default: not said, and so the registry's. */
  readonly leaseSeconds?: number;
  /** Default 150. */
  readonly heartbeatMs?: number;
  /** Where its registries are, the first first. */
  readonly registries: readonly string[];
  /** Default `/eureka/v2/apps/`. */
  readonly path?: string;
}

/** An unmodified eureka-js-client with short intervals, delta on and nothing logged. */
export function outsideClient({
  app,
  host,
  port,
  id,
  vip = `${app}.vip`,
  leaseSeconds,
  heartbeatMs = 150,
  registries,
  path = "/eureka/v2/apps/",
}: OutsideOptions): OutsideClient {
  const quiet = { debug() {}, info() {}, warn() {}, error() {}, level() {} };
  const urls = registries.map((url) => `${url}${path}`);
  return new Eureka({
    logger: quiet,
    shouldUseDelta: true,
    instance: {
      app,
      ...(id === undefined ? {} : { instanceId: id }),
      ...(leaseSeconds === undefined ? {} : { leaseInfo: { renewalIntervalInSecs: 1, durationInSecs: leaseSeconds } }),
      hostName: host,
      ipAddr: "127.0.0.1",
      port: { $: port, "@enabled": "true" },
      vipAddress: vip,
      dataCenterInfo: { "@class": "com.netflix.appinfo.InstanceInfo$DefaultDataCenterInfo", name: "MyOwn" },
    },
    eureka: {
      serviceUrls: { default: urls },
      heartbeatInterval: heartbeatMs,
      registryFetchInterval: 150,
      maxRetries: 5,
      requestRetryDelay: 50,
    },
  });
}

export function started(client: OutsideClient): Promise<void> {
  return new Promise((resolve, reject) => client.start((error) => (error ? reject(error) : resolve())));
}

export function stopped(client: OutsideClient): Promise<void> {
  return new Promise((resolve, reject) => client.stop((error) => (error ? reject(error) : resolve())));
}
