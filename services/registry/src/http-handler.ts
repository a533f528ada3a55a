import type { IncomingMessage, ServerResponse } from "node:http";
import { type Log, PlatformError, parseInstanceId } from "@holdfast/kernel";
import { formatCursor, problemContentType, problemFrom, RegistryPaths } from "@holdfast/wire";
import type { Registry } from "./registry.ts";
import { readRecord, readRenew, readReplicate, readStatusChange } from "./validate.ts";

const recordBytesMax = 64 * 1024;
const replicateBytesMax = 8 * 1024 * 1024;

/** The registry's own API as a plain Node handler. */
export function registryHandler(registry: Registry, log: Log): (req: IncomingMessage, res: ServerResponse) => void {
  return (req, res) => {
    route(registry, req, res).catch((error: unknown) => {
      if (!(error instanceof PlatformError)) log.error("registry.request.failed", { method: req.method, error });
      const body = problemFrom(error);
      // Whatever of a refused body is still to come is not read.
      if (!req.complete) res.setHeader("connection", "close");
      if (!res.headersSent) send(res, body.status, body, problemContentType);
      else res.destroy();
    });
  };
}

async function route(registry: Registry, req: IncomingMessage, res: ServerResponse): Promise<void> {
  const url = new URL(req.url ?? "/", "http://registry");
  const path = url.pathname;
  const method = req.method ?? "GET";
  if (path.startsWith(`${RegistryPaths.instances}/`)) return instanceRoute(registry, req, res, url);
  switch (`${method} ${path}`) {
    case `GET ${RegistryPaths.stream}`:
      return openStream(registry, req, res, url);
    case `POST ${RegistryPaths.acks}`:
      return takeAck(registry, await readJson(req, recordBytesMax), res);
    case `GET ${RegistryPaths.instances}`:
      return send(res, 200, registry.records(url.searchParams.get("app")?.toLowerCase()));
    case `POST ${RegistryPaths.replicate}`:
      return send(res, 200, await registry.replicate(readReplicate(await readJson(req, replicateBytesMax))));
    case `GET ${RegistryPaths.peers}`:
      return send(res, registry.synced ? 200 : 503, { synced: registry.synced, peers: registry.peers() });
    case `GET ${RegistryPaths.health}`:
      return send(res, registry.synced && !registry.draining ? 200 : 503, healthOf(registry));
    default:
      throw new PlatformError("PATH_UNKNOWN", `${method} ${path}: is not a call of the registry`, { status: 404 });
  }
}

async function instanceRoute(registry: Registry, req: IncomingMessage, res: ServerResponse, url: URL): Promise<void> {
  const [app, rawId, action, ...rest] = url.pathname
    .slice(RegistryPaths.instances.length + 1)
    .split("/")
    .map(decode);
  const id = rawId === undefined ? undefined : parseInstanceId(rawId);
  if (app === undefined || app === "" || id === undefined || rest.length > 0) {
    throw new PlatformError("PATH_UNKNOWN", `${url.pathname}: must be ${RegistryPaths.instances}/{app}/{id}`, {
      status: 404,
    });
  }
  switch (`${req.method} ${action ?? ""}`) {
    case "PUT ": {
      const record = readRecord("instance", await readJson(req, recordBytesMax));
      if (record.id !== id || record.app !== app.toLowerCase()) {
        throw new PlatformError("BODY_INVALID", `${url.pathname}: the body names ${record.app}/${record.id}`, {
          status: 400,
        });
      }
      registry.register(record);
      return send(res, 204);
    }
    case "POST renew":
      registry.renew(id, readRenew(await readJson(req, recordBytesMax)));
      return send(res, 204);
    case "PUT status":
      return send(res, 200, await registry.setStatus(id, readStatusChange(await readJson(req, recordBytesMax))));
    case "DELETE ": {
      const incarnation = Number(url.searchParams.get("incarnation") ?? Number.NaN);
      const cause = (url.searchParams.get("cause") ?? "deregistered").slice(0, 1_024) || "deregistered";
      registry.remove(id, app.toLowerCase(), cause, Number.isInteger(incarnation) ? incarnation : undefined);
      return send(res, 204);
    }
    case "GET ": {
      const record = registry.get(id);
      if (record === undefined || record.app !== app.toLowerCase()) {
        throw new PlatformError("INSTANCE_UNKNOWN", `${app}/${id}: is not registered`, { status: 404 });
      }
      return send(res, 200, record);
    }
    default:
      throw new PlatformError("METHOD_UNKNOWN", `${req.method} ${url.pathname}: is not a call of the registry`, {
        status: 405,
      });
  }
}

function openStream(registry: Registry, req: IncomingMessage, res: ServerResponse, url: URL): void {
  if (!registry.synced || registry.draining) {
    const why = registry.draining ? "is about to stop" : "is still asking its peers";
    throw new PlatformError("REGISTRY_NOT_SYNCED", `registry: ${why}`, { status: 503, next: "ask another registry" });
  }
  const names = url.searchParams.get("app")?.toLowerCase().split(",").filter(Boolean);
  const lastEventId = req.headers["last-event-id"];
  registry.open(
    res,
    names === undefined ? undefined : new Set(names),
    typeof lastEventId === "string" ? lastEventId : undefined,
  );
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
  const body = await readBody(req, bytesMax);
  try {
    return JSON.parse(body.toString("utf8"));
  } catch (error) {
    throw new PlatformError("BODY_INVALID", "body: is not JSON", { status: 400, cause: error });
  }
}

/** Not `for await`: leaving that loop early would take the connection away before the answer. */
function readBody(req: IncomingMessage, bytesMax: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    req.on("data", (chunk: Buffer) => {
      bytes += chunk.length;
      chunks.push(chunk);
      if (bytes <= bytesMax) return;
      req.pause();
      req.removeAllListeners("data");
      reject(new PlatformError("BODY_TOO_LARGE", `body: is longer than ${bytesMax} bytes`, { status: 413 }));
    });
    req.on("end", () => resolve(Buffer.concat(chunks)));
    req.on("error", reject);
    req.on("close", () => reject(new PlatformError("BODY_INVALID", "body: ends in the middle", { status: 400 })));
  });
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
