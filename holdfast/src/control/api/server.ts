import { codeOf, type Log, PlatformError } from "@holdfast/kernel";
import { type FastifyInstance, type FastifyReply, type FastifyRequest, fastify } from "fastify";
import type { z } from "zod";
import type { Access, AccessRequest } from "./access.ts";
import { serveConsole } from "./console-files.ts";
import { problemOf, RequestInvalidError, sendProblem } from "./problems.ts";
import type { Route } from "./route.ts";

export interface ApiServerOptions {
  /** Directory of the built console; without one, `/` says how to get it. */
  readonly consoleDirectory: string | undefined;
  readonly openapi: () => unknown;
}

const bodyBytesMax = 1024 * 1024;

/** Pages of ours load nothing from elsewhere and are framed by nobody. */
const pageHeaders = {
  "content-security-policy":
    "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; frame-ancestors 'none'; base-uri 'none'",
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer",
} as const;

/** Builds the HTTP server of control: routes, documents, login link and the console's files. Listens on nothing yet. */
export function apiServer(
  log: Log,
  access: Access,
  routes: readonly Route[],
  options: ApiServerOptions,
): FastifyInstance {
  const app = fastify({
    bodyLimit: bodyBytesMax,
    // Schemas of ours check and describe; the framework's own compilers would only cost memory.
    logger: false,
    requestTimeout: 30_000,
    keepAliveTimeout: 65_000,
    forceCloseConnections: true,
    // Instance ids of Eureka's clients are longer than the hundred characters a path part may have unless told.
    routerOptions: { maxParamLength: 512 },
  });
  app.addHook("onRequest", async (request, reply) => {
    void reply.headers(pageHeaders);
    access.checkSender(accessOf(request));
  });
  app.setErrorHandler((error, _request, reply) => {
    const answer = problemOf(error);
    if (answer.status >= 500 && answer.code === "INTERNAL") log.error("api.failed", { error });
    return sendProblem(reply, answer);
  });
  // A POST without a body is fine where none is needed; a body that is not JSON is not.
  app.addContentTypeParser("application/json", { parseAs: "string" }, (_request, body, done) => {
    if (body === "") return done(null, undefined);
    try {
      done(null, JSON.parse(String(body)));
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      done(new PlatformError("REQUEST_INVALID", `the request's body is not valid JSON: ${reason}`, { status: 400 }));
    }
  });
  for (const route of routes) addRoute(app, access, route);
  app.get("/healthz", () => ({ status: "up" }));
  app.get("/openapi.json", options.openapi);
  app.get("/login", (request, reply) => login(access, request, reply));
  serveConsole(app, options.consoleDirectory);
  return app;
}

function addRoute(app: FastifyInstance, access: Access, route: Route): void {
  app.route({
    method: route.method,
    url: route.path.replaceAll(/\{(\w+)\}/g, ":$1"),
    onRequest: async (request) => {
      if (route.access === "none") return;
      const caller = accessOf(request);
      if (route.access === "bearer" && !access.isBearer(caller)) access.checkCaller({ ...caller, cookie: undefined });
      access.checkCaller(caller);
    },
    handler: async (request, reply) => {
      const query = route.query === undefined ? {} : checked("query", route.query, request.query);
      const body = route.body === undefined ? undefined : checked("body", route.body, request.body ?? {});
      void reply.status(route.status);
      const params = request.params as Record<string, string>;
      const answer = await route.handle({ params, query: query as Record<string, unknown>, body, request, reply });
      if (reply.sent || reply.raw.headersSent) return reply;
      if (answer === undefined) return reply.send();
      return reply.header("cache-control", "no-store").type("application/json").send(JSON.stringify(answer));
    },
  });
}

function checked(where: string, schema: z.ZodType, value: unknown): unknown {
  const result = schema.safeParse(value);
  if (!result.success) throw new RequestInvalidError(where, result.error.issues);
  return result.data;
}

function accessOf(request: FastifyRequest): AccessRequest {
  const { host, origin, authorization, cookie } = request.headers;
  return { host, origin, authorization, cookie };
}

/** The link that `holdfast up` prints: a code in, a cookie and the console out. */
function login(access: Access, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const { code } = request.query as { code?: unknown };
  if (!access.hasSession(accessOf(request))) {
    try {
      void reply.header("set-cookie", access.openSession(typeof code === "string" ? code : ""));
    } catch (error) {
      const why = error instanceof PlatformError ? error.message : "the login failed";
      return reply.status(401).type("text/html; charset=utf-8").send(refusalPage(why));
    }
  }
  return reply.header("cache-control", "no-store").redirect("/", 303);
}

function refusalPage(why: string): string {
  return `<!doctype html><html lang="en"><meta charset="utf-8"><title>Holdfast</title><body><h1>Not signed in</h1><p>${why}. For a new link: <code>npx holdfast open</code></p></body></html>`;
}

/** @throws PlatformError `PORT_TAKEN` when somebody else listens there. */
export async function listen(app: FastifyInstance, address: string, port: number): Promise<number> {
  try {
    await app.listen({ host: address, port });
  } catch (error) {
    if (codeOf(error) !== "EADDRINUSE") throw error;
    throw new PlatformError("PORT_TAKEN", `${address}:${port} is taken by another process`, {
      next: "stop it, or start with --port console=N",
      cause: error,
    });
  }
  const bound = app.server.address();
  return typeof bound === "object" && bound !== null ? bound.port : port;
}
