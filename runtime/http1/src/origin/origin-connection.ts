import { connect, type Socket } from "node:net";
import { type BodyReader, bodyReader } from "../body-reader.ts";
import { writeChunk } from "../chunk-writer.ts";
import type { Fields } from "../fields.ts";
import { headEnd } from "../find-head.ts";
import { framing } from "../framing.ts";
import { MessageRefused } from "../http1-error.ts";
import { parseResponseHead, type ResponseHead } from "../response-head.ts";
import type { TunnelEnd } from "../tunnel-end.ts";
import { type Home, originFailure } from "./home.ts";
import type { OriginCall } from "./origin-call.ts";

/** Reads go here first, of all connections: each is used up before the next. */
const readBuffer = Buffer.allocUnsafeSlow(64 * 1024);
/** An answer that came with its head in one read, and is at most so long, goes on as one text. */
const wholeBytes = 16 * 1024;
/** Answers before the answer; an origin that never gets to it is not waited for. */
const mostInforms = 16;

/** One connection to an origin: a call at a time. */
export class OriginConnection implements TunnelEnd {
  readonly #socket: Socket;
  readonly #home: Home;
  #call: OriginCall | undefined;
  #connected = false;
  #served = 0;
  /** Of an answer's head that is not whole. */
  #part = "";
  #informs = 0;
  #reader: BodyReader | undefined;
  #keep = false;
  #untilClose = false;
  #uploading = false;
  #paused = false;
  #peer: TunnelEnd | undefined;
  #error: Error | undefined;
  #deadlineMs: number;

  constructor(home: Home) {
    this.#home = home;
    this.#deadlineMs = home.nowMs + home.options.connectMs;
    const onread = { buffer: readBuffer, callback: (size: number) => this.#read(size) };
    this.#socket = connect({ host: home.host, port: home.port, noDelay: true, onread });
    this.#socket.on("connect", () => this.#connect());
    this.#socket.on("drain", () => this.#drain());
    this.#socket.on("end", () => this.#end());
    this.#socket.on("error", (error) => {
      this.#error = error;
    });
    this.#socket.on("close", () => this.#close());
  }

  /** False once the origin has closed its side. */
  get usable(): boolean {
    return !this.#socket.destroyed && this.#socket.readable && this.#socket.writable;
  }

  /** Sends a call on a connection that has none. */
  send(call: OriginCall): void {
    this.#call = call;
    this.#uploading = call.streams;
    if (this.#connected) this.#deadlineMs = this.#in(this.#home.options.headMs);
    this.#socket.write(call.text, "latin1");
    if (call.bytes !== undefined) this.#socket.write(call.bytes);
    call.sent(this);
    if (this.#connected && call.streams) call.ready(this);
  }

  /** Sends a piece of the request's body. False: wait for `drained`. */
  write(piece: Buffer | string): boolean {
    return this.#wrote(typeof piece === "string" ? this.#socket.write(piece, "latin1") : this.#socket.write(piece));
  }

  /** Sends a piece as one chunk. */
  writeChunk(piece: Buffer): boolean {
    return this.#wrote(writeChunk(this.#socket, piece));
  }

  /** All of the request's body has been written; the answer is awaited from now on. */
  uploaded(): void {
    this.#uploading = false;
    if (this.#connected && this.#reader === undefined) this.#deadlineMs = this.#in(this.#home.options.headMs);
  }

  /** Its caller no longer wants the answer. */
  abort(): void {
    this.#call = undefined;
    this.destroy();
  }

  /** Joins it with `peer`: from now on bytes pass both ways, unread. */
  join(peer: TunnelEnd): void {
    this.#peer = peer;
    this.#deadlineMs = Number.POSITIVE_INFINITY;
  }

  pass(data: Buffer): boolean {
    return this.#socket.write(data);
  }

  passEnd(): void {
    this.#socket.end();
  }

  resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    if (this.#peer === undefined) this.#deadlineMs = this.#in(this.#home.options.bodyMs);
    this.#socket.resume();
  }

  destroy(): void {
    this.#socket.destroy();
  }

  /** Ends what takes too long. */
  beat(nowMs: number): void {
    if (nowMs < this.#deadlineMs) return;
    this.#deadlineMs = Number.POSITIVE_INFINITY;
    if (this.#call === undefined) return this.destroy();
    if (!this.#connected) return this.#fail("ORIGIN_UNREACHABLE", "does not take connections", false);
    this.#fail(
      "ORIGIN_TIMEOUT",
      this.#reader === undefined ? "does not answer in time" : "stopped within an answer",
      true,
    );
  }

  /** While it takes nothing, the origin is the one that is late. */
  #wrote(more: boolean): boolean {
    if (!more) this.#deadlineMs = this.#in(this.#home.options.bodyMs);
    return more;
  }

  #in(ms: number): number {
    return this.#home.nowMs + ms;
  }

  #connect(): void {
    this.#connected = true;
    const { headMs, idleMs } = this.#home.options;
    // While a body is sent, only its sender can be late.
    if (this.#uploading) this.#deadlineMs = Number.POSITIVE_INFINITY;
    else this.#deadlineMs = this.#in(this.#call === undefined ? idleMs : headMs);
    if (this.#call?.streams === true) this.#call.ready(this);
  }

  #drain(): void {
    if (this.#peer !== undefined) return this.#peer.resume();
    if (this.#uploading) this.#deadlineMs = Number.POSITIVE_INFINITY;
    this.#call?.drained();
  }

  /** Returns false to read no more for now. */
  #read(size: number): boolean {
    const bytes = readBuffer.subarray(0, size);
    if (this.#peer !== undefined) return this.#goOn(this.#peer.pass(Buffer.from(bytes)));
    if (this.#call === undefined) {
      // An answer that nobody asked for must not become that of the next request.
      this.destroy();
      return true;
    }
    const reader = this.#reader;
    try {
      return this.#goOn(reader ? this.#readBody(this.#call, reader, bytes) : this.#readHead(this.#call, bytes));
    } catch (error) {
      if (!(error instanceof MessageRefused)) throw error;
      this.#error = error;
      this.#fail("ORIGIN_ANSWER_INVALID", `sent what is not HTTP/1.1: ${error.message}`, true);
      return true;
    }
  }

  #goOn(more: boolean): boolean {
    if (more) return true;
    this.#paused = true;
    this.#deadlineMs = Number.POSITIVE_INFINITY;
    return false;
  }

  #readHead(call: OriginCall, bytes: Buffer): boolean {
    const { limits } = this.#home.options;
    const before = this.#part.length;
    const text = this.#part + bytes.toString("latin1", 0, Math.max(wholeBytes, limits.headBytes - before));
    const blank = headEnd(text, limits.headBytes);
    if (blank === -1) {
      this.#part = text;
      return true;
    }
    this.#part = "";
    const head = parseResponseHead(text, 0, blank, call.method, limits);
    const bodyAt = blank + 4;
    if (head.status < 200) return this.#readInform(call, head, bytes.subarray(bodyAt - before));
    this.#keep = head.keepAlive && !this.#uploading;
    if (head.length >= 0 && head.length <= text.length - bodyAt) {
      this.#over(bytes.length > bodyAt - before + head.length);
      call.answered(head, text.slice(bodyAt, bodyAt + head.length));
      return true;
    }
    return this.#readFirst(call, head, bytes.subarray(bodyAt - before));
  }

  /** The first part of a body that is in chunks, or longer than what is here. */
  #readFirst(call: OriginCall, head: ResponseHead, bytes: Buffer): boolean {
    const reader = bodyReader(head.length, this.#home.options.limits);
    const pieces: Buffer[] = [];
    const at = reader.feed(bytes, 0, (piece) => void pieces.push(piece));
    if (reader.done && reader.trailers === undefined) {
      this.#over(at < bytes.length);
      call.answered(head, pieces.map((piece) => piece.toString("latin1")).join(""));
      return true;
    }
    this.#reader = reader;
    this.#untilClose = head.length === framing.untilClose;
    this.#deadlineMs = this.#in(this.#home.options.bodyMs);
    call.answered(head, undefined);
    let more = true;
    for (const piece of pieces) if (this.#call === call && !call.data(Buffer.from(piece))) more = false;
    if (!reader.done || this.#call !== call) return more;
    this.#finish(call, reader.trailers, at < bytes.length);
    return true;
  }

  #readBody(call: OriginCall, reader: BodyReader, bytes: Buffer): boolean {
    let more = true;
    // Only what is given on is copied out of the shared buffer.
    const at = reader.feed(bytes, 0, (piece) => {
      if (this.#call === call && !call.data(Buffer.from(piece))) more = false;
    });
    if (this.#call !== call) return true;
    this.#deadlineMs = this.#in(this.#home.options.bodyMs);
    if (!reader.done) return more;
    this.#finish(call, reader.trailers, at < bytes.length);
    return true;
  }

  #finish(call: OriginCall, trailers: Fields | undefined, surplus: boolean): void {
    this.#over(surplus);
    call.ended(trailers);
  }

  #readInform(call: OriginCall, head: ResponseHead, rest: Buffer): boolean {
    if (head.status === 101) {
      if (call.upgrade === "" || head.upgrade !== call.upgrade)
        throw new MessageRefused("HTTP_STATUS_LINE_INVALID", "answer: changes to a protocol that was not asked for");
      this.#call = undefined;
      call.switched(head, this);
      return rest.length === 0 || (this.#peer?.pass(Buffer.from(rest)) ?? true);
    }
    if (++this.#informs > mostInforms)
      throw new MessageRefused("HTTP_STATUS_LINE_INVALID", `answer: over ${mostInforms} of 1xx before it`);
    call.informed(head);
    return rest.length === 0 || this.#call !== call || this.#readHead(call, rest);
  }

  /** The answer is all there: the connection is free, or it ends, as it must when more came than that (`surplus`). */
  #over(surplus: boolean): void {
    this.#call = undefined;
    this.#reader = undefined;
    this.#untilClose = false;
    this.#informs = 0;
    this.#served++;
    if (surplus || !this.#keep || !this.usable) return this.destroy();
    this.#deadlineMs = this.#in(this.#home.options.idleMs);
    if (this.#paused) this.resume();
    this.#home.free(this);
  }

  #end(): void {
    if (this.#peer !== undefined) return this.#peer.passEnd();
    const call = this.#call;
    if (call === undefined || !this.#untilClose) return void this.#socket.destroy();
    this.#finish(call, undefined, true);
  }

  #close(): void {
    this.#home.closed(this);
    this.#peer?.destroy();
    const call = this.#call;
    if (call === undefined) return;
    const why = this.#error === undefined ? "closed its connection" : `failed (${this.#error.message})`;
    if (!this.#connected) return this.#fail("ORIGIN_UNREACHABLE", why, false);
    const begun = this.#reader !== undefined || this.#part !== "" || this.#informs > 0;
    if (begun || this.#served === 0 || !call.repeatable) return this.#fail("ORIGIN_CUT_OFF", why, true);
    this.#call = undefined;
    this.#home.again(call);
  }

  #fail(code: string, what: string, sent: boolean): void {
    const call = this.#call;
    this.#call = undefined;
    this.destroy();
    call?.failed(originFailure(this.#home, code, what, sent, this.#error));
  }
}
