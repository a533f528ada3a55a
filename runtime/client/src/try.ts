import type { IncomingHttpHeaders } from "node:http";
import { Readable } from "node:stream";
import { codeOf } from "@holdfast/kernel";
import { Headers } from "@holdfast/wire";
import type { Dispatcher } from "undici";
import type { ServerPool } from "./server-pool.ts";

/** A whole answer, or the beginning of a long one with the rest to come. */
export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /** Name, value, name, value: as received, Latin-1. */
  readonly rawHeaders: readonly Buffer[];
  /** All of the body, or `stream` has it. */
  readonly body: Buffer | undefined;
  readonly stream: Readable | undefined;
  readonly server: ServerPool;
}

export type TryFailure =
  /** The request cannot have been executed: not sent, or the server says so. */
  | { readonly kind: "not-executed"; readonly cause: unknown }
  /** It may have been executed; the answer is lost. */
  | { readonly kind: "lost"; readonly cause: unknown }
  /** It is not the server's fault: the request cannot be sent, or its body broke off. */
  | { readonly kind: "own-fault"; readonly cause: unknown };

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

/** Answers that are read as they come, and may never end. */
const streamTypes = /^(text\/event-stream|application\/(x-ndjson|stream\+json|grpc)|multipart\/x-mixed-replace)/i;
/** undici's complaints about the request itself. */
const unsendable: ReadonlySet<string> = new Set([
  "UND_ERR_INVALID_ARG",
  "UND_ERR_NOT_SUPPORTED",
  "UND_ERR_REQ_CONTENT_LENGTH_MISMATCH",
]);
/** Head and body of a request up to this size leave in one write, which the kernel takes whole or not at all. */
const oneWriteBytes = 16 * 1024;

/** One request to one server. Reports once: an answer or a failure. */
export class Try implements Dispatcher.DispatchHandler {
  readonly server: ServerPool;
  readonly startedAtMs: number;
  readonly #events: TryEvents;
  readonly #request: TryRequest;
  #controller: Dispatcher.DispatchController | undefined;
  #settled = false;
  #aborted: Error | undefined;
  #status = 0;
  #headers: IncomingHttpHeaders = {};
  #chunks: Buffer[] = [];
  #bytes = 0;
  #stream: Readable | undefined;

  constructor(server: ServerPool, startedAtMs: number, request: TryRequest, events: TryEvents) {
    this.server = server;
    this.startedAtMs = startedAtMs;
    this.#request = request;
    this.#events = events;
  }

  send(): void {
    const { method, path, headers, body } = this.#request;
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

  /** Held back for long enough: passes on what is there and the rest as it comes. False when nothing is there yet. */
  release(): boolean {
    if (this.#settled || this.#status === 0) return false;
    this.#overflow();
    return true;
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    if (this.#aborted !== undefined) controller.abort(this.#aborted);
  }

  onResponseStart(_controller: Dispatcher.DispatchController, status: number, headers: IncomingHttpHeaders): void {
    // Early hints and 100-continue are not the answer.
    if (status < 200 || this.#settled) return;
    this.#status = status;
    this.#headers = headers;
    if (status === 421 || headers[Headers.notExecuted] !== undefined) {
      const cause = new Error(`${this.server.origin} answered ${status}, not executed`);
      return this.#fail({ kind: "not-executed", cause });
    }
    const holdBackBytes = this.#request.holdBackBytes;
    const isStream = streamTypes.test(String(headers["content-type"] ?? "")) || headers["x-accel-buffering"] === "no";
    if (isStream || holdBackBytes === 0 || Number(headers["content-length"]) > holdBackBytes) this.#overflow();
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.#stream !== undefined) {
      if (!this.#stream.push(chunk)) controller.pause();
      return;
    }
    this.#chunks.push(chunk);
    this.#bytes += chunk.length;
    if (this.#bytes > this.#request.holdBackBytes) this.#overflow();
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
    this.#fail({ kind: this.#kindOf(error), cause: error });
  }

  #kindOf(error: Error): TryFailure["kind"] {
    const { body } = this.#request;
    if (unsendable.has(codeOf(error))) return "own-fault";
    if (body !== null && !Buffer.isBuffer(body) && body.errored === error) return "own-fault";
    // Not on a connection yet: refused, unreachable, too slow to connect, or closed while it waited.
    if (this.#controller === undefined) return "not-executed";
    // A kept connection that the server has reset: the write itself failed, so not one byte left this machine.
    const fitsOneWrite = body === null || (Buffer.isBuffer(body) && body.length <= oneWriteBytes);
    const writeFailed = "syscall" in error && error.syscall === "write";
    return writeFailed && fitsOneWrite && this.#status === 0 ? "not-executed" : "lost";
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
    const raw = this.#controller?.rawHeaders;
    const rawHeaders = Array.isArray(raw) ? (raw as Buffer[]) : [];
    const { server } = this;
    this.#events.onAnswer(this, { status: this.#status, headers: this.#headers, rawHeaders, body, stream, server });
  }

  #fail(failure: TryFailure): void {
    if (this.#settled) return;
    this.#settled = true;
    if (this.#status !== 0) this.#controller?.abort(new Error("not wanted"));
    this.#events.onFailure(this, failure);
  }
}
