import { randomUUID } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { RequestContext } from "@holdfast/client";
import { Headers } from "@holdfast/wire";
import { rawHeader } from "./raw-header.ts";

/** The context of a request being served; made for every one of them, so it works out only what is asked for. */
export class ServedRequest implements RequestContext {
  readonly deadlineAtMs: number | undefined;
  readonly #req: IncomingMessage;
  readonly #res: ServerResponse;
  #requestId: string | undefined;

  constructor(req: IncomingMessage, res: ServerResponse, deadlineAtMs: number | undefined) {
    this.#req = req;
    this.#res = res;
    this.deadlineAtMs = deadlineAtMs;
  }

  /** The caller's, or one made here. */
  get requestId(): string {
    this.#requestId ??= rawHeader(this.#req, Headers.requestId) ?? randomUUID();
    return this.#requestId;
  }

  get traceparent(): string | undefined {
    return rawHeader(this.#req, Headers.traceparent);
  }

  /** What was tried in full behind us is not worth trying again from above. */
  onExhausted(): void {
    if (!this.#res.headersSent) this.#res.setHeader(Headers.retried, "1");
  }
}
