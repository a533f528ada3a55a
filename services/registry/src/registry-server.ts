import type { IncomingMessage, ServerResponse } from "node:http";
import type { Clock, Log, Random } from "@holdfast/kernel";
import type { RegistrySettings } from "@holdfast/wire";
import { EurekaFace } from "./compat/eureka-face.ts";
import { registryHandler } from "./http-handler.ts";
import type { LeaseOptions } from "./lease-options.ts";
import { registryOpenApi } from "./openapi.ts";
import { Registry, type RegistryPorts } from "./registry.ts";

/** One registry with both its faces: our own API and Eureka's. Listens nowhere itself. */
export class RegistryServer {
  readonly registry: Registry;
  /** A plain Node handler. */
  readonly handle: (req: IncomingMessage, res: ServerResponse) => void;
  readonly #eureka: EurekaFace;

  /** `leases` overrides the profile's own timings. */
  constructor(
    clock: Clock,
    random: Random,
    log: Log,
    settings: RegistrySettings,
    leases?: LeaseOptions,
    ports?: RegistryPorts,
  ) {
    this.registry = new Registry(clock, random, log, settings, leases, ports);
    this.#eureka = new EurekaFace(clock, log, this.registry, settings);
    const native = registryHandler(this.registry, log);
    this.handle = (req, res) => {
      if (this.#eureka.handle(req, res)) return;
      if (req.url === "/openapi.json") sendOpenApi(res);
      else native(req, res);
    };
  }

  /** Resolves when the registry is synced; see {@link Registry.start}. */
  start(): Promise<void> {
    this.#eureka.start();
    return this.registry.start();
  }

  drain(): void {
    this.registry.drain();
  }

  async close(): Promise<void> {
    this.#eureka.close();
    await this.registry.close();
  }
}

/** Read by people and generators, once in a while: made when asked for. */
function sendOpenApi(res: ServerResponse): void {
  res.writeHead(200, { "content-type": "application/json" });
  res.end(JSON.stringify(registryOpenApi));
}
