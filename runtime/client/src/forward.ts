import { randomUUID } from "node:crypto";
import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from "node:http";
import { connect } from "node:net";
import type { Duplex, Readable } from "node:stream";
import { hasCode, messageOf, PlatformError } from "@holdfast/kernel";
import { Headers, problem, problemContentType } from "@holdfast/wire";
import type { BalancedClient } from "./balanced-client.ts";
import type { Answer } from "./try.ts";

export interface ForwardOptions {
  readonly service: string;
  /** The whole time until the answer begins, in ms. */
  readonly timeoutMs: number;
  /** Longer request bodies get 413. */
  readonly requestBytesMax: number;
  readonly holdBackBytes: number;
  /** The path to ask for instead of the request's own. */
  readonly path?: string;
  /** Answers carry `Connection: close`. */
  readonly draining?: boolean;
}

export interface ForwardResult {
  readonly status: number;
  readonly instance: string | undefined;
}

/** RFC 9110 §7.6.1, and what we set anew at each hop. */
const hopByHop: ReadonlySet<string> = new Set([
  "connection",
  "keep-alive",
  "proxy-authenticate",
  "proxy-authorization",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
  "expect",
  Headers.instance,
  Headers.deadline,
  Headers.attempt,
]);

/**
 * The one proxy core: passes a request on to a service and the answer back. Idempotent answers up to `holdBackBytes` are
 * sent when they are whole; an answer cut short later ends the caller's connection, so that it is never taken for whole.
 * Never throws: what goes wrong is answered as problem+json.
 */
export async function forward(
  client: BalancedClient,
  req: IncomingMessage,
  res: ServerResponse,
  options: ForwardOptions,
): Promise<ForwardResult> {
  const abort = new AbortController();
  const onClose = (): void => {
    if (!res.writableFinished) abort.abort(new Error("the caller has gone"));
  };
  res.once("close", onClose);
  try {
    const body = await readBody(req, client.options.replayBytes, options.requestBytesMax);
    const answer = await client.call(options.service, {
      method: req.method ?? "GET",
      path: options.path ?? req.url ?? "/",
      headers: requestHeaders(req, body),
      body,
      timeoutMs: deadlineOf(req, options.timeoutMs),
      holdBackBytes: options.holdBackBytes,
      signal: abort.signal,
    });
    await sendAnswer(answer, req, res, options.draining === true);
    return { status: answer.status, instance: answer.server.record.id };
  } catch (error) {
    return sendProblem(error, req, res);
  } finally {
    res.off("close", onClose);
  }
}

/** Passes an `Upgrade` (WebSocket) on to one server as a tunnel of bytes. */
export function forwardUpgrade(
  client: BalancedClient,
  req: IncomingMessage,
  socket: Duplex,
  head: Buffer,
  service: string,
): void {
  const refuse = (): void =>
    void socket.end("HTTP/1.1 503 Service Unavailable\r\nconnection: close\r\ncontent-length: 0\r\n\r\n");
  let target: { readonly address: string; readonly port: number } | undefined;
  try {
    target = client.pickOne(service);
  } catch {
    target = undefined;
  }
  if (target === undefined) return refuse();
  const upstream = connect({ host: target.address, port: target.port });
  upstream.setTimeout(client.options.connectTimeoutMs, () => upstream.destroy(new Error("no connection")));
  upstream.once("connect", () => {
    upstream.setTimeout(0);
    const lines = [`${req.method} ${req.url} HTTP/1.1`];
    for (let i = 0; i < req.rawHeaders.length; i += 2) lines.push(`${req.rawHeaders[i]}: ${req.rawHeaders[i + 1]}`);
    upstream.write(`${lines.join("\r\n")}\r\n\r\n`);
    upstream.write(head);
    upstream.pipe(socket).pipe(upstream);
  });
  upstream.on("error", () => (upstream.bytesRead === 0 && !socket.destroyed ? refuse() : socket.destroy()));
  socket.on("error", () => upstream.destroy());
  socket.on("close", () => upstream.destroy());
}

function requestHeaders(req: IncomingMessage, body: Buffer | Readable | null): string[] {
  const flat: string[] = [];
  const named = connectionNames(req.headers.connection);
  for (let i = 0; i < req.rawHeaders.length; i += 2) {
    const name = (req.rawHeaders[i] ?? "").toLowerCase();
    const isLength = name === "content-length" && !(body !== null && !Buffer.isBuffer(body));
    if (hopByHop.has(name) || named?.has(name) === true || isLength || name.startsWith("x-forwarded-")) continue;
    flat.push(name, req.rawHeaders[i + 1] ?? "");
  }
  const from = req.socket.remoteAddress ?? "";
  const before = req.headers["x-forwarded-for"];
  flat.push("x-forwarded-for", before === undefined ? from : `${String(before)}, ${from}`);
  flat.push("x-forwarded-proto", String(req.headers["x-forwarded-proto"] ?? "http"));
  flat.push("x-forwarded-host", String(req.headers["x-forwarded-host"] ?? req.headers.host ?? ""));
  if (req.headers[Headers.requestId] === undefined) flat.push(Headers.requestId, randomUUID());
  return flat;
}

/** Header names that `Connection` declares to be of this hop. */
function connectionNames(connection: string | undefined): ReadonlySet<string> | undefined {
  if (connection === undefined || /^(keep-alive|close)$/i.test(connection)) return undefined;
  return new Set(connection.toLowerCase().split(/\s*,\s*/));
}

function deadlineOf(req: IncomingMessage, timeoutMs: number): number {
  const given = Number(req.headers[Headers.deadline]);
  return Number.isFinite(given) && given > 0 ? Math.min(given, timeoutMs) : timeoutMs;
}

/** `null`, the whole of a short body, or a long one as a stream that fails past the limit. */
async function readBody(
  req: IncomingMessage,
  replayBytes: number,
  bytesMax: number,
): Promise<Buffer | Readable | null> {
  const announced = Number(req.headers["content-length"]);
  if (announced > bytesMax) throw tooLarge(bytesMax);
  const hasBody = announced > 0 || req.headers["transfer-encoding"] !== undefined;
  if (!hasBody) return null;
  if (!(announced <= replayBytes)) return limited(req, bytesMax);
  const chunks: Buffer[] = [];
  for await (const chunk of req as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks);
}

function limited(req: IncomingMessage, bytesMax: number): Readable {
  let bytes = 0;
  req.on("data", (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes > bytesMax) req.destroy(tooLarge(bytesMax));
  });
  req.pause();
  return req;
}

function tooLarge(bytesMax: number): PlatformError {
  return new PlatformError("BODY_TOO_LARGE", `request body: is longer than ${bytesMax} bytes`, { status: 413 });
}

async function sendAnswer(answer: Answer, req: IncomingMessage, res: ServerResponse, draining: boolean): Promise<void> {
  if (res.destroyed) return void answer.stream?.destroy();
  const headers: OutgoingHttpHeaders = {};
  const named = connectionNames(String(answer.headers.connection ?? "close"));
  for (const [name, value] of Object.entries(answer.headers)) {
    if (!hopByHop.has(name) && named?.has(name) !== true) headers[name] = value;
  }
  headers[Headers.instance] = answer.server.record.id;
  if (draining) headers["connection"] = "close";
  if (answer.stream === undefined) {
    const length = answer.body?.length ?? 0;
    const mayHaveBody = answer.status !== 204 && answer.status !== 304 && req.method !== "HEAD";
    if (mayHaveBody) headers["content-length"] = length;
    res.writeHead(answer.status, headers);
    res.end(mayHaveBody ? answer.body : undefined);
    return;
  }
  res.writeHead(answer.status, headers);
  res.flushHeaders();
  await pipe(answer.stream, res);
}

/** Copies with back-pressure. A stream that breaks takes the caller's connection with it: a cut answer must look cut. */
function pipe(from: Readable, to: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    from.on("data", (chunk) => {
      if (!to.write(chunk)) from.pause();
    });
    to.on("drain", () => from.resume());
    from.on("end", () => {
      to.end();
      resolve();
    });
    from.on("error", () => {
      to.destroy();
      resolve();
    });
    to.on("close", () => {
      from.destroy();
      resolve();
    });
  });
}

function sendProblem(error: unknown, req: IncomingMessage, res: ServerResponse): ForwardResult {
  const known = error instanceof PlatformError;
  const code = hasCode(error, "CALL_TIMED_OUT") ? "UPSTREAM_TIMED_OUT" : known ? error.code : "UPSTREAM_FAILED";
  const status = known ? error.status : 502;
  if (res.headersSent || res.destroyed) {
    res.destroy();
    return { status, instance: undefined };
  }
  const body = JSON.stringify(problem(status, code, messageOf(error), known ? { next: error.next } : {}));
  const headers: OutgoingHttpHeaders = {
    "content-type": problemContentType,
    "content-length": Buffer.byteLength(body),
  };
  if (status === 503) headers["retry-after"] = "1";
  // A body not read to its end leaves the connection in no state for another request.
  if (!req.complete) headers["connection"] = "close";
  res.writeHead(status, headers).end(body);
  if (!req.complete) req.resume();
  return { status, instance: undefined };
}
