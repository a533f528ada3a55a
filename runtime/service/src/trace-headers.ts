import { parseB3, parseTraceparent, parseTracestate, type RemoteParent } from "@holdfast/trace";
import { rawHeader } from "./raw-header.ts";

/** What a caller said of the trace that its request is part of. */
export interface TraceHeaders {
  readonly remote: RemoteParent;
  /** As it came, to be passed on. */
  readonly tracestate: string | undefined;
}

/** The trace that the caller of a request names (W3C's headers, else B3's); undefined when it names none. */
export function readTraceHeaders(req: { readonly rawHeaders: readonly string[] }): TraceHeaders | undefined {
  const { rawHeaders } = req;
  let remote: RemoteParent | undefined;
  let tracestate: string | undefined;
  let mayBeB3 = false;
  // One pass, by length first: most requests have none of these.
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    const name = rawHeaders[i] ?? "";
    switch (name.length) {
      case 2:
        mayBeB3 ||= name.toLowerCase() === "b3";
        break;
      case 10:
        // Several lines of it are one list (RFC 9110 §5.3).
        if (name.toLowerCase() === "tracestate") tracestate = joined(tracestate, rawHeaders[i + 1]);
        break;
      case 11:
        if (name.toLowerCase() === "traceparent") remote = parseTraceparent(rawHeaders[i + 1] ?? "");
        break;
      case 12:
        mayBeB3 ||= name.toLowerCase() === "x-b3-traceid";
        break;
      default:
    }
  }
  if (remote === undefined && mayBeB3) remote = parseB3((name) => rawHeader(req, name));
  if (remote === undefined) return undefined;
  const isValid = tracestate !== undefined && parseTracestate(tracestate) !== undefined;
  return { remote, tracestate: isValid ? tracestate : undefined };
}

function joined(before: string | undefined, more: string | undefined): string | undefined {
  return before === undefined || more === undefined ? (more ?? before) : `${before},${more}`;
}
