import { fieldKind, kindOfField } from "./field-kind.ts";
import { Fields } from "./fields.ts";
import { char, isTokenByte, isValueByte } from "./grammar.ts";
import { MessageRefused } from "./http1-error.ts";
import type { MessageLimits } from "./limits.ts";

/**
 * Reads the field lines that stand in `text` from `from` up to `to`, the CRLF that ends them all.
 *
 * @throws MessageRefused HTTP_FIELD_INVALID for a line that RFC 9112 §5 does not allow (folded, with space before
 *   the colon, a control in its value, a line end that is not CRLF); HTTP_HEAD_TOO_LARGE for too many.
 */
export function parseFields(text: string, from: number, to: number, limits: MessageLimits): Fields {
  const spots: number[] = [];
  let left = limits.fields;
  let at = from;
  while (at < to) {
    const nameStart = at;
    while (isTokenByte(text.charCodeAt(at))) at++;
    if (at === nameStart || text.charCodeAt(at) !== char.colon) throw badName(text, nameStart, at);
    const nameEnd = at;
    do at++;
    while (isBlank(text.charCodeAt(at)));
    const valueStart = at;
    while (isValueByte(text.charCodeAt(at))) at++;
    if (text.charCodeAt(at) !== char.cr || text.charCodeAt(at + 1) !== char.lf)
      throw badValue(text, nameStart, nameEnd);
    let valueEnd = at;
    while (valueEnd > valueStart && isBlank(text.charCodeAt(valueEnd - 1))) valueEnd--;
    at += 2;
    if (left-- === 0) throw new MessageRefused("HTTP_HEAD_TOO_LARGE", `head: more than ${limits.fields} fields`);
    spots.push(nameStart, nameEnd, valueStart, valueEnd, kindOfField(text, nameStart, nameEnd));
  }
  return new Fields(text, spots, to);
}

/**
 * Reads trailers: as fields, but none may say how a message is framed or where it goes.
 *
 * @throws MessageRefused as `parseFields`; HTTP_FRAMING_AMBIGUOUS for such a one.
 */
export function parseTrailers(text: string, limits: MessageLimits): Fields {
  const trailers = parseFields(text, 0, text.length, limits);
  for (const kind of [fieldKind.host, fieldKind.contentLength, fieldKind.transferEncoding])
    if (trailers.countOf(kind) > 0)
      throw new MessageRefused("HTTP_FRAMING_AMBIGUOUS", "trailers: hold a field that only a head may hold");
  return trailers;
}

function isBlank(byte: number): boolean {
  return byte === char.sp || byte === char.htab;
}

function badName(text: string, start: number, at: number): MessageRefused {
  if (at === start && isBlank(text.charCodeAt(at)))
    return new MessageRefused("HTTP_FIELD_INVALID", "field: folded over two lines");
  const sign = JSON.stringify(text.charAt(at));
  return new MessageRefused("HTTP_FIELD_INVALID", `field name: ${sign} is not allowed in it or behind it`);
}

function badValue(text: string, nameStart: number, nameEnd: number): MessageRefused {
  const name = text.slice(nameStart, nameEnd);
  return new MessageRefused("HTTP_FIELD_INVALID", `field ${name}: holds a control character or a bare line end`);
}
