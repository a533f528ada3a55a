import { randomUUID } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { RequestContext } from "@holdfast/client";
import { endpointOf } from "@holdfast/metrics";
import { addCommandSpans, type LogEntry } from "@holdfast/resilience";
import type { RootSpan, Span, SpanSubject } from "@holdfast/trace";
import { Headers } from "@holdfast/wire";
import type { Access } from "./logs/access-log.ts";
import { rawHeader } from "./raw-header.ts";

/** The context of a request being served; made for every one of them, so it works out only what is asked for. */
export class ServedRequest implements RequestContext, SpanSubject {
  readonly deadlineAtMs: number | undefined;
  readonly span: RootSpan | undefined;
  readonly #req: IncomingMessage;
  readonly #res: ServerResponse;
  /** Kept as they came: frameworks write into the request. */
  readonly #method: string;
  readonly #url: string;
  readonly #commands: readonly LogEntry[];
  #requestId: string | undefined;
  #status = 0;

  constructor(
    req: IncomingMessage,
    res: ServerResponse,
    deadlineAtMs: number | undefined,
    span?: RootSpan,
    commands: readonly LogEntry[] = [],
  ) {
    this.#commands = commands;
    this.#req = req;
    this.#res = res;
    this.deadlineAtMs = deadlineAtMs;
    this.span = span;
    this.#method = req.method ?? "GET";
    this.#url = req.url ?? "/";
    if (span !== undefined) span.subject = this;
  }

  /** The caller's, or one made here. */
  get requestId(): string {
    this.#requestId ??= rawHeader(this.#req, Headers.requestId) ?? randomUUID();
    return this.#requestId;
  }

  /** Of this request's span; where nothing is traced, what the caller said. */
  get traceparent(): string | undefined {
    return this.span === undefined ? rawHeader(this.#req, Headers.traceparent) : this.span.traceparent;
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
    const { span } = this;
    if (span === undefined) return;
    this.#status = status;
    if (status >= 500) span.fail(`status ${status}`);
    span.end(nowMs);
  }

  /** What the log of accesses says of it. */
  access(status: number, ms: number): Access {
    const [method, url, from] = [this.#method, this.#url, this.#req.socket.remoteAddress];
    return { method, url, status, ms, from, requestId: this.requestId, traceparent: this.traceparent };
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
    addCommandSpans(this.#commands, span);
    const { socket } = this.#req;
    const end = this.#url.search(/[?#]/);
    const path = end < 0 ? this.#url : this.#url.slice(0, end);
    span.name = `${this.#method} ${endpointOf(this.#url)}`;
    span.set("http.request.method", this.#method);
    span.set("url.path", path);
    span.set("http.response.status_code", this.#status);
    span.set("holdfast.request.id", this.requestId);
    if (socket.remoteAddress !== undefined) span.set("client.address", socket.remoteAddress);
    const attempt = Number(rawHeader(this.#req, Headers.attempt) ?? 1);
    if (attempt > 1) span.set("http.request.resend_count", attempt - 1);
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

  onExhausted(): void {
    this.#outer.onExhausted();
  }

  withSpan(span: Span): RequestContext {
    return new InnerRequest(this.#outer, span);
  }
}
