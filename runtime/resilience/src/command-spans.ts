import { activeSpan, type Span, SpanKind } from "@holdfast/trace";
import { At, type CommandEvent } from "./events.ts";
import type { LogEntry } from "./request-context.ts";

/** Ends of a command that make its trace worth keeping. */
const failures: readonly CommandEvent[] = [
  "FAILURE",
  "TIMEOUT",
  "SHORT_CIRCUITED",
  "THREAD_POOL_REJECTED",
  "SEMAPHORE_REJECTED",
];
const failureEvents: ReadonlySet<number> = new Set(failures.map((name) => At[name]));

/** A command has failed: whatever was decided, its request's trace is kept, even if a fallback has answered. */
export function noteForTrace(event: number): void {
  if (!failureEvents.has(event)) return;
  const span = activeSpan();
  if (span !== undefined) span.root.hasFailure = true;
}

/** The span to run a command in, so that its calls are found below it; only in a trace that is kept from the start. */
export function spanOfCommand(key: string, nowMs: number): Span | undefined {
  const parent = activeSpan();
  return parent?.isSampled === true ? parent.child(SpanKind.internal, key, nowMs) : undefined;
}

/** Makes spans below `root` of what the log of its request says of commands. For a trace that is kept, at its end. */
export function addCommandSpans(log: readonly LogEntry[], root: Span): void {
  for (const entry of log) {
    if (entry.tracesItself || entry.endMs < 0) continue;
    const span = entry.span ?? root.child(SpanKind.internal, entry.key, entry.startMs);
    span.set("holdfast.command", entry.key);
    span.set("holdfast.command.events", entry.events.join(" "));
    if (entry.batchSize > 0) span.set("holdfast.command.batch", entry.batchSize);
    const fellBack = entry.events.includes("FALLBACK_SUCCESS");
    const failure = failures.find((event) => entry.events.includes(event));
    if (fellBack) span.event("fallback", entry.endMs, ["reason", failure ?? ""]);
    else if (failure !== undefined) span.fail(failure);
    span.end(entry.endMs);
  }
}
