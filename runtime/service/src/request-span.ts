import type { IncomingMessage } from "node:http";
import {
  parseB3,
  parseTraceparent,
  parseTracestate,
  type RemoteParent,
  type RootSpan,
  type Tracer,
} from "@holdfast/trace";
import { rawHeader } from "./raw-header.ts";

/** Begins the span of a request, below the one its caller names; undefined in a process that does not trace. */
export function beginRequestSpan(
  tracer: Tracer | undefined,
  req: IncomingMessage,
  startedAtMs: number,
): RootSpan | undefined {
  if (tracer === undefined) return undefined;
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
  const span = tracer.serve("", startedAtMs, remote);
  if (tracestate !== undefined && remote !== undefined && parseTracestate(tracestate) !== undefined)
    span.tracestate = tracestate;
  return span;
}

function joined(before: string | undefined, more: string | undefined): string | undefined {
  return before === undefined || more === undefined ? (more ?? before) : `${before},${more}`;
}
