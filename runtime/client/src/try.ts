import { Readable } from "node:stream";
import type { IncomingHttpHeaders } from "node:http";
import { codeOf } from "@holdfast/kernel";
import { Headers } from "@holdfast/wire";
import type { Dispatcher } from "undici";
import type { ServerPool } from "./server-pool.ts";

/** A whole answer, or the beginning of a long one with the rest to come. */
export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /** All of the body, or `stream` has it. */
  readonly body: Buffer | undefined;
  readonly stream: Readable | undefined;
  readonly server: ServerPool;
}

export type TryFailure =
  /** The request cannot have been executed: not sent, or the server says so. */
  | { readonly kind: "not-executed"; readonly cause: unknown }
  /** It may have been executed; the answer is lost. */
  | { readonly kind: "lost"; readonly cause: unknown };

export interface TryEvents {
  onAnswer(attempt: Try, answer: Answer): void;
  onFailure(attempt: Try, failure: TryFailure): void;
}

export interface TryRequest {
  readonly method: string;
  readonly path: string;
  /** Flat: name, value, name, value. */
  readonly headers: string[];
  readonly body: Buffer | Readable | null;
  /** Hold the body back until it is whole or longer than this; 0 streams at once. */
  readonly holdBackBytes: number;
}

/** One request to one server. Reports once: an answer or a failure. */
export class Try implements Dispatcher.DispatchHandler {
  readonly server: ServerPool;
  readonly startedAtMs: number;
  readonly #events: TryEvents;
  readonly #holdBackBytes: number;
  #controller: Dispatcher.DispatchController | undefined;
  #settled = false;
  #aborted: Error | undefined;
  #status = 0;
  #headers: IncomingHttpHeaders = {};
  #chunks: Buffer[] = [];
  #bytes = 0;
  #stream: Readable | undefined;

  constructor(server: ServerPool, startedAtMs: number, holdBackBytes: number, events: TryEvents) {
    this.server = server;
    this.startedAtMs = startedAtMs;
    this.#events = events;
    this.#holdBackBytes = holdBackBytes;
  }

  send(request: TryRequest): void {
    const { method, path, headers, body } = request;
    try {
      this.server.pool.dispatch({ method, path, headers, body }, this);
    } catch (error) {
      this.#fail({ kind: "not-executed", cause: error });
    }
  }

  /** Nobody wants the answer any more. Does nothing after the end. */
  abort(reason: Error): void {
    this.#aborted = reason;
    this.#settled = true;
    this.#controller?.abort(reason);
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    if (this.#aborted !== undefined) controller.abort(this.#aborted);
  }

  onResponseStart(_controller: Dispatcher.DispatchController, status: number, headers: IncomingHttpHeaders): void {
    // Early hints and 100-continue are not the answer.
    if (status < 200) return;
    this.#status = status;
    this.#headers = headers;
    if (status === 421 || headers[Headers.notExecuted] !== undefined) {
      return this.#fail({
        kind: "not-executed",
        cause: new Error(`${this.server.origin} answered ${status}, not executed`),
      });
    }
    const isStream = String(headers["content-type"] ?? "").startsWith("text/event-stream");
    if (isStream || this.#holdBackBytes === 0 || Number(headers["content-length"]) > this.#holdBackBytes)
      this.#overflow();
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.#stream !== undefined) {
      if (!this.#stream.push(chunk)) controller.pause();
      return;
    }
    this.#chunks.push(chunk);
    this.#bytes += chunk.length;
    if (this.#bytes > this.#holdBackBytes) this.#overflow();
  }

  onResponseEnd(): void {
    if (this.#stream !== undefined) {
      this.#stream.push(null);
      return;
    }
    const body = this.#chunks.length === 1 ? this.#chunks[0] : Buffer.concat(this.#chunks);
    this.#answer(body, undefined);
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    if (this.#stream !== undefined) {
      this.#stream.destroy(error);
      return;
    }
    const neverSent = this.#controller === undefined || codeOf(error) === "UND_ERR_CONNECT_TIMEOUT";
    this.#fail({ kind: neverSent ? "not-executed" : "lost", cause: error });
  }

  #overflow(): void {
    const controller = this.#controller;
    const stream = new Readable({
      highWaterMark: 64 * 1024,
      read: () => controller?.resume(),
      destroy: (error, callback) => {
        // Whoever reads has gone: the server need not go on. After a clean end there is nothing to abort.
        if (!stream.readableEnded) controller?.abort(error ?? new Error("the reader has gone"));
        callback(error);
      },
    });
    this.#stream = stream;
    for (const chunk of this.#chunks) stream.push(chunk);
    this.#chunks = [];
    this.#answer(undefined, stream);
  }

  #answer(body: Buffer | undefined, stream: Readable | undefined): void {
    if (this.#settled) return;
    this.#settled = true;
    this.#events.onAnswer(this, { status: this.#status, headers: this.#headers, body, stream, server: this.server });
  }

  #fail(failure: TryFailure): void {
    if (this.#settled) return;
    this.#settled = true;
    if (this.#status !== 0) this.#controller?.abort(new Error("not wanted"));
    this.#events.onFailure(this, failure);
  }
}
