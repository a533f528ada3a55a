import type { IncomingMessage, ServerResponse } from "node:http";
import { PlatformError } from "@holdfast/kernel";
import { problemContentType, problemFrom } from "@holdfast/wire";

/** A request to the admin port and its answer. */
export interface Exchange {
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
  readonly path: string;
  readonly query: URLSearchParams;
  /** A text without the secrets in it: errors of checks and of components say more than they know. */
  readonly mask: (text: string) => string;
}

const bodyBytesMax = 64 * 1024;

export function exchangeOf(req: IncomingMessage, res: ServerResponse, mask: Exchange["mask"]): Exchange {
  const url = req.url ?? "/";
  // Not `new URL`: it throws on what a stranger may send (`GET //`).
  const at = url.indexOf("?");
  const [path, query] = at < 0 ? [url, ""] : [url.slice(0, at), url.slice(at + 1)];
  return { req, res, path, query: new URLSearchParams(query), mask };
}

/** All texts in it are masked. */
export function sendJson({ res, mask }: Exchange, body: unknown, status = 200, type = "application/json"): void {
  const text = JSON.stringify(body, (_key, value: unknown) => (typeof value === "string" ? mask(value) : value));
  sendText(res, status, type, text);
}

export function sendText(res: ServerResponse, status: number, type: string, text: string): void {
  res.writeHead(status, { "content-type": type, "content-length": Buffer.byteLength(text) }).end(text);
}

/** What was thrown as an answer; an answer that has begun is broken off. */
export function sendError(exchange: Exchange, error: unknown): void {
  if (exchange.res.headersSent) return void exchange.res.destroy();
  const shown = problemFrom(error);
  sendJson(exchange, shown, shown.status, problemContentType);
}

/**
 * The body as JSON.
 *
 * @throws PlatformError `BODY_TOO_LARGE` (413) over 64 KiB, `BODY_MALFORMED` (400).
 */
export async function readJson({ req }: Exchange): Promise<unknown> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of req) {
    const part = chunk as Buffer;
    bytes += part.length;
    if (bytes > bodyBytesMax) {
      throw new PlatformError("BODY_TOO_LARGE", `the body: longer than ${bodyBytesMax} bytes`, { status: 413 });
    }
    chunks.push(part);
  }
  try {
    return JSON.parse(Buffer.concat(chunks).toString("utf8")) as unknown;
  } catch {
    throw new PlatformError("BODY_MALFORMED", "the body: is not JSON", { status: 400 });
  }
}
