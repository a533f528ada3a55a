import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { BalancedClient } from "@holdfast/client";
import { type Clock, type Log, messageOf } from "@holdfast/kernel";
import { type MeterRegistry, prometheusContentType, prometheusText } from "@holdfast/metrics";
import type { HystrixStreams } from "@holdfast/resilience";
import { headerBytesMax, refuseClient } from "@holdfast/service";
import { ChangeStream } from "./change-stream.ts";
import { strangerFault } from "./loopback-only.ts";
import { dynamicProperties, healthcheck, hosts, type PranaSource, ping, status } from "./prana-api.ts";
import { isProxied, Proxy } from "./proxy.ts";
import { targetOf } from "./query.ts";
import { send, sendJson, sendProblem } from "./send.ts";
import { appView, configSource, registrySource } from "./sources.ts";

export interface LocalApiParts extends PranaSource {
  readonly client: BalancedClient;
  readonly meters: MeterRegistry;
  /** Brings meters up to date that are only read when somebody asks. */
  readonly readMeters: () => void;
  readonly streams: HystrixStreams;
}

export interface LocalApiOptions {
  /** Longest body of a request that is passed on, in bytes. Default 1 GiB. */
  readonly bodyBytesMax?: number;
}

const bodyBytesDefault = 1024 ** 3;
/** A request that has not come in whole after so long is cut: uploads of long bodies included. */
const requestTimeoutMs = 600_000;
const headersTimeoutMs = 10_000;
/** Parents keep their connections; so do we. */
const keepAliveTimeoutMs = 65_000;

/** What the parent talks to: Prana's paths, ours beside them, on a loopback address only. */
export class LocalApi {
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #parts: LocalApiParts;
  readonly #proxy: Proxy;
  readonly #registry: ChangeStream;
  readonly #config: ChangeStream;
  readonly #server: Server;
  readonly #startedAtMs: number;

  constructor(clock: Clock, log: Log, parts: LocalApiParts, options: LocalApiOptions = {}) {
    this.#clock = clock;
    this.#log = log;
    this.#parts = parts;
    this.#startedAtMs = clock.monotonicMs();
    const { client, servers, config } = parts;
    this.#proxy = new Proxy(client, servers, config, options.bodyBytesMax ?? bodyBytesDefault);
    this.#registry = new ChangeStream(clock, registrySource(servers));
    this.#config = new ChangeStream(clock, configSource(config));
    this.#server = createServer(
      {
        maxHeaderSize: headerBytesMax,
        keepAliveTimeout: keepAliveTimeoutMs,
        headersTimeout: headersTimeoutMs,
        requestTimeout: requestTimeoutMs,
        noDelay: true,
        // Nothing here waits for the end of a request without a body: a sixth of a small one's time.
        optimizeEmptyRequests: true,
      },
      (req, res) => this.#serve(req, res),
    );
    this.#server.on("clientError", refuseClient);
  }

  /** @throws what `listen` throws. Gives the port. */
  listen(host: string, port: number): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#server.once("error", reject);
      this.#server.listen({ host, port }, () => {
        this.#server.off("error", reject);
        this.#server.on("error", (error) => this.#log.warn("sidecar.server.error", { error }));
        const bound = this.#server.address();
        resolve(typeof bound === "object" && bound !== null ? bound.port : port);
      });
    });
  }

  close(): Promise<void> {
    this.#registry.close();
    this.#config.close();
    const closed = new Promise<void>((resolve) => void this.#server.close(() => resolve()));
    this.#server.closeAllConnections();
    return closed;
  }

  #serve(req: IncomingMessage, res: ServerResponse): void {
    const fault = strangerFault(req);
    if (fault !== undefined) {
      req.resume();
      return sendProblem(res, 403, "STRANGER", fault);
    }
    const failed = (error: unknown): void => {
      this.#log.error("sidecar.request.failed", { method: req.method, error });
      if (res.headersSent) return void res.destroy();
      sendProblem(res, 500, "INTERNAL", `the sidecar failed: ${messageOf(error)}`);
    };
    try {
      this.#route(req, res)?.catch(failed);
    } catch (error) {
      failed(error);
    }
  }

  #route(req: IncomingMessage, res: ServerResponse): Promise<unknown> | undefined {
    const url = req.url ?? "/";
    if (isProxied(url)) return this.#proxy.to(req, res);
    const { path, query } = targetOf(url);
    if (path === "/proxy") return this.#proxy.prana(req, res, query);
    req.resume();
    if (req.method !== "GET" && req.method !== "HEAD") {
      res.setHeader("allow", "GET, HEAD");
      sendProblem(res, 405, "METHOD_UNKNOWN", `${req.method}: ${path} is only read`);
      return undefined;
    }
    if (path === "/healthcheck") return healthcheck(this.#parts, res);
    this.#read(req, res, path, query);
    return undefined;
  }

  #read(req: IncomingMessage, res: ServerResponse, path: string, query: URLSearchParams): void {
    const parts = this.#parts;
    switch (path) {
      case "/ping":
        return ping(res);
      case "/status":
        return status(parts, res);
      case "/dynamicproperties":
        return dynamicProperties(parts, query, res);
      case "/eureka/hosts":
        return hosts(parts, query, res);
      case "/registry":
        return sendJson(res, { apps: parts.servers.apps() });
      case "/registry.stream":
        return this.#registry.open(req, res, query.getAll("app"));
      case "/config.stream":
        return this.#config.open(req, res, query.getAll("id"));
      case "/metrics":
        return this.#metrics(res);
      case "/hystrix.stream":
      case "/hystrix/config.stream":
      case "/hystrix/utilization.stream":
      case "/hystrix/request.stream":
        return parts.streams[path](req, res);
      default:
        return this.#other(res, path);
    }
  }

  #other(res: ServerResponse, path: string): void {
    const app = /^\/registry\/([A-Za-z0-9][A-Za-z0-9._-]{0,127})$/.exec(path)?.[1];
    if (app !== undefined) return sendJson(res, appView(this.#parts.servers, app.toLowerCase()));
    const paths = "/ping, /status, /healthcheck, /dynamicproperties, /eureka/hosts, /proxy, /to/{service}/…";
    sendProblem(res, 404, "PATH_UNKNOWN", `${path.slice(0, 200)}: is no path of the sidecar`, paths);
  }

  #metrics(res: ServerResponse): void {
    this.#parts.readMeters();
    const upMs = Math.round(this.#clock.monotonicMs() - this.#startedAtMs);
    send(res, 200, prometheusContentType, prometheusText(this.#parts.meters.snapshot(upMs)));
  }
}
