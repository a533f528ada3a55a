import { createHash } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { gzip } from "node:zlib";
import type { EurekaFormat } from "@holdfast/wire/eureka";
import type { Wanted } from "./negotiate.ts";
import type { CachedBody } from "./response-cache.ts";

const vary = "accept, accept-encoding, x-eureka-accept";
const mediaTypes: Readonly<Record<EurekaFormat, string>> = { json: "application/json", xml: "application/xml" };

/** A status and nothing else, as most of Eureka's answers are. */
export function answerEmpty(res: ServerResponse, status: number): void {
  res.statusCode = status;
  res.end();
}

/** Eureka gives its reasons as plain text. */
export function answerText(
  res: ServerResponse,
  status: number,
  text: string,
  headers: Record<string, string> = {},
): void {
  const payload = Buffer.from(text, "utf8");
  const type = { "content-type": "text/plain; charset=utf-8", "content-length": payload.length };
  res.writeHead(status, { ...type, ...headers }).end(payload);
}

/** A document made for this one answer; for small ones. */
export function answerDocument(req: IncomingMessage, res: ServerResponse, document: SmallDocument): void {
  const { text, wanted, status = 200 } = document;
  const plain = Buffer.from(text, "utf8");
  if (status !== 200) return write(res, status, headersOf(wanted.format, plain.length), [plain]);
  const etag = `"${createHash("sha256").update(plain).digest("base64url").slice(0, 22)}"`;
  if (notModified(req, res, etag)) return;
  const headers = { ...headersOf(wanted.format, plain.length), etag };
  if (!wanted.gzip) return write(res, status, headers, [plain]);
  gzip(plain, (error, packed) => {
    if (res.destroyed) return;
    if (error !== null) return write(res, status, headers, [plain]);
    write(res, status, { ...headers, "content-length": packed.length, "content-encoding": "gzip" }, [packed]);
  });
}

export interface SmallDocument {
  readonly text: string;
  readonly wanted: Wanted;
  /** Default 200. */
  readonly status?: number;
}

/** A document out of the cache, written piece by piece. */
export function answerCached(req: IncomingMessage, res: ServerResponse, body: CachedBody, wanted: Wanted): void {
  if (notModified(req, res, body.etag)) return;
  const headers = { ...headersOf(wanted.format, wanted.gzip ? body.gzipBytes : body.plainBytes), etag: body.etag };
  if (wanted.gzip) write(res, 200, { ...headers, "content-encoding": "gzip" }, body.gzip);
  else write(res, 200, headers, body.plain);
}

function headersOf(format: EurekaFormat, bytes: number): Record<string, string | number> {
  return { "content-type": mediaTypes[format], "content-length": bytes, vary };
}

/** An addition to Eureka: whoever sends back the tag of what it has is told when that is still so. */
function notModified(req: IncomingMessage, res: ServerResponse, etag: string): boolean {
  const known = req.headers["if-none-match"];
  if (known === undefined) return false;
  const tags = known.split(",").map((tag) => tag.trim().replace(/^W\//, ""));
  if (!tags.includes(etag) && !tags.includes("*")) return false;
  res.writeHead(304, { etag, vary }).end();
  return true;
}

function write(
  res: ServerResponse,
  status: number,
  headers: Record<string, string | number>,
  pieces: readonly Buffer[],
): void {
  res.writeHead(status, headers);
  res.cork();
  for (const piece of pieces) res.write(piece);
  res.end();
  res.uncork();
}
