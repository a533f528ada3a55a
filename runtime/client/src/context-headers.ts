import { Headers } from "@holdfast/wire";
import { currentContext } from "./context.ts";

/** Adds the ids of the request being served, unless the caller has set its own. */
export function withContext(headers: string[]): string[] {
  const context = currentContext();
  if (context === undefined) return headers;
  if (!headers.includes(Headers.requestId)) headers.push(Headers.requestId, context.requestId);
  // With a span, each try says its own.
  if (context.span === undefined && context.traceparent !== undefined && !headers.includes(Headers.traceparent)) {
    headers.push(Headers.traceparent, context.traceparent);
  }
  return headers;
}
