import type { IncomingMessage, ServerResponse } from "node:http";
import { problem, problemContentType } from "@holdfast/wire";
import { requestBody, sendResponse } from "./fetch-bodies.ts";

export type NodeHandler = (req: IncomingMessage, res: ServerResponse) => unknown;
export type FetchHandler = (request: Request) => Response | Promise<Response>;

/**
 * What a service can be made of: a `(req, res)` function (Express, Koa's `callback()`, Fastify's `routing`, Nest's adapter), an
 * object with `fetch` (Hono, itty), or a function of one argument that returns a `Response`.
 */
export type Handler = NodeHandler | FetchHandler | { readonly fetch: FetchHandler };

/**
 * Any handler as a Node one. A function is taken for fetch-style when it declares exactly one argument; one that declares
 * none may be either: it is given what Node gives, and a `Response` that it returns is sent.
 */
export function toNodeHandler(handler: Handler): NodeHandler {
  if (typeof handler === "object") return fromFetch((request) => handler.fetch(request));
  if (handler.length === 1) return fromFetch(handler as FetchHandler);
  return handler.length === 0 ? fromEither(handler as NodeHandler) : (handler as NodeHandler);
}

function fromEither(handler: NodeHandler): NodeHandler {
  return async (req, res) => {
    const result = await handler(req, res);
    if (!(result instanceof Response) || res.headersSent) return;
    await sendResponse(result, res, req.method === "HEAD");
    req.resume();
  };
}

function fromFetch(fetchHandler: FetchHandler): NodeHandler {
  return async (req, res) => {
    const abort = new AbortController();
    res.once("close", () => {
      if (!res.writableFinished) abort.abort(new Error("the caller has gone"));
    });
    const request = toRequest(req, abort.signal);
    if (request === undefined) return refuse(req, res);
    await sendResponse(await fetchHandler(request), res, req.method === "HEAD");
    // What the handler has not read must not block the next request of the connection.
    if (request.body?.locked === false) await request.body.cancel();
  };
}

/** `undefined` when the target or the headers are such that no `Request` can be made of them. */
function toRequest(req: IncomingMessage, signal: AbortSignal): Request | undefined {
  const target = req.url ?? "/";
  const origin = `http://${req.headers.host ?? "localhost"}`;
  const method = req.method ?? "GET";
  try {
    // A proxy's absolute target stands for itself; `*` (of OPTIONS) becomes a path.
    const url = /^https?:\/\//i.test(target) ? target : `${origin}${target.startsWith("/") ? "" : "/"}${target}`;
    const headers = new Headers();
    for (let i = 0; i < req.rawHeaders.length; i += 2)
      headers.append(req.rawHeaders[i] ?? "", req.rawHeaders[i + 1] ?? "");
    if (method === "GET" || method === "HEAD") return new Request(url, { method, headers, signal });
    return new Request(url, { method, headers, signal, body: requestBody(req), duplex: "half" });
  } catch {
    return undefined;
  }
}

function refuse(req: IncomingMessage, res: ServerResponse): void {
  const body = JSON.stringify(problem(400, "REQUEST_MALFORMED", "its target or its Host header is not one of HTTP"));
  req.resume();
  res.writeHead(400, { "content-type": problemContentType, "content-length": Buffer.byteLength(body) }).end(body);
}
