import { createServer, type Server } from "node:http";
import { Server as NetServer } from "node:net";
import { type BalancedClient, forwardUpgrade } from "@holdfast/client";
import type { Clock, Log } from "@holdfast/kernel";
import { guardAccept, headerBytesMax, keepAliveTimeoutMs, refuseClient, serveAlsoAt } from "@holdfast/service";
import type { BalancerListener, BalancerSettings } from "@holdfast/wire";

/** The gateways judge a request's time; here it only must not hang for ever. */
const answerMaxMs = 60_000;
/** Request bodies are limited behind us; here only against absurdity. */
const requestBytesMax = 4 * 1024 * 1024 * 1024;
const holdBackBytes = 256 * 1024;
/** While draining, a kept connection gets so long for one more request, whose answer then ends it. */
const idleGraceMs = 1_500;
const lookEveryMs = 50;

/** Listeners on the operator's address, each in front of all instances of one service. */
export class Balancer {
  readonly #client: BalancedClient;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #servers: Server[] = [];
  readonly #sides: NetServer[] = [];
  #draining = false;
  #connections = 0;

  constructor(client: BalancedClient, clock: Clock, log: Log) {
    this.#client = client;
    this.#clock = clock;
    this.#log = log;
  }

  /** Opens all listeners and gives their ports; `reusePort` lets a second balancer open the same ones. `id` is the instance's. */
  async listen(settings: BalancerSettings, reusePort: boolean, id: string): Promise<number[]> {
    const ports: number[] = [];
    for (const listener of settings.listeners) ports.push(await this.#open(listener, reusePort, id));
    return ports;
  }

  /** No new connections from now on; answers end those that there are. */
  drain(): void {
    if (this.#draining) return;
    this.#draining = true;
    for (const side of this.#sides) side.close();
    for (const server of this.#servers) {
      // http's own close() cuts idle connections at once, under a caller that is just about to use one.
      NetServer.prototype.close.call(server);
    }
  }

  /** Drains, waits until all answers have gone (at most `boundMs`), and cuts what is left. */
  async close(boundMs: number): Promise<void> {
    this.drain();
    const startMs = this.#clock.monotonicMs();
    for (let waitedMs = 0; this.#connections > 0 && waitedMs < boundMs; ) {
      await this.#clock.sleep(lookEveryMs);
      waitedMs = this.#clock.monotonicMs() - startMs;
      if (waitedMs >= idleGraceMs) for (const server of this.#servers) server.closeIdleConnections();
    }
    for (const server of this.#servers) server.closeAllConnections();
    // The listening sockets are closed already; this stops http's own timers.
    for (const server of this.#servers) server.close(() => {});
  }

  #open(listener: BalancerListener, reusePort: boolean, id: string): Promise<number> {
    const draining = (): boolean => this.#draining;
    const options = { service: listener.target, timeoutMs: answerMaxMs, requestBytesMax, holdBackBytes, draining };
    const limits = { keepAliveTimeout: keepAliveTimeoutMs, maxHeaderSize: headerBytesMax, noDelay: true };
    const server = createServer(limits, (req, res) => {
      void this.#client.forward(req, res, options);
    });
    server.headersTimeout = keepAliveTimeoutMs + 1_000;
    server.requestTimeout = 0;
    server.on("clientError", refuseClient);
    server.on("upgrade", (req, socket, head) => forwardUpgrade(this.#client, req, socket, head, listener.target));
    server.on("connection", (socket) => {
      this.#connections += 1;
      socket.on("close", () => void (this.#connections -= 1));
    });
    guardAccept(server, this.#clock, this.#log);
    this.#servers.push(server);
    return new Promise((resolve, reject) => {
      server.once("error", reject);
      server.listen({ host: listener.address, port: listener.port, reusePort, backlog: 511 }, () => {
        server.off("error", reject);
        const bound = server.address();
        const port = typeof bound === "object" && bound !== null ? bound.port : listener.port;
        this.#log.info("balancer.listening", { listener: listener.name, address: listener.address, port });
        const { socket } = listener;
        if (socket === undefined) resolve(port);
        else
          serveAlsoAt(server, socket.replace("{id}", id)).then((side) => {
            this.#sides.push(side);
            resolve(port);
          }, reject);
      });
    });
  }
}
