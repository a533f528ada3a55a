import { createServer, type Server } from "node:http";
import { type BalancedClient, forwardUpgrade } from "@holdfast/client";
import type { Clock, Log } from "@holdfast/kernel";
import { guardAccept } from "@holdfast/service";
import type { BalancerListener, BalancerSettings } from "@holdfast/wire";

/** The gateways judge a request's time; here it only must not hang for ever. */
const answerMaxMs = 60_000;
/** Request bodies are limited behind us; here only against absurdity. */
const requestBytesMax = 4 * 1024 * 1024 * 1024;
const holdBackBytes = 256 * 1024;
const keepAliveTimeoutMs = 65_000;
const headerBytesMax = 60 * 1024;

/** Listeners on the operator's address, each in front of all instances of one service. */
export class Balancer {
  readonly #client: BalancedClient;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #servers: Server[] = [];
  #draining = false;

  constructor(client: BalancedClient, clock: Clock, log: Log) {
    this.#client = client;
    this.#clock = clock;
    this.#log = log;
  }

  /** Opens all listeners and gives their ports; `reusePort` lets a second balancer open the same ones. */
  async listen(settings: BalancerSettings, reusePort: boolean): Promise<number[]> {
    const ports: number[] = [];
    for (const listener of settings.listeners) ports.push(await this.#open(listener, reusePort));
    return ports;
  }

  /** Answers end their connections from now on, and no new connection is taken. */
  drain(): void {
    this.#draining = true;
    for (const server of this.#servers) {
      server.close();
      server.closeIdleConnections();
    }
  }

  async close(): Promise<void> {
    for (const server of this.#servers) server.closeAllConnections();
    await Promise.all(this.#servers.map((server) => new Promise((resolve) => server.close(resolve))));
  }

  #open(listener: BalancerListener, reusePort: boolean): Promise<number> {
    const options = { service: listener.target, timeoutMs: answerMaxMs, requestBytesMax, holdBackBytes };
    const limits = { keepAliveTimeout: keepAliveTimeoutMs, maxHeaderSize: headerBytesMax, noDelay: true };
    const server = createServer(limits, (req, res) => {
      void this.#client.forward(req, res, this.#draining ? { ...options, draining: true } : options);
    });
    server.headersTimeout = keepAliveTimeoutMs + 1_000;
    server.requestTimeout = 0;
    server.on("upgrade", (req, socket, head) => forwardUpgrade(this.#client, req, socket, head, listener.target));
    guardAccept(server, this.#clock, this.#log);
    this.#servers.push(server);
    return new Promise((resolve, reject) => {
      server.once("error", reject);
      server.listen({ host: listener.address, port: listener.port, reusePort, backlog: 511 }, () => {
        server.off("error", reject);
        const bound = server.address();
        const port = typeof bound === "object" && bound !== null ? bound.port : listener.port;
        this.#log.info("balancer.listening", { listener: listener.name, address: listener.address, port });
        resolve(port);
      });
    });
  }
}
