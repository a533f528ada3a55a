import { createServer, type ServerResponse } from "node:http";
import type { Clock, Log, Random } from "@holdfast/kernel";
import { type MeterRegistry, prometheusContentType, prometheusText } from "@holdfast/metrics";
import type { RegistrySettings } from "@holdfast/wire";
import type { LeaseOptions } from "./lease-options.ts";
import type { Registry, RegistryPorts } from "./registry.ts";
import { RegistryServer } from "./registry-server.ts";

export interface RunningRegistry {
  readonly url: string;
  readonly registry: Registry;
  /** Resolves when it has heard its peers, or given them up. */
  readonly synced: Promise<void>;
  /** Sends listeners to other peers; call before {@link close} to stop without anybody noticing. */
  drain(): void;
  close(): Promise<void>;
}

export interface ListenOptions {
  /** Default 127.0.0.1. */
  readonly address?: string;
  /** Default: any free one. */
  readonly port?: number;
  readonly leases?: LeaseOptions;
  readonly ports?: RegistryPorts;
}

/**
 * A registry with both its faces on a bare HTTP server: for `holdfast registry`, for embedding and for tests; `main.ts`
 * runs the same inside `serve`. With meters among its ports it shows them at `/metrics`, for Prometheus.
 *
 * @throws what `listen` throws: EADDRINUSE …
 */
export async function startRegistry(
  clock: Clock,
  random: Random,
  log: Log,
  settings: RegistrySettings,
  options: ListenOptions = {},
): Promise<RunningRegistry> {
  const address = options.address ?? "127.0.0.1";
  const running = new RegistryServer(clock, random, log, settings, options.leases, options.ports);
  const meters = options.ports?.meters;
  const server = createServer(
    { keepAliveTimeout: 65_000, requestTimeout: 30_000, optimizeEmptyRequests: true },
    (req, res) => {
      if (meters !== undefined && req.url === "/metrics") sendMetrics(meters, res);
      else running.handle(req, res);
    },
  );
  try {
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen(options.port ?? 0, address, resolve);
    });
  } catch (error) {
    await running.close();
    throw error;
  }
  const bound = server.address();
  const port = typeof bound === "object" && bound !== null ? bound.port : 0;
  return {
    url: `http://${address.includes(":") ? `[${address}]` : address}:${port}`,
    registry: running.registry,
    synced: running.start(),
    drain: () => running.drain(),
    close: async () => {
      await running.close();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function sendMetrics(meters: MeterRegistry, res: ServerResponse): void {
  res.writeHead(200, { "content-type": prometheusContentType }).end(prometheusText(meters.snapshot()));
}
