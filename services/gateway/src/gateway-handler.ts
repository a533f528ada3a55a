import type { IncomingMessage, ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import { type BalancedClient, forwardUpgrade } from "@holdfast/client";
import { type GatewaySettings, problem, problemContentType } from "@holdfast/wire";
import { RouteTable } from "./routes.ts";

export interface GatewayHandler {
  readonly handle: (req: IncomingMessage, res: ServerResponse) => Promise<void>;
  readonly upgrade: (req: IncomingMessage, socket: Duplex, head: Buffer) => void;
}

/** The gateway as a plain Node handler: finds the route, passes the request on. */
export function gatewayHandler(client: BalancedClient, settings: GatewaySettings): GatewayHandler {
  const routes = new RouteTable(settings.routes);
  const { requestBytesMax, holdBackBytes } = settings;
  return {
    handle: async (req, res) => {
      const found = routes.find(req.url ?? "/");
      if (found === undefined) return refuse(req, res);
      const { to: service, timeoutMs } = found.route;
      await client.forward(req, res, { service, timeoutMs, requestBytesMax, holdBackBytes, path: found.path });
    },
    upgrade: (req, socket, head) => {
      const found = routes.find(req.url ?? "/");
      if (found !== undefined) return forwardUpgrade(client, req, socket, head, found.route.to);
      socket.end("HTTP/1.1 404 Not Found\r\nconnection: close\r\ncontent-length: 0\r\n\r\n");
    },
  };
}

function refuse(req: IncomingMessage, res: ServerResponse): void {
  const detail = `${req.url}: no route of the application file matches this path`;
  const body = JSON.stringify(problem(404, "ROUTE_UNKNOWN", detail, { next: "add it under `routes`" }));
  req.resume();
  res.writeHead(404, { "content-type": problemContentType, "content-length": Buffer.byteLength(body) }).end(body);
}
