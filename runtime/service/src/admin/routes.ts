import { PlatformError } from "@holdfast/kernel";
import { metricsText } from "@holdfast/metrics";
import { allProps, env, eureka } from "../compat/webadmin.ts";
import {
  type HealthAnswer,
  type HealthSource,
  healthContentType,
  karyonAnswer,
  liveAnswer,
  readyAnswer,
} from "../health/health-answer.ts";
import type { Access } from "./access.ts";
import type { AdminRoute } from "./admin-route.ts";
import type { AdminSource } from "./admin-source.ts";
import { Diagnostics } from "./diagnostics.ts";
import { type Exchange, sendJson, sendText } from "./exchange.ts";
import { LevelSetter, putLevel, sendLevels } from "./level-routes.ts";
import { maskedEnvironment, maskedProperties } from "./masking.ts";
import { pageOf } from "./page.ts";

/** What is on the admin port, and the way to end what it has begun. */
export function adminRoutes(source: AdminSource): {
  readonly routes: readonly AdminRoute[];
  readonly stop: () => void;
} {
  const setter = new LevelSetter(source.clock, source.config);
  const diagnostics = new Diagnostics(source.clock, source.identity.instanceId);
  const routes: AdminRoute[] = [
    ...healthRoutes(source),
    ...viewRoutes(source),
    get("/v1/log-level", "open", "levels of the log, and how its output does", (e) => sendLevels(source, e)),
    {
      method: "PUT",
      path: "/v1/log-level",
      access: "token",
      says: 'sets a level at run time: {"level":"debug","name":"config","seconds":600}',
      answer: (exchange) => putLevel(source, setter, exchange),
    },
    {
      method: "POST",
      path: "/v1/heap-snapshot",
      access: "token",
      says: "the heap, for Chrome's developer tools; the process stands still meanwhile",
      answer: (exchange) => diagnostics.heapSnapshot(exchange),
    },
    {
      method: "POST",
      path: "/v1/cpu-profile",
      access: "token",
      says: "where the CPU's time goes in the next ?seconds=10, for Chrome's developer tools",
      answer: (exchange) => diagnostics.cpuProfile(exchange),
    },
    ...streamRoutes(source),
    ...karyonRoutes(source),
  ];
  routes.unshift(get("/", "local", "this page; as JSON for programs", (e) => sendIndex(source, routes, e)));
  return { routes, stop: () => setter.stop() };
}

function get(path: string, access: Access, says: string, answer: AdminRoute["answer"]): AdminRoute {
  return { method: "GET", path, access, says, answer };
}

function healthRoutes(source: AdminSource): AdminRoute[] {
  const health = (path: string, says: string, answerOf: (of: HealthSource) => HealthAnswer): AdminRoute =>
    get(path, "open", says, (exchange) => sendHealth(exchange, answerOf(healthOf(source))));
  return [
    health("/livez", "whether it is to be left running", liveAnswer),
    health("/healthz", "the same", liveAnswer),
    health("/readyz", "whether requests are to be sent here", readyAnswer),
    health("/healthcheck", "as Karyon answers: 204 starting, 200 up, 503 otherwise", karyonAnswer),
    health("/Status", "the same", karyonAnswer),
  ];
}

function viewRoutes(source: AdminSource): AdminRoute[] {
  const { meters, clock } = source;
  return [
    get("/v1/info", "open", "who this is", (e) => sendJson(e, infoOf(source))),
    get("/metrics", "open", "meters, for Prometheus", ({ req, res }) => {
      source.readProcess();
      const { contentType, text } = metricsText(meters.snapshot(clock.monotonicMs()), req.headers.accept);
      sendText(res, 200, contentType, text);
    }),
    get("/v1/metrics", "open", "meters as JSON", (e) => {
      source.readProcess();
      // Names and numbers, many of them, asked for each few seconds: not looked through.
      sendText(e.res, 200, "application/json", JSON.stringify(meters.snapshot(clock.monotonicMs())));
    }),
    get("/v1/resilience", "open", "circuits and balancers", (e) => sendJson(e, source.resilience())),
    get("/v1/registry", "local", "all instances this process knows of", (e) => {
      const instances = source.instances();
      sendJson(e, { asked: instances !== undefined, instances: instances ?? [] });
    }),
    get("/v1/config", "local", "all properties, and who says so; one with ?key=", (e) => sendConfig(source, e)),
    get("/props", "local", "the same", (e) => sendConfig(source, e)),
    get("/v1/env", "local", "the environment", (e) => sendJson(e, { env: maskedEnvironment(source) })),
    get("/env", "local", "the same", (e) => sendJson(e, { env: maskedEnvironment(source) })),
  ];
}

function streamRoutes({ streams }: AdminSource): AdminRoute[] {
  const paths = [
    "/hystrix.stream",
    "/hystrix/config.stream",
    "/hystrix/utilization.stream",
    "/hystrix/request.stream",
  ] as const;
  return paths.map((path) => get(path, "open", "Hystrix's stream", ({ req, res }) => streams[path](req, res)));
}

function karyonRoutes(source: AdminSource): AdminRoute[] {
  const says = "as Karyon answers";
  const healthcheck = ({ res }: Exchange): void => {
    res.writeHead(karyonAnswer(healthOf(source)).status, { "content-type": "text/html", "content-length": 0 }).end();
  };
  return [
    get("/webadmin/allprops", "local", says, (e) => sendJson(e, allProps(source))),
    get("/webadmin/env", "local", says, (e) => sendJson(e, env(source))),
    get("/webadmin/eureka", "local", says, (e) => sendJson(e, eureka(source))),
    get("/webadmin/v2/healthcheck", "open", says, healthcheck),
    get("/webadmin/healthcheck", "open", says, healthcheck),
    get("/admin", "local", "the way to this page", ({ res }) => void res.writeHead(302, { location: "/" }).end()),
  ];
}

/** @throws PlatformError `PROPERTY_UNKNOWN` (404). */
function sendConfig(source: AdminSource, exchange: Exchange): void {
  const key = exchange.query.get("key");
  const properties = maskedProperties(source);
  if (key === null) return sendJson(exchange, { ...source.configReport(), properties });
  const one = properties.find((property) => property.key === key);
  if (one === undefined)
    throw new PlatformError("PROPERTY_UNKNOWN", `${key}: nobody says anything of it`, { status: 404 });
  sendJson(exchange, one);
}

function infoOf(source: AdminSource): object {
  const { service, instanceId, application, cluster, serverGroup, region, zone, environment } = source.identity;
  const who = { service, instanceId, application, cluster, serverGroup, region, zone, environment };
  return {
    ...who,
    node: process.version,
    pid: process.pid,
    uptimeMs: source.uptimeMs(),
    readiness: source.readiness(),
    components: source.components(),
  };
}

function healthOf(source: AdminSource): HealthSource {
  const { identity, readiness, reason, health } = source;
  return { service: identity.service, readiness: readiness(), reason: reason(), health: health() };
}

function sendHealth(exchange: Exchange, { status, body }: HealthAnswer): void {
  if (body === undefined) return void exchange.res.writeHead(status).end();
  sendJson(exchange, body, status, healthContentType);
}

/** A page for those who ask for HTML, as browsers do. */
function sendIndex(source: AdminSource, routes: readonly AdminRoute[], exchange: Exchange): void {
  if (!(exchange.req.headers.accept ?? "").includes("text/html")) {
    return sendJson(exchange, {
      paths: routes.map(({ method, path, access, says }) => ({ method, path, access, says })),
    });
  }
  // Nothing from outside, no script at all: what is shown was written by others.
  exchange.res.setHeader("content-security-policy", "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'");
  exchange.res.setHeader("x-content-type-options", "nosniff");
  sendText(
    exchange.res,
    200,
    "text/html; charset=utf-8",
    source.logs.secrets.mask(pageOf(source, routes, exchange.mask)),
  );
}
