/** Where a request comes from, as its caller says it (W3C Trace Context, B3). */
export interface RemoteParent {
  /** 32 lower-case hex digits, not all 0. */
  readonly traceId: string;
  /** 16 lower-case hex digits, not all 0; empty when only the trace is known. */
  readonly spanId: string;
  /** W3C trace flags; bit 0: the caller keeps its spans, bit 1: the trace id is random. `undefined`: the caller leaves it to us. */
  readonly flags: number | undefined;
}

export const sampledFlag = 1;
/** Flags of a version we do not know are not ours to pass on: level 2 has these two. */
const knownFlags = 3;
const parentLength = 55;
const dash = 45;

/** By character code: the value of a lower-case hex digit, −1 for all else. */
const hexValue = new Int8Array(128).fill(-1);
for (let i = 0; i < 16; i++) hexValue[i.toString(16).charCodeAt(0)] = i;

/**
 * Reads `traceparent` (W3C Trace Context §3.2): `00-<32 hex>-<16 hex>-<2 hex>`. A later version may go on after its flags
 * with `-`; `ff`, upper case, and ids of zeros are refused, as the standard says: the header then counts as not there.
 */
export function parseTraceparent(text: string): RemoteParent | undefined {
  if (text.length < parentLength) return undefined;
  if (!isShaped(text)) return undefined;
  const version = hexByte(text, 0);
  if (version === 255 || (version === 0 && text.length !== parentLength)) return undefined;
  if (text.length > parentLength && text.charCodeAt(parentLength) !== dash) return undefined;
  const flags = hexByte(text, 53);
  return { traceId: text.slice(3, 35), spanId: text.slice(36, 52), flags: flags & knownFlags };
}

/** `traceparent` of version 00. */
export function formatTraceparent(traceId: string, spanId: string, flags: number): string {
  return `00-${traceId}-${spanId}-0${flags & knownFlags}`;
}

/** True for 32 lower-case hex digits that are not all 0. */
export function isTraceId(text: string): boolean {
  return text.length === 32 && isId(text, 0, 32);
}

/** True for 16 lower-case hex digits that are not all 0. */
export function isSpanId(text: string): boolean {
  return text.length === 16 && isId(text, 0, 16);
}

function isShaped(text: string): boolean {
  return (
    text.charCodeAt(2) === dash &&
    text.charCodeAt(35) === dash &&
    text.charCodeAt(52) === dash &&
    hexByte(text, 0) >= 0 &&
    hexByte(text, 53) >= 0 &&
    isId(text, 3, 35) &&
    isId(text, 36, 52)
  );
}

function isId(text: string, from: number, to: number): boolean {
  // Without a branch a digit: what is none makes it negative, and only zeros leave it 0.
  let all = 0;
  for (let i = from; i < to; i++) all |= hexValue[text.charCodeAt(i)] ?? -1;
  return all > 0;
}

/** −1 when it is no hex. */
function hexByte(text: string, at: number): number {
  const high = digit(text, at);
  const low = digit(text, at + 1);
  return high < 0 || low < 0 ? -1 : high * 16 + low;
}

function digit(text: string, at: number): number {
  return hexValue[text.charCodeAt(at)] ?? -1;
}
