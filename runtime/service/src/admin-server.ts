import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { type MeterRegistry, metricsText } from "@holdfast/metrics";
import type { HystrixStreams } from "@holdfast/resilience";
import { Headers, problem, problemContentType, type ResilienceReport } from "@holdfast/wire";
import {
  type HealthAnswer,
  type HealthSource,
  healthContentType,
  karyonAnswer,
  liveAnswer,
  readyAnswer,
} from "./health/health-answer.ts";
import type { Health } from "./health/health-board.ts";
import type { Identity } from "./identity.ts";
import type { ComponentReport } from "./lifecycle/component.ts";

export type Readiness = "starting" | "up" | "down" | "draining";

export interface AdminSource {
  readonly identity: Identity;
  readonly meters: MeterRegistry;
  /** Brings meters up to date that are not by themselves. */
  readonly readProcess: () => void;
  readonly readiness: () => Readiness;
  /** Why it is not up, or what is degraded; empty when all is well. */
  readonly reason: () => string;
  readonly health: () => Health;
  readonly components: () => readonly ComponentReport[];
  readonly uptimeMs: () => number;
  /** As all who read the meters count it: maxima and unused series are forgotten by it. */
  readonly monotonicMs: () => number;
  /** Circuits and balancers. */
  readonly resilience: () => ResilienceReport;
  /** All properties, and who says so; secrets masked. */
  readonly config: () => unknown;
  /** Hystrix's streams, by their paths. */
  readonly streams: HystrixStreams;
}

/** Health, metrics and identity on a port of their own, reachable while the application's port is busy or closed. */
export function createAdminServer(source: AdminSource): Server {
  const server = createServer({ keepAliveTimeout: 65_000 }, (req, res) => {
    res.setHeader(Headers.instance, source.identity.instanceId);
    if (req.method !== "GET" && req.method !== "HEAD") {
      return json(
        res,
        405,
        problem(405, "METHOD_UNKNOWN", `${req.method}: the admin port only reads`),
        problemContentType,
      );
    }
    answer(source, req, res);
  });
  server.on("error", () => {});
  return server;
}

function answer(source: AdminSource, req: IncomingMessage, res: ServerResponse): void {
  // Not `new URL`: it throws on what a stranger may send (`GET //`).
  const [path = "/"] = (req.url ?? "/").split("?", 1);
  switch (path) {
    case "/healthz":
    case "/livez":
      return sendHealth(res, liveAnswer(healthOf(source)));
    case "/readyz":
      return sendHealth(res, readyAnswer(healthOf(source)));
    case "/healthcheck":
    case "/Status":
      return sendHealth(res, karyonAnswer(healthOf(source)));
    case "/metrics": {
      source.readProcess();
      const { contentType, text } = metricsText(source.meters.snapshot(source.monotonicMs()), req.headers.accept);
      res.writeHead(200, { "content-type": contentType, "content-length": Buffer.byteLength(text) }).end(text);
      return;
    }
    case "/v1/metrics":
      source.readProcess();
      return json(res, 200, source.meters.snapshot(source.monotonicMs()));
    case "/v1/info": {
      const { service, instanceId, application, cluster, serverGroup, region, zone, environment } = source.identity;
      const who = { service, instanceId, application, cluster, serverGroup, region, zone, environment };
      return json(res, 200, {
        ...who,
        node: process.version,
        pid: process.pid,
        uptimeMs: source.uptimeMs(),
        readiness: source.readiness(),
        components: source.components(),
      });
    }
    case "/v1/config":
      return json(res, 200, source.config());
    case "/v1/resilience":
      return json(res, 200, source.resilience());
    case "/hystrix.stream":
    case "/hystrix/config.stream":
    case "/hystrix/utilization.stream":
    case "/hystrix/request.stream":
      return source.streams[path](req, res);
    default:
      return json(res, 404, problem(404, "PATH_UNKNOWN", `${path}: is not on the admin port`), problemContentType);
  }
}

function healthOf(source: AdminSource): HealthSource {
  return {
    service: source.identity.service,
    readiness: source.readiness(),
    reason: source.reason(),
    health: source.health(),
  };
}

function sendHealth(res: ServerResponse, { status, body }: HealthAnswer): void {
  if (body === undefined) return void res.writeHead(status).end();
  json(res, status, body, healthContentType);
}

function json(res: ServerResponse, status: number, body: unknown, type = "application/json"): void {
  const text = JSON.stringify(body);
  res.writeHead(status, { "content-type": type, "content-length": Buffer.byteLength(text) }).end(text);
}
