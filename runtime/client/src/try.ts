import type { IncomingHttpHeaders } from "node:http";
import { Readable } from "node:stream";
import { codeOf } from "@holdfast/kernel";
import type { Timed, Timeouts } from "@holdfast/resilience";
import { type AttemptReport, Headers } from "@holdfast/wire";
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
  /** It has been silent for as long as its tick list says. `stalled`: because this process stood still. */
  onTick(attempt: Try, stalled: boolean): void;
}

type TryRequest = Pick<Try, "method" | "path" | "body" | "holdBackBytes">;

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
const noHeaders: IncomingHttpHeaders = {};
const nothing = Buffer.alloc(0);

type TickList = ReturnType<Timeouts["list"]>;

/** One request to one server. Reports once: an answer or a failure. It is undici's options and handler in one object. */
export class Try implements Dispatcher.DispatchHandler, Timed {
  readonly method: string;
  readonly path: string;
  /** Flat: name, value, name, value. */
  readonly headers: string[];
  readonly body: Buffer | Readable | null;
  readonly server: ServerPool;
  readonly startedAtMs: number;
  readonly kind: AttemptReport["kind"];
  /** What the server was told to be its caller's span; empty without a trace. */
  readonly spanId: string;
  /** Hold the body back until it is whole or longer than this; 0 streams at once. */
  holdBackBytes: number;
  /** Of the tick. */
  startMs: number;
  previous: Timed | undefined = undefined;
  next: Timed | undefined = undefined;
  readonly #events: TryEvents;
  #ticks: TickList | undefined;
  #controller: Dispatcher.DispatchController | undefined;
  #settled = false;
  #aborted: Error | undefined;
  #status = 0;
  #answerHeaders: IncomingHttpHeaders = noHeaders;
  /** The only chunk so far, which is nearly always all of it. */
  #chunk: Buffer | undefined;
  #more: Buffer[] | undefined;
  #bytes = 0;
  #stream: Readable | undefined;
  #outcome = "";
  #endedAtMs = 0;

  constructor(
    server: ServerPool,
    startedAtMs: number,
    kind: AttemptReport["kind"],
    request: TryRequest,
    headers: string[],
    events: TryEvents,
    spanId: string,
  ) {
    this.method = request.method;
    this.path = request.path;
    this.headers = headers;
    this.body = request.body;
    this.holdBackBytes = request.holdBackBytes;
    this.server = server;
    this.startedAtMs = startedAtMs;
    this.startMs = startedAtMs;
    this.kind = kind;
    this.spanId = spanId;
    this.#events = events;
  }

  /** It has ended one way or the other, for the call that it belongs to. */
  get isOver(): boolean {
    return this.#outcome !== "";
  }

  send(): void {
    try {
      this.server.pool.dispatch(this as unknown as Dispatcher.DispatchOptions, this);
    } catch (error) {
      this.#fail({ kind: "not-executed", cause: error });
    }
  }

  /** How it ended; only the first word counts. */
  note(outcome: string, nowMs: number): void {
    if (this.#outcome !== "") return;
    this.#outcome = outcome;
    this.#endedAtMs = nowMs;
  }

  report(callStartedAtMs: number): AttemptReport {
    const { id, zone } = this.server.record;
    return {
      instance: id,
      zone,
      startedMs: tenths(this.startedAtMs - callStartedAtMs),
      tookMs: tenths(this.#endedAtMs - this.startedAtMs),
      kind: this.kind,
      outcome: this.#outcome,
    };
  }

  /** Its events hear `onTick` when it has kept silent for as long as `list` says from now on. */
  tickAgain(nowMs: number, list: TickList): void {
    this.startMs = nowMs;
    this.#ticks = list;
    list.add(this);
  }

  tickNoMore(): void {
    this.#ticks?.remove(this);
    this.#ticks = undefined;
  }

  expire(stalled: boolean): void {
    this.#events.onTick(this, stalled);
  }

  /** Nobody wants the answer any more. Does nothing after the end. */
  abort(reason: Error): void {
    if (this.#settled) return;
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
    this.#answerHeaders = headers;
    // A server that is full (503, 429) has answered, and is well: that is another matter.
    if (status === 421 || (headers[Headers.notExecuted] !== undefined && status !== 503 && status !== 429)) {
      const cause = new Error(`${this.server.origin} answered ${status}, not executed`);
      return this.#fail({ kind: "not-executed", cause });
    }
    const { holdBackBytes } = this;
    const isStream = streamTypes.test(String(headers["content-type"] ?? "")) || headers["x-accel-buffering"] === "no";
    if (isStream || holdBackBytes === 0 || Number(headers["content-length"]) > holdBackBytes) this.#overflow();
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.#stream !== undefined) {
      if (!this.#stream.push(chunk)) controller.pause();
      return;
    }
    if (this.#chunk === undefined) this.#chunk = chunk;
    else (this.#more ??= []).push(chunk);
    this.#bytes += chunk.length;
    if (this.#bytes > this.holdBackBytes) this.#overflow();
  }

  onResponseEnd(): void {
    if (this.#stream !== undefined) {
      this.#stream.push(null);
      return;
    }
    const first = this.#chunk ?? nothing;
    this.#answer(this.#more === undefined ? first : Buffer.concat([first, ...this.#more]), undefined);
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    if (this.#stream !== undefined) {
      this.#stream.destroy(error);
      return;
    }
    this.#fail({ kind: this.#kindOf(error), cause: error });
  }

  #kindOf(error: Error): TryFailure["kind"] {
    const { body } = this;
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
    if (this.#chunk !== undefined) stream.push(this.#chunk);
    for (const chunk of this.#more ?? []) stream.push(chunk);
    this.#chunk = undefined;
    this.#more = undefined;
    this.#answer(undefined, stream);
  }

  #answer(body: Buffer | undefined, stream: Readable | undefined): void {
    if (this.#settled) return;
    this.#settled = true;
    const raw = this.#controller?.rawHeaders;
    const rawHeaders = Array.isArray(raw) ? (raw as Buffer[]) : [];
    const { server } = this;
    this.#events.onAnswer(this, {
      status: this.#status,
      headers: this.#answerHeaders,
      rawHeaders,
      body,
      stream,
      server,
    });
  }

  #fail(failure: TryFailure): void {
    if (this.#settled) return;
    this.#settled = true;
    if (this.#status !== 0) this.#controller?.abort(new Error("not wanted"));
    this.#events.onFailure(this, failure);
  }
}

function tenths(ms: number): number {
  return Math.round(ms * 10) / 10;
}
