import { randomUUID } from "node:crypto";
import type { IncomingMessage } from "node:http";
import type { Readable } from "node:stream";
import { Headers } from "@holdfast/wire";
import { currentContext } from "./context.ts";
import type { Answer } from "./try.ts";

/** RFC 9110 §7.6.1, and what is set anew at each hop. */
const requestHop: ReadonlySet<string> = new Set([
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
  "x-forwarded-for",
  "x-forwarded-proto",
  "x-forwarded-host",
  Headers.instance,
  Headers.deadline,
  Headers.attempt,
  // Who comes from outside does not say how much it matters.
  Headers.priority,
]);
const traceHeaders: ReadonlySet<string> = new Set([
  Headers.traceparent,
  Headers.tracestate,
  "b3",
  "x-b3-traceid",
  "x-b3-spanid",
  "x-b3-parentspanid",
  "x-b3-sampled",
  "x-b3-flags",
]);
const answerHop: ReadonlySet<string> = new Set([
  "connection",
  "keep-alive",
  "proxy-authenticate",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
]);

/** The headers to pass on with a request: flat, without those of this hop, with `X-Forwarded-*` and a request id. */
export function requestHeaders(req: IncomingMessage, body: Buffer | Readable | null): string[] {
  const flat: string[] = [];
  const named = connectionNames(req.headers.connection);
  const isStream = body !== null && !Buffer.isBuffer(body);
  const isTraced = currentContext()?.span !== undefined;
  for (let i = 0; i < req.rawHeaders.length; i += 2) {
    const name = (req.rawHeaders[i] ?? "").toLowerCase();
    if (requestHop.has(name) || named?.has(name) === true || (name === "content-length" && !isStream)) continue;
    // The next hop hears of our span; the one before is its parent.
    if (isTraced && traceHeaders.has(name)) continue;
    flat.push(name, req.rawHeaders[i + 1] ?? "");
  }
  const { headers } = req;
  const from = req.socket.remoteAddress ?? "";
  const before = headers["x-forwarded-for"];
  flat.push("x-forwarded-for", before === undefined ? from : `${String(before)}, ${from}`);
  flat.push("x-forwarded-proto", String(headers["x-forwarded-proto"] ?? "http"));
  const host = headers["x-forwarded-host"] ?? headers.host;
  if (host !== undefined) flat.push("x-forwarded-host", String(host));
  if (headers[Headers.requestId] === undefined) flat.push(Headers.requestId, randomUUID());
  return flat;
}

/**
 * The headers to pass back with an answer: flat, without those of this hop. `wholeBytes` is the length of a body that is
 * there in full, and becomes the content length. The innermost server that named itself stays named.
 */
export function answerHeaders(answer: Answer, wholeBytes: number | undefined, close: boolean): string[] {
  const flat: string[] = [];
  const named = connectionNames(answer.headers.connection?.toString());
  const raw = answer.rawHeaders;
  for (let i = 0; i + 1 < raw.length; i += 2) {
    const name = String(raw[i]);
    const lower = name.toLowerCase();
    if (answerHop.has(lower) || named?.has(lower) === true) continue;
    if (lower === "content-length" && wholeBytes !== undefined) continue;
    flat.push(name, raw[i + 1]?.toString("latin1") ?? "");
  }
  if (answer.headers[Headers.instance] === undefined) flat.push(Headers.instance, answer.server.record.id);
  if (wholeBytes !== undefined) flat.push("content-length", String(wholeBytes));
  if (close) flat.push("connection", "close");
  return flat;
}

/** Header names that `Connection` declares to be of one hop. */
function connectionNames(connection: string | undefined): ReadonlySet<string> | undefined {
  if (connection === undefined || /^(keep-alive|close)$/i.test(connection)) return undefined;
  return new Set(connection.toLowerCase().split(/\s*,\s*/));
}
