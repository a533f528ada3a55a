import { STATUS_CODES } from "node:http";
import { PlatformError } from "@holdfast/kernel";
import { Fields } from "../fields.ts";
import type { RequestHead } from "../request-head.ts";
import type { ResponseHead } from "../response-head.ts";
import type { TunnelEnd } from "../tunnel-end.ts";
import type { ClientSide } from "./client-side.ts";

/** Whoever takes a body as it comes. Pieces are the taker's to keep. */
export interface BodySink {
  /** False asks for no more until `Exchange.resumeBody`. */
  data(piece: Buffer): boolean;
  end(trailers: Fields | undefined): void;
  /** No more will come: the client went away, or broke the grammar or a limit. Called at most once, in place of `end`. */
  failed(error: PlatformError): void;
}

/** What an answer begins with. A `ResponseHead` of an origin is one. */
export type AnswerHead = Pick<ResponseHead, "status" | "reason" | "fields" | "length" | "announced">;

/** How an exchange ended: its answer went out in full, its client went away before, or the answer was cut off. */
export type Outcome = "answered" | "client-gone" | "cut-off";

/** Whoever works on an exchange and must know how its client does. */
export interface Worker {
  /** The client is gone: what is done for it can be given up. */
  clientGone(): void;
  /** A client that was slow has taken all that was written. */
  clientDrained(): void;
}

/** A body goes along with its head in one string up to so many bytes; above, it is written as the bytes it is. */
const joinedBytes = 8 * 1024;

/** One request and its answer. */
export class Exchange {
  readonly request: RequestHead;
  /** The request's body, when all of it had come with the head (empty for none); else `takeBody` gives it. */
  readonly body: Buffer | undefined;
  /** Called once, when all is over. */
  onEnd: ((outcome: Outcome) => void) | undefined;
  #client: ClientSide;
  #state: "open" | "answering" | "over" = "open";
  #chunked = false;
  #bodiless = false;
  #keep = false;
  #received: boolean;
  #sink: BodySink | undefined;
  #early: Buffer[] | undefined;
  #trailers: Fields | undefined;
  #failure: PlatformError | undefined;
  #worker: Worker | undefined;

  /** Only connections make these. */
  constructor(client: ClientSide, request: RequestHead, body: Buffer | undefined, trailers: Fields | undefined) {
    this.#client = client;
    this.request = request;
    this.body = body;
    this.#received = body !== undefined;
    this.#trailers = trailers;
  }

  get remoteAddress(): string {
    return this.#client.remoteAddress;
  }

  /** True until an answer has begun: then `respond` and `begin` may be called. */
  get open(): boolean {
    return this.#state === "open";
  }

  /** True once nothing can be sent any more. */
  get over(): boolean {
    return this.#state === "over";
  }

  /** What came behind a body in chunks; once all has come. */
  get trailers(): Fields | undefined {
    return this.#trailers;
  }

  /** Gives the body to `sink` as it comes. `ask`: a client that waits for `100 Continue` is told so now. */
  takeBody(sink: BodySink, ask: boolean): void {
    const early = this.#early;
    this.#early = undefined;
    this.#sink = sink;
    if (this.#failure !== undefined) return sink.failed(this.#failure);
    if (ask && this.request.expectsContinue && early === undefined && !this.#received) this.inform(100);
    let more = true;
    if (this.body !== undefined && this.body.length > 0) more = sink.data(this.body);
    for (const piece of early ?? []) more = sink.data(piece);
    if (this.#received) return sink.end(this.#trailers);
    if (more) this.#client.resume();
  }

  /** Lets the client send more of its body. */
  resumeBody(): void {
    if (!this.#received) this.#client.resume();
  }

  /** Sends an answer before the answer (1xx), to clients that know them. */
  inform(status: number, fields?: Fields): void {
    if (this.#state !== "open" || this.request.minor === 0) return;
    this.#client.send(`HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ""}\r\n${fields?.onward(true, false) ?? ""}\r\n`);
  }

  /**
   * Answers, with all there is to send. A text is sent as UTF-8.
   *
   * @throws PlatformError HTTP_ANSWER_TWICE when an answer has begun.
   */
  respond(status: number, fields: Fields = Fields.from(), body: string | Buffer = ""): void {
    if (!fields.has("date")) fields.append("Date", this.#client.date());
    const bytes = typeof body === "string" ? Buffer.from(body) : body;
    const head = { status, reason: STATUS_CODES[status] ?? "", fields, length: bytes.length, announced: bytes.length };
    if (bytes.length <= joinedBytes) return this.sendWhole(head, bytes.toString("latin1"));
    this.begin(head);
    this.write(bytes);
    this.end();
  }

  /** Answers with a body in latin1, that is: byte for byte. One write. */
  sendWhole(head: AnswerHead, body: string): void {
    const text = this.#open(head, body.length);
    this.#client.send(this.#bodiless ? text : text + body);
    this.#over("answered");
  }

  /**
   * Begins an answer whose body follows by `write` and `end`, framed by `head.length`.
   *
   * @throws PlatformError HTTP_ANSWER_TWICE when an answer has begun.
   */
  begin(head: AnswerHead): void {
    this.#client.send(this.#open(head, undefined));
  }

  /** Sends a piece of the body. False asks to wait until the worker is told `clientDrained`; the piece is taken all the same. */
  write(piece: Buffer): boolean {
    if (this.#state !== "answering") return true;
    if (this.#bodiless || piece.length === 0) return true;
    return this.#chunked ? this.#client.sendChunk(piece) : this.#client.sendBytes(piece);
  }

  /** Who is told how the client does, from now on. */
  attach(worker: Worker | undefined): void {
    this.#worker = worker;
  }

  /** Ends the body that `begin` began. */
  end(trailers?: Fields): void {
    if (this.#state !== "answering") return;
    if (this.#chunked) this.#client.send(`0\r\n${trailers?.onward(false, false) ?? ""}\r\n`);
    this.#over("answered");
  }

  /** Gives up an answer that has begun: the connection is closed, so that the client sees it is not whole. */
  cutOff(): void {
    if (this.#state === "over") return;
    this.#over("cut-off");
  }

  /** Answers 101 and joins the client with `peer`: from now on bytes pass both ways, unread. */
  join(head: AnswerHead, protocol: string, peer: TunnelEnd): TunnelEnd {
    this.#mustBeOpen();
    this.#state = "over";
    const end = this.#client.join(
      `HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: ${protocol}\r\n${head.fields.onward(false, false)}\r\n`,
      peer,
    );
    this.onEnd?.("answered");
    return end;
  }

  // The rest is for the connection.

  /** A piece of the body came; false: read no more for now. */
  received(piece: Buffer): boolean {
    if (this.#state === "over" || piece.length === 0) return true;
    if (this.#sink !== undefined) return this.#sink.data(piece);
    this.#early ??= [];
    this.#early.push(piece);
    return false;
  }

  /** All of the body came. */
  receivedAll(trailers: Fields | undefined): void {
    this.#received = true;
    this.#trailers = trailers;
    this.#sink?.end(trailers);
  }

  drained(): void {
    this.#worker?.clientDrained();
  }

  /** The request cannot be read to its end. Whoever waits is told; without an answer begun, the client is too. */
  failed(error: PlatformError): void {
    if (this.#state === "over") return;
    this.#failure = error;
    this.#received = true;
    this.#sink?.failed(error);
  }

  /** The client is gone. */
  gone(): void {
    if (this.#state === "over") return;
    this.#state = "over";
    if (!this.#received) this.#sink?.failed(new PlatformError("CLIENT_GONE", "client: closed its connection"));
    this.#worker?.clientGone();
    this.onEnd?.("client-gone");
  }

  #mustBeOpen(): void {
    if (this.#state === "open") return;
    throw new PlatformError("HTTP_ANSWER_TWICE", "answer: has begun already, or its client is gone", {
      next: "Look at `open` before you answer.",
    });
  }

  /** The head's text, with its framing decided. */
  #open(head: AnswerHead, whole: number | undefined): string {
    this.#mustBeOpen();
    this.#state = "answering";
    const { request } = this;
    const { status } = head;
    this.#bodiless = request.method === "HEAD" || status === 204 || status === 304;
    let lines = "";
    this.#keep = request.keepAlive && this.#received && !this.#client.closing;
    if (this.#bodiless) {
      if (status !== 204 && head.announced !== undefined)
        lines = head.announced >= 0 ? `Content-Length: ${head.announced}\r\n` : chunkedLine(request.minor);
    } else if (whole !== undefined) lines = `Content-Length: ${whole}\r\n`;
    else if (head.length >= 0) lines = `Content-Length: ${head.length}\r\n`;
    else if (request.minor === 1) {
      lines = "Transfer-Encoding: chunked\r\n";
      this.#chunked = true;
    } else this.#keep = false;
    if (!this.#keep) lines += "Connection: close\r\n";
    else if (request.minor === 0) lines += "Connection: keep-alive\r\n";
    return `HTTP/1.1 ${status} ${head.reason}\r\n${head.fields.onward(true, this.#chunked)}${lines}\r\n`;
  }

  #over(outcome: Outcome): void {
    this.#state = "over";
    if (outcome === "cut-off") this.#client.destroy();
    else this.#client.answered(this.#keep);
    this.onEnd?.(outcome);
  }
}

function chunkedLine(minor: number): string {
  return minor === 1 ? "Transfer-Encoding: chunked\r\n" : "";
}
