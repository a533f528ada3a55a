import { waitFor } from "@holdfast/testing";
import { javaArguments } from "./clients.ts";
import { OutsideProcess } from "./outside-process.ts";

export interface EurekaServerOptions {
  /** Default: Netflix's own, with which a change is read half a minute later. `short`: for tests. */
  readonly timings?: "netflix" | "short";
  /** Other servers' Eureka URLs, at 127.0.0.1, to replicate to. Default none. */
  readonly peers?: readonly string[];
  /** Heap, at most. Default 128 MB. */
  readonly heapMb?: number;
}

export interface EurekaServer {
  /** `http://127.0.0.1:8761`; Eureka's operations are at `/eureka`. */
  readonly url: string;
  readonly process: OutsideProcess;
  close(): Promise<void>;
}

const short = [
  "--eureka.server.response-cache-update-interval-ms=200",
  "--eureka.server.eviction-interval-timer-in-ms=500",
  "--eureka.server.enable-self-preservation=false",
];

/**
 * Netflix's Eureka server (Spring Cloud's) on 127.0.0.1; answers when it is ready. It ends with its close, and with this
 * process at the latest. Its log is at `process.noise`.
 *
 * @throws when it has not been fetched, or is not ready within a minute.
 */
export async function startEurekaServer(port: number, options: EurekaServerOptions = {}): Promise<EurekaServer> {
  const { timings = "netflix", peers = [], heapMb = 128 } = options;
  const url = `http://127.0.0.1:${port}`;
  // A peer whose host is its own it takes for itself, whatever the port.
  const self = "localhost";
  const others = peers.length === 0 ? [`http://${self}:${port}/eureka/`] : peers.map((peer) => `${peer}/`);
  const settings = [
    "--spring.main.banner-mode=off",
    "--server.address=127.0.0.1",
    `--server.port=${port}`,
    "--spring.application.name=eureka-server",
    `--eureka.instance.hostname=${self}`,
    "--eureka.client.register-with-eureka=false",
    "--eureka.client.fetch-registry=false",
    `--eureka.client.service-url.defaultZone=${others.join(",")}`,
    // It copies its peers at its start, when it may; alone it would make its readers wait for five minutes.
    "--eureka.server.wait-time-in-ms-when-sync-empty=0",
    ...(timings === "short" ? short : []),
  ];
  const child = new OutsideProcess("Eureka server", {
    command: "java",
    args: [...javaArguments("spring-server", "holdfast.outside.Server", heapMb), ...settings],
    env: {},
  });
  try {
    await waitFor(
      "the Eureka server to answer",
      async () => {
        // Throws when the process has ended.
        void child.sees;
        return (await fetch(`${url}/eureka/apps`, { signal: AbortSignal.timeout(2_000) })).ok;
      },
      { timeoutMs: 60_000, everyMs: 200 },
    );
  } catch (error) {
    await child.kill();
    throw error;
  }
  return { url, process: child, close: async () => void (await child.close()) };
}
