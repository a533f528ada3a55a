import { METHODS } from "node:http";
import { isAuthority } from "./authority.ts";
import { fieldKind } from "./field-kind.ts";
import type { Fields } from "./fields.ts";
import { announcedLength, type ConnectionOptions, connectionOptions } from "./framing.ts";
import { char, isTargetByte, isTokenByte } from "./grammar.ts";
import { MessageRefused } from "./http1-error.ts";
import type { MessageLimits } from "./limits.ts";
import { parseFields } from "./parse-fields.ts";

/** The head of a request that was found to be right. */
export interface RequestHead {
  readonly method: string;
  /** As sent, but for `http://host/path`, which became `/path`. Begins with "/" or is "*". */
  readonly target: string;
  /** 0 or 1, of HTTP/1.x. */
  readonly minor: number;
  /** `Host`, or what stood in the target; in lower case, with its port if it has one. "" where HTTP/1.0 named none. */
  readonly host: string;
  readonly fields: Fields;
  /** Bytes of the body, 0 for none; `framing.chunked`. */
  readonly length: number;
  readonly keepAlive: boolean;
  /** The protocol the client wishes to change to, in lower case; "" for none. */
  readonly upgrade: string;
  /** The client waits for `100 Continue` before it sends the body. */
  readonly expectsContinue: boolean;
}

/** Those that Node's own server knows. What else looks like one is mostly the rest of a body that was read too short. */
const methods = new Set(METHODS);
const version = /^HTTP\/1\.[01]$/;

/**
 * Reads the head that stands in `text` from `from` up to `blank`, the CRLF CRLF that ends it.
 *
 * @throws MessageRefused for all that RFC 9112 does not allow, and where two readers could differ.
 */
export function parseRequestHead(text: string, from: number, blank: number, limits: MessageLimits): RequestHead {
  let at = from;
  while (isTokenByte(text.charCodeAt(at))) at++;
  if (at === from || at - from > 32 || text.charCodeAt(at) !== char.sp) throw badLine("method");
  const method = text.slice(from, at);
  const targetStart = ++at;
  while (isTargetByte(text.charCodeAt(at))) at++;
  if (at - targetStart > limits.targetBytes)
    throw new MessageRefused("HTTP_TARGET_TOO_LONG", `request target: longer than ${limits.targetBytes} bytes`);
  if (at === targetStart || text.charCodeAt(at) !== char.sp) throw badLine("target");
  const written = text.slice(targetStart, at);
  const minor = minorOf(text, at + 1);
  if (!methods.has(method)) throw new MessageRefused("HTTP_METHOD_UNSUPPORTED", "request: its method is not served");
  at += 9;
  if (text.charCodeAt(at) !== char.cr || text.charCodeAt(at + 1) !== char.lf) throw badLine("version");
  const fields = parseFields(text, at + 2, blank + 2, limits);
  const length = announcedLength(fields, minor) ?? 0;
  const connection = connectionOptions(fields);
  const named = hostOf(fields, minor);
  const absolute = written.charCodeAt(0) === 0x2f ? undefined : otherForm(method, written, named, minor);
  return {
    method,
    target: absolute?.target ?? written,
    minor,
    host: absolute?.host ?? named,
    fields,
    length,
    keepAlive: minor === 1 ? !connection.close : connection.keepAlive && !connection.close,
    upgrade: upgradeOf(fields, connection, minor, length),
    expectsContinue: expects(fields, minor, length),
  };
}

function badLine(part: string): MessageRefused {
  return new MessageRefused("HTTP_REQUEST_LINE_INVALID", `request line: its ${part} is missing or not well formed`);
}

function minorOf(text: string, at: number): number {
  const found = text.slice(at, at + 8);
  if (found === "HTTP/1.1") return 1;
  if (version.test(found)) return 0;
  if (!/^HTTP\/[0-9]\.[0-9]$/.test(found)) throw badLine("version");
  throw new MessageRefused("HTTP_VERSION_UNSUPPORTED", `request: of ${found}, where HTTP/1.1 and HTTP/1.0 are served`);
}

/** The one `Host`, in lower case. */
function hostOf(fields: Fields, minor: number): string {
  const count = fields.countOf(fieldKind.host);
  if (count === 0 && minor === 0) return "";
  if (count !== 1) throw new MessageRefused("HTTP_HOST_INVALID", `request: has ${count} Host fields`);
  const host = fields.valueOf(fieldKind.host);
  if (!isAuthority(host)) throw new MessageRefused("HTTP_HOST_INVALID", "Host: not a name or an address with a port");
  return host.toLowerCase();
}

/** A target that does not begin with "/": the asterisk of OPTIONS, or a whole URL as proxies are sent it. */
function otherForm(method: string, target: string, named: string, minor: number): { target: string; host: string } {
  if (target === "*" && method === "OPTIONS") return { target, host: named };
  if (method === "CONNECT") throw new MessageRefused("HTTP_METHOD_UNSUPPORTED", "request: CONNECT is not served");
  const [, authority, path = ""] = /^https?:\/\/([^/?]+)(.*)$/i.exec(target) ?? [];
  if (authority === undefined || !isAuthority(authority))
    throw new MessageRefused("HTTP_TARGET_INVALID", "request target: neither a path nor a URL of http");
  const host = authority.toLowerCase();
  // RFC 9112 §3.2.2 would have the target win; two readers that differ on the host are what an attacker wants.
  if (host !== named && (named !== "" || minor === 1))
    throw new MessageRefused("HTTP_HOST_INVALID", "request: names one host in its target and another in Host");
  return { target: path.startsWith("/") ? path : `/${path}`, host };
}

/** A wish to change protocols counts when `Connection` bears it out and no body stands between. */
function upgradeOf(fields: Fields, connection: ConnectionOptions, minor: number, length: number): string {
  if (!connection.upgrade || minor === 0 || length !== 0) return "";
  return fields.countOf(fieldKind.upgrade) === 1 ? fields.valueOf(fieldKind.upgrade).toLowerCase() : "";
}

function expects(fields: Fields, minor: number, length: number): boolean {
  if (fields.countOf(fieldKind.expect) === 0) return false;
  if (fields.get("expect")?.toLowerCase() !== "100-continue")
    throw new MessageRefused("HTTP_EXPECTATION_FAILED", "Expect: asks for something other than 100-continue");
  return minor === 1 && length !== 0;
}
