import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { hasCode, PlatformError } from "@holdfast/kernel";
import { Env, Headers } from "@holdfast/wire";
import { headerBytesMax, refuseClient } from "../app-server.ts";
import { maskText } from "../logs/secret-text.ts";
import { checkAccess } from "./access.ts";
import type { AdminRoute } from "./admin-route.ts";
import type { AdminSource } from "./admin-source.ts";
import { type Exchange, exchangeOf, sendError } from "./exchange.ts";
import { adminRoutes } from "./routes.ts";

/** Health, metrics, properties and diagnostics on a port of their own, reachable while the application's port is busy or closed. */
export function createAdminServer(source: AdminSource): Server {
  const { routes, stop } = adminRoutes(source);
  const byPath = Map.groupBy(routes, ({ path }) => path);
  const token = source.environment[Env.instanceToken];
  const mask = (text: string): string => maskText(source.logs.secrets.mask(text));
  const answer = async (exchange: Exchange): Promise<void> => {
    try {
      const route = routeOf(byPath, exchange);
      checkAccess(exchange.req, route.access, token);
      await route.answer(exchange);
    } catch (error) {
      if (hasCode(error, "TOKEN_NEEDED") && !exchange.res.headersSent)
        exchange.res.setHeader("www-authenticate", 'Bearer realm="admin"');
      if (!(error instanceof PlatformError)) {
        const { method } = exchange.req;
        source.logs.log.error("admin.failed", { method, path: exchange.path, error });
      }
      sendError(exchange, error);
      // What was not read of a body must not be taken for the next request.
      exchange.req.resume();
    }
  };
  const server = createServer(
    { keepAliveTimeout: 65_000, maxHeaderSize: headerBytesMax },
    (req: IncomingMessage, res: ServerResponse) => {
      res.setHeader(Headers.instance, source.identity.instanceId);
      void answer(exchangeOf(req, res, mask));
    },
  );
  server.on("error", () => {});
  server.on("clientError", refuseClient);
  server.on("close", stop);
  return server;
}

/** @throws PlatformError `PATH_UNKNOWN` (404), `METHOD_UNKNOWN` (405). */
function routeOf(byPath: ReadonlyMap<string, readonly AdminRoute[]>, { req, res, path }: Exchange): AdminRoute {
  const known = byPath.get(path);
  if (known === undefined) {
    throw new PlatformError("PATH_UNKNOWN", `${path.slice(0, 200)}: is not on the admin port`, {
      status: 404,
      next: "GET / lists what is",
    });
  }
  const method = req.method === "HEAD" ? "GET" : req.method;
  const route = known.find((one) => one.method === method);
  if (route !== undefined) return route;
  const allowed = known.map((one) => one.method).join(", ");
  res.setHeader("allow", allowed);
  throw new PlatformError("METHOD_UNKNOWN", `${path}: takes ${allowed}, not ${req.method}`, { status: 405 });
}
