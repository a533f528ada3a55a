/** Bytes by what RFC 9110 §5 and RFC 9112 §3 let them stand in, as bits. One lookup judges one byte. */
const token = 1;
const value = 2;
const target = 4;

const classes = new Uint8Array(256);
for (let byte = 0; byte < 256; byte++) {
  // VCHAR without "#": a fragment is never sent. Browsers do send "{", "|" and the like raw in queries.
  if (byte > 0x20 && byte < 0x7f && byte !== 0x23) classes[byte] = target;
  // HTAB, SP, VCHAR, obs-text.
  if (byte === 0x09 || (byte >= 0x20 && byte !== 0x7f)) classes[byte] = (classes[byte] ?? 0) | value;
}
for (const char of "!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz")
  classes[char.charCodeAt(0)] = (classes[char.charCodeAt(0)] ?? 0) | token;

export const char = { htab: 0x09, lf: 0x0a, cr: 0x0d, sp: 0x20, zero: 0x30, colon: 0x3a, semicolon: 0x3b } as const;

/** May stand in a method or a field's name. */
export function isTokenByte(byte: number): boolean {
  return ((classes[byte] ?? 0) & token) !== 0;
}

/** May stand in a field's value, a reason phrase or a chunk extension: no control but HTAB, so no CR, LF, NUL. */
export function isValueByte(byte: number): boolean {
  return ((classes[byte] ?? 0) & value) !== 0;
}

/** May stand in a request target. */
export function isTargetByte(byte: number): boolean {
  return ((classes[byte] ?? 0) & target) !== 0;
}

export function isToken(text: string): boolean {
  for (let at = 0; at < text.length; at++) if (!isTokenByte(text.charCodeAt(at))) return false;
  return text.length > 0;
}

/** True for what may be sent as a field's value: no byte that ends the line, none outside of latin1. */
export function isFieldValue(text: string): boolean {
  for (let at = 0; at < text.length; at++) if (!isValueByte(text.charCodeAt(at))) return false;
  return true;
}

/** True for a path, with or without a query, or "*". */
export function isTarget(text: string): boolean {
  for (let at = 0; at < text.length; at++) if (!isTargetByte(text.charCodeAt(at))) return false;
  return text.startsWith("/") || text === "*";
}
