import type { IncomingMessage, ServerResponse } from "node:http";

export type Handler = (req: IncomingMessage, res: ServerResponse) => void | Promise<void>;

/** Where a request goes: path and parsed query. */
export function target(req: IncomingMessage): URL {
  return new URL(req.url ?? "/", "http://movies");
}

export function sendJson(res: ServerResponse, status: number, body: unknown): void {
  const text = JSON.stringify(body);
  res.writeHead(status, { "content-type": "application/json", "content-length": Buffer.byteLength(text) }).end(text);
}

export function sendNotFound(res: ServerResponse, what: string): void {
  sendJson(res, 404, { error: `${what}: not found` });
}

/** Reads a small JSON body; `undefined` when it is none. */
export async function readJson(req: IncomingMessage, bytesMax = 16 * 1024): Promise<unknown> {
  let text = "";
  for await (const chunk of req) {
    text += String(chunk);
    if (text.length > bytesMax) return undefined;
  }
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** A whole number of the query within bounds, or the default. */
export function wholeOf(url: URL, name: string, fallback: number, max: number): number {
  const value = Number(url.searchParams.get(name) ?? fallback);
  return Number.isInteger(value) && value >= 0 ? Math.min(value, max) : fallback;
}
