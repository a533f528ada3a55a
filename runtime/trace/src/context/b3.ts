import { isSpanId, isTraceId, type RemoteParent, sampledFlag } from "./traceparent.ts";

/** Gives the value of a header by its lower-case name. */
export type HeaderOf = (name: string) => string | undefined;

/**
 * Reads Zipkin's B3: the single header `b3: <trace>-<span>[-<0|1|d>[-<parent>]]`, or `b3: 0` (nothing but a decision, which
 * says nothing of a trace); else `x-b3-traceid`, `x-b3-spanid`, `x-b3-sampled`, `x-b3-flags`. Trace ids of 16 digits
 * are filled up with zeros on the left. Upper case is read as lower. `undefined` for what is malformed.
 */
export function parseB3(header: HeaderOf): RemoteParent | undefined {
  const single = header("b3");
  if (single !== undefined) {
    const [traceId, spanId, decision, , ...more] = single.split("-");
    if (traceId === undefined || spanId === undefined || more.length > 0) return undefined;
    return parentOf(traceId, spanId, flagsOf(decision));
  }
  const traceId = header("x-b3-traceid");
  const spanId = header("x-b3-spanid");
  if (traceId === undefined || spanId === undefined) return undefined;
  return parentOf(traceId, spanId, header("x-b3-flags") === "1" ? sampledFlag : flagsOf(header("x-b3-sampled")));
}

function parentOf(trace: string, span: string, flags: number | undefined): RemoteParent | undefined {
  const traceId = (trace.length === 16 ? trace.padStart(32, "0") : trace).toLowerCase();
  const spanId = span.toLowerCase();
  return isTraceId(traceId) && isSpanId(spanId) ? { traceId, spanId, flags } : undefined;
}

/** `undefined`: the decision is left to whoever reads it. */
function flagsOf(decision: string | undefined): number | undefined {
  switch (decision) {
    case "1":
    case "d":
    case "true":
      return sampledFlag;
    case "0":
    case "false":
      return 0;
    default:
      return undefined;
  }
}
