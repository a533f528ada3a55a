import { createServer } from "node:http";
import type { Clock, Log, Random } from "@holdfast/kernel";
import type { RegistrySettings } from "@holdfast/wire";
import { registryHandler } from "./http-handler.ts";
import type { LeaseOptions } from "./lease-table.ts";
import { Registry } from "./registry.ts";

export interface RunningRegistry {
  readonly url: string;
  readonly registry: Registry;
  close(): Promise<void>;
}

/** A registry on a bare HTTP server, for embedding and for tests; `main.ts` runs the same inside `serve`. */
export async function startRegistry(
  clock: Clock,
  random: Random,
  log: Log,
  settings: RegistrySettings,
  listen: { readonly address?: string; readonly port?: number; readonly leases?: LeaseOptions } = {},
): Promise<RunningRegistry> {
  const registry = new Registry(clock, random, log, settings, listen.leases);
  const server = createServer({ keepAliveTimeout: 65_000 }, registryHandler(registry, log));
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(listen.port ?? 0, listen.address ?? "127.0.0.1", resolve);
  });
  const bound = server.address();
  const port = typeof bound === "object" && bound !== null ? bound.port : 0;
  void registry.start();
  return {
    url: `http://${listen.address ?? "127.0.0.1"}:${port}`,
    registry,
    close: async () => {
      await registry.close();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
