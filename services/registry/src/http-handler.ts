import type { IncomingMessage, ServerResponse } from "node:http";
import { type InstanceId, type Log, PlatformError } from "@holdfast/kernel";
import {
  formatCursor,
  type InstanceRecord,
  parseCursor,
  problemContentType,
  problemFrom,
  RegistryPaths,
} from "@holdfast/wire";
import type { EventFilter } from "./event-log.ts";
import { readBytes } from "./read-bytes.ts";
import type { Registry } from "./registry.ts";
import type { ReplicateRequest } from "./replicate-call.ts";
import { readApp, readId, readOverride, readRecord, readRenew, readReplicate, readStatusChange } from "./validate.ts";

const recordBytesMax = 64 * 1024;
const replicateBytesMax = 8 * 1024 * 1024;

/** The registry's own API as a plain Node handler. */
export function registryHandler(registry: Registry, log: Log): (req: IncomingMessage, res: ServerResponse) => void {
  return (req, res) => {
    route(registry, req, res, log).catch((error: unknown) => {
      if (!(error instanceof PlatformError)) log.error("registry.request.failed", { method: req.method, error });
      const body = problemFrom(error);
      // Whatever of a refused body is still to come is not read.
      if (!req.complete) res.setHeader("connection", "close");
      if (!res.headersSent) send(res, body.status, body, problemContentType);
      else res.destroy();
    });
  };
}

async function route(registry: Registry, req: IncomingMessage, res: ServerResponse, log: Log): Promise<void> {
  const url = urlOf(req.url ?? "/");
  const path = url.pathname;
  const method = req.method ?? "GET";
  if (path.startsWith(`${RegistryPaths.instances}/`)) return instanceRoute(registry, req, res, url);
  if (path.startsWith(`${RegistryPaths.overrides}/`)) return overrideRoute(registry, req, res, url);
  if (path.startsWith("/v1/leases/")) return whyRoute(registry, method, res, url);
  switch (`${method} ${path}`) {
    case `GET ${RegistryPaths.stream}`:
      return openStream(registry, req, res, url);
    case `POST ${RegistryPaths.acks}`:
      return takeAck(registry, await readJson(req, recordBytesMax), res);
    case `GET ${RegistryPaths.instances}`:
      return send(res, 200, instancesOf(registry, url));
    case `POST ${RegistryPaths.replicate}`:
      return send(res, 200, await registry.replicate(await readBatch(req, log)));
    case `GET ${RegistryPaths.peers}`:
      return send(res, 200, { synced: registry.synced, peers: registry.peers() });
    case `GET ${RegistryPaths.health}`:
      return send(res, registry.serving ? 200 : 503, healthOf(registry));
    case `GET ${RegistryPaths.summary}`:
      return send(res, 200, registry.summary());
    case `GET ${RegistryPaths.preservation}`:
      return send(res, 200, registry.preservation());
    case `GET ${RegistryPaths.events}`:
      return send(res, 200, registry.events(eventFilterOf(url)));
    case `GET ${RegistryPaths.overrides}`:
      return send(res, 200, registry.overrides());
    default:
      throw new PlatformError("PATH_UNKNOWN", `${method} ${path}: is not a call of the registry`, { status: 404 });
  }
}

/** Not by `new URL(target, base)`: that takes what follows two slashes for a host. */
function urlOf(target: string): URL {
  const text = target.startsWith("/") ? `http://registry${target}` : target;
  if (URL.canParse(text)) return new URL(text);
  throw new PlatformError("PATH_UNKNOWN", `${target}: is not the path of a call`, { status: 400 });
}

/** A peer that sends garbage is ignored, and said so in the log. */
async function readBatch(req: IncomingMessage, log: Log): Promise<ReplicateRequest> {
  try {
    return readReplicate(await readJson(req, replicateBytesMax));
  } catch (error) {
    log.warn("registry.peer.garbage", { from: req.socket.remoteAddress, error });
    throw error;
  }
}

/** `[app, id, rest…]` of a path below `base`. */
function targetOf(base: string, url: URL): { app: string; id: InstanceId; action: string } {
  const [app = "", id = "", action = "", ...rest] = url.pathname
    .slice(base.length + 1)
    .split("/")
    .map(decode);
  if (app === "" || id === "" || rest.length > 0) {
    const message = `${url.pathname}: must be ${base}/{app}/{id}`;
    throw new PlatformError("PATH_UNKNOWN", message, { status: 404 });
  }
  return { app: readApp("{app}", app), id: readId("{id}", id), action };
}

async function instanceRoute(registry: Registry, req: IncomingMessage, res: ServerResponse, url: URL): Promise<void> {
  const { app, id, action } = targetOf(RegistryPaths.instances, url);
  switch (`${req.method} ${action}`) {
    case "PUT ": {
      const record = readRecord("instance", await readJson(req, recordBytesMax));
      if (record.id !== id || record.app !== app) {
        throw new PlatformError("BODY_INVALID", `${url.pathname}: the body names ${record.app}/${record.id}`, {
          status: 400,
        });
      }
      registry.register(record);
      return send(res, 204);
    }
    case "POST renew":
      registry.renewOwn(app, id, readRenew(await readJson(req, recordBytesMax)));
      return send(res, 204);
    case "PUT status":
      return send(res, 200, await registry.setStatus(app, id, readStatusChange(await readJson(req, recordBytesMax))));
    case "DELETE ": {
      const incarnation = Number(url.searchParams.get("incarnation") ?? Number.NaN);
      const cause = (url.searchParams.get("cause") ?? "deregistered").slice(0, 1_024) || "deregistered";
      registry.remove(id, app, cause, Number.isInteger(incarnation) ? incarnation : undefined);
      return send(res, 204);
    }
    case "GET ": {
      const record = registry.get(app, id);
      if (record === undefined) throw unknownInstance(app, id);
      return send(res, 200, record);
    }
    default:
      throw new PlatformError("METHOD_UNKNOWN", `${req.method} ${url.pathname}: is not a call of the registry`, {
        status: 405,
      });
  }
}

/** An operator's word, which outweighs the instance's own. */
async function overrideRoute(registry: Registry, req: IncomingMessage, res: ServerResponse, url: URL): Promise<void> {
  const { app, id, action } = targetOf(RegistryPaths.overrides, url);
  if (action === "" && req.method === "PUT") {
    const { status, by, reason } = readOverride(await readJson(req, recordBytesMax));
    if (!registry.setOverride(app, id, status, by, reason)) throw unknownInstance(app, id);
    return send(res, 204);
  }
  if (action === "" && req.method === "DELETE") {
    const by = (url.searchParams.get("by") ?? "operator").slice(0, 256) || "operator";
    if (registry.clearOverride(app, id, by)) return send(res, 204);
    throw new PlatformError("OVERRIDE_UNKNOWN", `${app}/${id}: has no override`, { status: 404 });
  }
  throw new PlatformError("METHOD_UNKNOWN", `${req.method} ${url.pathname}: is not a call of the registry`, {
    status: 405,
  });
}

function whyRoute(registry: Registry, method: string, res: ServerResponse, url: URL): void {
  const { app, id, action } = targetOf("/v1/leases", url);
  if (method !== "GET" || action !== "why") {
    const message = `${method} ${url.pathname}: must be GET ${RegistryPaths.why("{app}", "{id}")}`;
    throw new PlatformError("PATH_UNKNOWN", message, { status: 404 });
  }
  const answer = registry.why(app, id);
  send(res, answer.state === "unknown" ? 404 : 200, answer);
}

/** All, one app's, or as callers saw them at `at`: a cursor, an ISO 8601 time or wall ms. */
function instancesOf(registry: Registry, url: URL): readonly InstanceRecord[] {
  const app = url.searchParams.get("app")?.toLowerCase();
  const at = url.searchParams.get("at");
  if (at === null) return registry.records(app);
  const moment = parseCursor(at) ?? (/^\d+$/.test(at) ? Number(at) : Date.parse(at));
  if (typeof moment === "number" && !Number.isFinite(moment)) {
    const message = `at=${at}: must be a cursor (peer:epoch:sequence), an ISO 8601 time or milliseconds`;
    throw new PlatformError("QUERY_INVALID", message, { status: 400 });
  }
  return registry.recordsAt(moment, app);
}

function eventFilterOf(url: URL): EventFilter {
  const number = (name: string): number | undefined => {
    const value = url.searchParams.get(name);
    if (value === null) return undefined;
    if (/^\d{1,15}$/.test(value)) return Number(value);
    throw new PlatformError("QUERY_INVALID", `${name}=${value}: must be a whole number`, { status: 400 });
  };
  return {
    app: url.searchParams.get("app")?.toLowerCase(),
    id: url.searchParams.get("id") ?? undefined,
    after: number("after"),
    limit: number("limit"),
  };
}

function unknownInstance(app: string, id: string): PlatformError {
  const next = `GET ${RegistryPaths.why(app, id)}`;
  return new PlatformError("INSTANCE_UNKNOWN", `${app}/${id}: is not registered`, { status: 404, next });
}

function openStream(registry: Registry, req: IncomingMessage, res: ServerResponse, url: URL): void {
  if (!registry.serving) {
    const why = registry.draining ? "is about to stop" : "is still asking its peers";
    throw new PlatformError("REGISTRY_NOT_SYNCED", `registry: ${why}`, { status: 503, next: "ask another registry" });
  }
  const names = (name: string): Set<string> | undefined => {
    const value = url.searchParams.get(name);
    return value === null ? undefined : new Set(value.toLowerCase().split(",").filter(Boolean));
  };
  const lastEventId = req.headers["last-event-id"];
  const filter = { apps: names("app"), vips: names("vip") };
  registry.open(res, filter, typeof lastEventId === "string" ? lastEventId : undefined);
}

function takeAck(registry: Registry, body: unknown, res: ServerResponse): void {
  const valid = typeof body === "object" && body !== null && "listener" in body && "cursor" in body;
  if (!valid || typeof body.listener !== "string" || typeof body.cursor !== "string") {
    throw new PlatformError("BODY_INVALID", "ack: must have listener and cursor", { status: 400 });
  }
  send(res, registry.acknowledge(body.listener, body.cursor) ? 204 : 404);
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    throw new PlatformError("PATH_UNKNOWN", `${part}: is not valid percent-encoding`, { status: 400 });
  }
}

/** @throws PlatformError `BODY_TOO_LARGE` (413) or `BODY_INVALID` (400). */
async function readJson(req: IncomingMessage, bytesMax: number): Promise<unknown> {
  const body = await readBytes(req, bytesMax);
  try {
    return JSON.parse(body.toString("utf8"));
  } catch (error) {
    throw new PlatformError("BODY_INVALID", "body: is not JSON", { status: 400, cause: error });
  }
}

function healthOf(registry: Registry): Record<string, unknown> {
  const { synced, draining, size, held, listeners } = registry;
  const peersUp = registry.peers().filter((peer) => peer.state === "up").length;
  return { synced, draining, instances: size, held, listeners, peersUp, cursor: formatCursor(registry.cursor) };
}

function send(res: ServerResponse, status: number, body?: unknown, type = "application/json"): void {
  if (body === undefined) return void res.writeHead(status).end();
  const payload = Buffer.from(JSON.stringify(body));
  res.writeHead(status, { "content-type": type, "content-length": payload.length }).end(payload);
}
