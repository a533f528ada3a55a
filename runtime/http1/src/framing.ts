import { fieldKind } from "./field-kind.ts";
import type { Fields } from "./fields.ts";
import { MessageRefused } from "./http1-error.ts";

/** How a body is delimited: a number of bytes, or one of these. */
export const framing = {
  /** In chunks, the last of which ends it. */
  chunked: -1,
  /** By the end of the connection; only an answer. */
  untilClose: -2,
} as const;

/**
 * Bytes of the body that a head announces, or `framing.chunked`; undefined when it announces none.
 *
 * @throws MessageRefused HTTP_FRAMING_AMBIGUOUS where two readers could differ: both fields, one of them twice, a length
 *   that is not plain digits, a coding behind or beside `chunked`; HTTP_CODING_UNSUPPORTED for another coding.
 */
export function announcedLength(fields: Fields, minor: number): number | undefined {
  const lengths = fields.countOf(fieldKind.contentLength);
  const codings = fields.countOf(fieldKind.transferEncoding);
  if (lengths + codings === 0) return undefined;
  if (lengths + codings > 1) throw ambiguous(`${lengths} Content-Length and ${codings} Transfer-Encoding fields`);
  if (lengths === 1) return lengthOf(fields.valueOf(fieldKind.contentLength));
  const coding = fields.valueOf(fieldKind.transferEncoding).toLowerCase();
  if (minor === 0) throw ambiguous("Transfer-Encoding in a message of HTTP/1.0");
  // Readers differ on whether it is part of the coding.
  if (fields.isPadded(fieldKind.transferEncoding)) throw ambiguous("white space behind its Transfer-Encoding");
  if (coding === "chunked") return framing.chunked;
  if (/chunked|^$|[^a-z0-9,; =-]/.test(coding)) throw ambiguous("Transfer-Encoding that is not plainly chunked");
  throw new MessageRefused("HTTP_CODING_UNSUPPORTED", "message: has a transfer coding other than chunked");
}

/** `Content-Length = 1*DIGIT`, and so small that every reader counts alike. */
function lengthOf(text: string): number {
  if (!/^[0-9]{1,15}$/.test(text)) throw ambiguous("a Content-Length that is not a number of plain digits");
  return Number(text);
}

function ambiguous(what: string): MessageRefused {
  return new MessageRefused("HTTP_FRAMING_AMBIGUOUS", `message: has ${what}`);
}

/** What `Connection` says of its connection. */
export interface ConnectionOptions {
  readonly close: boolean;
  readonly keepAlive: boolean;
  readonly upgrade: boolean;
}

const none: ConnectionOptions = { close: false, keepAlive: false, upgrade: false };
const keepAlive: ConnectionOptions = { ...none, keepAlive: true };
const close: ConnectionOptions = { ...none, close: true };

/**
 * What a sender must not be able to have us drop by naming it in `Connection`: who the user is, where a request goes and
 * who sent it. Such a nomination is passed over.
 */
const notNominable = /^(host|content-length|authorization|cookie|set-cookie|forwarded|via|cache-control|x-.*)$/;

/** Reads `Connection` and takes the fields that it names out of `fields`: they are of this connection alone. */
export function connectionOptions(fields: Fields): ConnectionOptions {
  const value = fields.countOf(fieldKind.connection) === 0 ? "" : (fields.get("connection") ?? "");
  if (value === "") return none;
  if (value === "keep-alive") return keepAlive;
  if (value === "close") return close;
  const options = value.split(",").map((option) => option.trim().toLowerCase());
  for (const option of options)
    if (!/^(close|keep-alive|upgrade|te|connection|)$/.test(option) && !notNominable.test(option))
      fields.remove(option);
  return {
    close: options.includes("close"),
    keepAlive: options.includes("keep-alive"),
    upgrade: options.includes("upgrade"),
  };
}
