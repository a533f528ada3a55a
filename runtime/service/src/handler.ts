import type { IncomingMessage, ServerResponse } from "node:http";
import { Readable } from "node:stream";

export type NodeHandler = (req: IncomingMessage, res: ServerResponse) => unknown;
export type FetchHandler = (request: Request) => Response | Promise<Response>;

/**
 * What a service can be made of: a `(req, res)` function (Express, Koa's `callback()`, Fastify's `routing`, Nest's adapter), an
 * object with `fetch` (Hono, itty), or a function of one argument that returns a `Response`.
 */
export type Handler = NodeHandler | FetchHandler | { readonly fetch: FetchHandler };

/** Any handler as a Node one. A function is taken for fetch-style when it declares exactly one argument. */
export function toNodeHandler(handler: Handler): NodeHandler {
  if (typeof handler === "object") return fromFetch((request) => handler.fetch(request));
  if (handler.length === 1) return fromFetch(handler as FetchHandler);
  return handler as NodeHandler;
}

function fromFetch(fetchHandler: FetchHandler): NodeHandler {
  return async (req, res) => {
    const abort = new AbortController();
    res.once("close", () => {
      if (!res.writableFinished) abort.abort(new Error("the caller has gone"));
    });
    await sendResponse(await fetchHandler(toRequest(req, abort.signal)), res, req.method === "HEAD");
  };
}

function toRequest(req: IncomingMessage, signal: AbortSignal): Request {
  const headers = new Headers();
  for (let i = 0; i < req.rawHeaders.length; i += 2)
    headers.append(req.rawHeaders[i] ?? "", req.rawHeaders[i + 1] ?? "");
  const url = `http://${req.headers.host ?? "localhost"}${req.url ?? "/"}`;
  const method = req.method ?? "GET";
  if (method === "GET" || method === "HEAD") return new Request(url, { method, headers, signal });
  const body = Readable.toWeb(req) as ConstructorParameters<typeof Response>[0];
  return new Request(url, { method, headers, signal, body: body ?? null, duplex: "half" });
}

async function sendResponse(response: Response, res: ServerResponse, headOnly: boolean): Promise<void> {
  const headers: Record<string, string | string[]> = Object.fromEntries(response.headers);
  const cookies = response.headers.getSetCookie();
  if (cookies.length > 0) headers["set-cookie"] = cookies;
  res.writeHead(response.status, headers);
  if (response.body === null || headOnly) {
    res.end();
    return;
  }
  for await (const chunk of response.body) {
    if (res.destroyed) return;
    if (!res.write(chunk)) await new Promise((resolve) => res.once("drain", resolve).once("close", resolve));
  }
  res.end();
}
