import { randomUUID } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { RequestContext } from "@holdfast/client";
import { endpointOf } from "@holdfast/metrics";
import { addCommandSpans, type OpenRequest, openRequestContext } from "@holdfast/resilience";
import { type RootSpan, type Span, type SpanSubject, sampledFlag, type Tracer } from "@holdfast/trace";
import { Headers } from "@holdfast/wire";
import type { Access } from "./logs/access-log.ts";
import { rawHeader } from "./raw-header.ts";
import { readTraceHeaders, type TraceHeaders } from "./trace-headers.ts";

/** The context of a request being served; made for every one of them, so it works out only what is asked for. */
export class ServedRequest implements RequestContext, SpanSubject {
  readonly startedAtMs: number;
  readonly deadlineAtMs: number | undefined;
  /** Kept as they came, as is its URL: frameworks write into the request. */
  readonly method: string;
  readonly url: string;
  /** 1 for the first. */
  readonly attempt: number;
  readonly #req: IncomingMessage;
  readonly #res: ServerResponse;
  readonly #tracer: Tracer | undefined;
  readonly #headers: TraceHeaders | undefined;
  /** Of its trace. */
  readonly #flags: number;
  #span: RootSpan | undefined = undefined;
  #commands: OpenRequest | undefined = undefined;
  #requestId: string | undefined = undefined;
  #status = 0;

  /** `tracer`: undefined in a process that does not trace. */
  constructor(
    req: IncomingMessage,
    res: ServerResponse,
    startedAtMs: number,
    deadlineAtMs: number | undefined,
    tracer: Tracer | undefined,
  ) {
    this.#req = req;
    this.#res = res;
    this.startedAtMs = startedAtMs;
    this.deadlineAtMs = deadlineAtMs;
    this.method = req.method ?? "GET";
    this.url = req.url ?? "/";
    this.attempt = Number(rawHeader(req, Headers.attempt) ?? 1);
    this.#tracer = tracer;
    this.#headers = tracer === undefined ? undefined : readTraceHeaders(req);
    this.#flags = tracer === undefined ? 0 : tracer.flagsOf(this.#headers?.remote);
  }

  /** Made at the first question: of most requests, nobody has one. */
  get span(): RootSpan | undefined {
    if (this.#span !== undefined || this.#tracer === undefined) return this.#span;
    const span = this.#tracer.serve("", this.startedAtMs, this.#headers?.remote, undefined, this.#flags);
    span.tracestate = this.#headers?.tracestate;
    span.subject = this;
    this.#span = span;
    return span;
  }

  get commands(): OpenRequest {
    this.#commands ??= openRequestContext();
    return this.#commands;
  }

  /** The caller's, or one made here. */
  get requestId(): string {
    this.#requestId ??= rawHeader(this.#req, Headers.requestId) ?? randomUUID();
    return this.#requestId;
  }

  /** Of this request's span; where nothing is traced, what the caller said. */
  get traceparent(): string | undefined {
    return this.#tracer === undefined ? rawHeader(this.#req, Headers.traceparent) : this.span?.traceparent;
  }

  /** What was tried in full behind us is not worth trying again from above. */
  onExhausted(): void {
    if (!this.#res.headersSent) this.#res.setHeader(Headers.retried, "1");
  }

  withSpan(span: Span): RequestContext {
    return new InnerRequest(this, span);
  }

  /** Its answer has gone, or its caller has. */
  ended(status: number, nowMs: number): void {
    this.#commands?.end();
    if (this.#tracer === undefined || (this.#span === undefined && !this.#isKept(this.#tracer, status, nowMs))) return;
    const { span } = this;
    if (span === undefined) return;
    this.#status = status;
    if (status >= 500) span.fail(`status ${status}`);
    span.end(nowMs);
  }

  /** Of a request whose span nobody has asked for: whether there is to be one. */
  #isKept(tracer: Tracer, status: number, nowMs: number): boolean {
    return (this.#flags & sampledFlag) !== 0 || status >= 500 || nowMs - this.startedAtMs >= tracer.slowMs;
  }

  /** What the log of accesses says of it. */
  access(status: number, ms: number): Access {
    const { method, url, requestId, traceparent } = this;
    return { method, url, status, ms, from: this.#req.socket.remoteAddress, requestId, traceparent };
  }

  /** A stream is not slow, it is long. */
  mayBeSlow(): boolean {
    const type = this.#res.getHeader("content-type");
    return (
      !(typeof type === "string" && type.startsWith("text/event-stream")) && this.#req.headers.upgrade === undefined
    );
  }

  /** What a kept span says of the request; never the query, which carries tokens and names of people. */
  describe(span: Span): void {
    if (this.#commands !== undefined) addCommandSpans(this.#commands.log, span);
    const { socket } = this.#req;
    const end = this.url.search(/[?#]/);
    const path = end < 0 ? this.url : this.url.slice(0, end);
    span.name = `${this.method} ${endpointOf(this.url)}`;
    span.set("http.request.method", this.method);
    span.set("url.path", path);
    span.set("http.response.status_code", this.#status);
    span.set("holdfast.request.id", this.requestId);
    if (socket.remoteAddress !== undefined) span.set("client.address", socket.remoteAddress);
    if (this.attempt > 1) span.set("http.request.resend_count", this.attempt - 1);
    const agent = rawHeader(this.#req, "user-agent");
    if (agent !== undefined) span.set("user_agent.original", agent);
  }
}

/** The context of a request within one of its inner spans. */
class InnerRequest implements RequestContext {
  readonly span: Span;
  readonly deadlineAtMs: number | undefined;
  readonly #outer: ServedRequest;

  constructor(outer: ServedRequest, span: Span) {
    this.#outer = outer;
    this.span = span;
    this.deadlineAtMs = outer.deadlineAtMs;
  }

  get requestId(): string {
    return this.#outer.requestId;
  }

  get traceparent(): string {
    return this.span.traceparent;
  }

  get commands(): OpenRequest {
    return this.#outer.commands;
  }

  onExhausted(): void {
    this.#outer.onExhausted();
  }

  withSpan(span: Span): RequestContext {
    return new InnerRequest(this.#outer, span);
  }
}
