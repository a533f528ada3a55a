import { delimiter, join } from "node:path";
import { fetched, ownPath, type PartName } from "./fetched.ts";
import { OutsideProcess } from "./outside-process.ts";

export interface ClientOptions {
  /** With the path under which Eureka's operations are: `http://127.0.0.1:8761/eureka`. */
  readonly registry: string;
  readonly app: string;
  readonly id: string;
  /** What it says of itself; nothing listens there. */
  readonly port: number;
  /** In which it asks and tells: fargo in `json` or `xml` (default), eureka-client by a codec of its own (`XStreamJson`). */
  readonly format?: string;
}

/** How a program of ours is told its options. */
function environment({ registry, app, id, port, format = "JacksonJson" }: ClientOptions): Record<string, string> {
  return {
    OUTSIDE_REGISTRY: registry,
    OUTSIDE_APP: app,
    OUTSIDE_ID: id,
    OUTSIDE_PORT: `${port}`,
    OUTSIDE_FORMAT: format,
  };
}

/**
 * py-eureka-client, asking and renewing each second; commands: `status X`, `drop-override`.
 *
 * @throws when it has not been fetched.
 */
export function pythonClient(options: ClientOptions): OutsideProcess {
  const part = fetched("python");
  if (typeof part === "string") throw new Error(part);
  const command = join(part.folder, "bin", "python");
  return new OutsideProcess("py-eureka-client", {
    command,
    args: ["-u", ownPath("python", "client.py")],
    env: environment(options),
  });
}

/**
 * fargo; commands: `status X`, `metadata key value`, `read` (itself, at the registry), `vip name` (ids).
 *
 * @throws when it has not been fetched.
 */
export function goClient(options: ClientOptions): OutsideProcess {
  const part = fetched("go");
  if (typeof part === "string") throw new Error(part);
  return new OutsideProcess("fargo", { command: join(part.folder, "client"), args: [], env: environment(options) });
}

/**
 * Netflix's eureka-client; commands: `own X` (its own status), `status X` and `drop-override` (as an operator), `remote-status`,
 * `metadata key value`, `vip name`, `read` and `live` (all calls of its lower half), `read-as codec [compact]`, `live-as codec`,
 * `replicate`.
 *
 * @throws when it has not been fetched.
 */
export function javaClient(options: ClientOptions): OutsideProcess {
  return new OutsideProcess("eureka-client", {
    command: "java",
    args: javaArguments("java", "holdfast.outside.Main"),
    env: environment(options),
  });
}

/**
 * A Spring Cloud application; command: `uris app`.
 *
 * @throws when it has not been fetched.
 */
export function springClient({ registry, app, id, port }: ClientOptions): OutsideProcess {
  const settings = [
    "--spring.main.banner-mode=off",
    `--spring.application.name=${app}`,
    "--server.address=127.0.0.1",
    // It does listen, and may so do anywhere; what it says of itself is what it was told.
    "--server.port=0",
    `--eureka.instance.instance-id=${id}`,
    "--eureka.instance.hostname=127.0.0.1",
    "--eureka.instance.prefer-ip-address=true",
    "--eureka.instance.ip-address=127.0.0.1",
    `--eureka.instance.non-secure-port=${port}`,
    "--eureka.instance.metadata-map.written-in=Java",
    "--eureka.instance.lease-renewal-interval-in-seconds=1",
    "--eureka.instance.lease-expiration-duration-in-seconds=4",
    `--eureka.client.service-url.defaultZone=${registry}/`,
    "--eureka.client.registry-fetch-interval-seconds=1",
    "--eureka.client.instance-info-replication-interval-seconds=1",
    "--eureka.client.initial-instance-info-replication-interval-seconds=0",
  ];
  return new OutsideProcess("Spring Cloud application", {
    command: "java",
    args: [...javaArguments("spring-client", "holdfast.outside.Client"), ...settings],
    env: {},
  });
}

/**
 * How a fetched Java part is started: small, and soon there rather than fast later. `heapMb`: at most.
 *
 * @throws when it has not been fetched.
 */
export function javaArguments(name: PartName, mainClass: string, heapMb = 128): string[] {
  const part = fetched(name);
  if (typeof part === "string") throw new Error(part);
  const path = [join(part.folder, "classes"), join(part.folder, "lib", "*")].join(delimiter);
  const small = [`-Xmx${heapMb}m`, "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Xshare:auto"];
  return [...small, "-Dfile.encoding=UTF-8", "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn", "-cp", path, mainClass];
}
