import { codeOf, messageOf } from "@holdfast/kernel";
import { type FlatAttributes, type RootSpan, type Span, SpanKind, type Tracer } from "@holdfast/trace";
import { type AttemptReport, Headers } from "@holdfast/wire";
import type { RequestContext } from "./context.ts";
import type { Job } from "./service-command.ts";

/** How a call ended. */
export interface CallEnd {
  readonly job: Job;
  /** The status of the answer, or why there was none. */
  readonly result: unknown;
  readonly startedAtMs: number;
  readonly endedAtMs: number;
}

/** On whose behalf a call is made: the span of the request being served, or else one of its own. */
export function spanOfCaller(
  tracer: Tracer | undefined,
  context: RequestContext | undefined,
  service: string,
  nowMs: number,
): Span | undefined {
  if (context !== undefined) return context.span;
  return tracer?.begin(SpanKind.internal, callName(service), nowMs, undefined);
}

/** Tells the next hop of the trace, unless the caller has done so. */
export function pushTraceHeaders(headers: string[], { traceId, flags, tracestate }: RootSpan, spanId: string): void {
  if (headers.includes(Headers.traceparent)) return;
  headers.push(Headers.traceparent, `00-${traceId}-${spanId}-0${flags}`);
  if (tracestate !== undefined && !headers.includes(Headers.tracestate)) headers.push(Headers.tracestate, tracestate);
}

/**
 * The spans of a call that is over: one of kind client for each try. When there was more than one, or none, or something else
 * answered instead, a span of the whole call is around them; so it is when no request asked for it (`parent` is then it).
 */
export function endCallSpans(parent: Span, isOwn: boolean, end: CallEnd): void {
  const { call, cluster, fellBackFor } = end.job;
  const tries = call?.attempts() ?? [];
  const isPlain = tries.length === 1 && fellBackFor === undefined;
  const name = callName(cluster.app);
  const whole = isOwn ? parent : isPlain ? undefined : parent.child(SpanKind.internal, name, end.startedAtMs);
  for (const [nth, attempt] of tries.entries()) endTry(whole ?? parent, end, nth, attempt);
  if (whole === undefined) return;
  whole.set("peer.service", cluster.app);
  whole.set("holdfast.tries", tries.length);
  if (fellBackFor === undefined) noteFailure(whole, end.result);
  else {
    whole.event("fallback", end.endedAtMs, ["reason", fellBackFor]);
    // Who asked got less than was asked for.
    whole.root.hasFailure = true;
  }
  whole.end(end.endedAtMs);
}

function noteFailure(span: Span, result: unknown): void {
  if (typeof result === "number") {
    if (result >= 500) span.fail(`status ${result}`);
    return;
  }
  const code = codeOf(result);
  span.set("error.type", code);
  // Its caller has gone: nothing failed here.
  if (code !== "CALL_ABORTED") span.fail(messageOf(result));
}

function endTry(parent: Span, { job, startedAtMs }: CallEnd, nth: number, attempt: AttemptReport): void {
  const { cluster, request } = job;
  const { outcome } = attempt;
  const beganAtMs = startedAtMs + attempt.startedMs;
  const status = Number(outcome);
  const hasStatus = status > 0;
  const attributes: FlatAttributes = [
    "http.request.method",
    request.method,
    "url.path",
    withoutQuery(request.path),
    "peer.service",
    cluster.app,
    "holdfast.peer.instance",
    attempt.instance,
    "holdfast.peer.zone",
    attempt.zone,
  ];
  if (hasStatus) attributes.push("http.response.status_code", status);
  else attributes.push("error.type", outcome);
  if (nth > 0) attributes.push("http.request.resend_count", nth, "holdfast.try", attempt.kind);
  const span = parent.child(SpanKind.client, `${request.method} ${cluster.app}`, beganAtMs, attributes);
  span.useId(job.call?.spanIdOf(nth));
  if (hasStatus ? status >= 500 : outcome !== "abandoned") span.fail(hasStatus ? `status ${status}` : outcome);
  span.end(beganAtMs + attempt.tookMs);
}

/** Queries carry tokens and names of people. */
function withoutQuery(path: string): string {
  const at = path.indexOf("?");
  return at < 0 ? path : path.slice(0, at);
}

function callName(service: string): string {
  return `call ${service}`;
}
