import { fieldKind } from "./field-kind.ts";
import type { Fields } from "./fields.ts";
import { announcedLength, connectionOptions, framing } from "./framing.ts";
import { char, isValueByte } from "./grammar.ts";
import { MessageRefused } from "./http1-error.ts";
import type { MessageLimits } from "./limits.ts";
import { parseFields } from "./parse-fields.ts";

/** The head of an answer that was found to be right. */
export interface ResponseHead {
  readonly status: number;
  readonly reason: string;
  /** 0 or 1, of HTTP/1.x. */
  readonly minor: number;
  readonly fields: Fields;
  /** Bytes of the body that follows, 0 for none; `framing.chunked` or `framing.untilClose`. */
  readonly length: number;
  /** What `Content-Length` said, also where no body follows (HEAD, 304); undefined without. */
  readonly announced: number | undefined;
  readonly keepAlive: boolean;
  /** The protocol changed to, in lower case; only of a 101. */
  readonly upgrade: string;
}

/**
 * Reads the head that stands in `text` from `from` up to `blank`, the CRLF CRLF that ends it; of the answer to `method`.
 *
 * @throws MessageRefused for all that RFC 9112 does not allow, and where two readers could differ.
 */
export function parseResponseHead(
  text: string,
  from: number,
  blank: number,
  method: string,
  limits: MessageLimits,
): ResponseHead {
  const minor = text.charCodeAt(from + 7) - char.zero;
  const status = statusAt(text, from + 9);
  let at = from + 12;
  if (!text.startsWith("HTTP/1.", from) || (minor !== 0 && minor !== 1) || status < 100) throw badLine();
  if (text.charCodeAt(from + 8) !== char.sp) throw badLine();
  // Many servers leave out the space before an empty reason.
  if (text.charCodeAt(at) === char.sp) at++;
  else if (text.charCodeAt(at) !== char.cr) throw badLine();
  const reasonStart = at;
  while (isValueByte(text.charCodeAt(at))) at++;
  if (text.charCodeAt(at) !== char.cr || text.charCodeAt(at + 1) !== char.lf) throw badLine();
  const fields = parseFields(text, at + 2, blank + 2, limits);
  const bodiless = status < 200 || status === 204 || status === 304 || method === "HEAD";
  const announced = announcedLength(fields, minor);
  const connection = connectionOptions(fields);
  const length = bodiless ? 0 : (announced ?? framing.untilClose);
  return {
    status,
    reason: text.slice(reasonStart, at),
    minor,
    fields,
    length,
    announced,
    keepAlive:
      length !== framing.untilClose && !connection.close && (minor === 1 || connection.keepAlive) && status !== 101,
    upgrade: status === 101 && connection.upgrade ? fields.valueOf(fieldKind.upgrade).toLowerCase() : "",
  };
}

/** Three digits; NaN or below 100 for anything else. */
function statusAt(text: string, at: number): number {
  let status = 0;
  for (let digit = 0; digit < 3; digit++) {
    const one = text.charCodeAt(at + digit) - char.zero;
    if (!(one >= 0 && one <= 9)) return 0;
    status = status * 10 + one;
  }
  return status;
}

function badLine(): MessageRefused {
  return new MessageRefused("HTTP_STATUS_LINE_INVALID", "status line: not of HTTP/1.1 or HTTP/1.0");
}
