import type { Socket } from "node:net";
import { type BodyReader, bodyReader } from "../body-reader.ts";
import { writeChunk } from "../chunk-writer.ts";
import type { Fields } from "../fields.ts";
import { headEnd } from "../find-head.ts";
import { MessageRefused } from "../http1-error.ts";
import { parseRequestHead, type RequestHead } from "../request-head.ts";
import { passOn, type TunnelEnd } from "../tunnel-end.ts";
import type { ClientSide } from "./client-side.ts";
import { Exchange } from "./exchange.ts";
import { refusalOf } from "./refusal.ts";
import type { Shared } from "./shared.ts";

/** One client: requests are read one after another, and answered in their order. */
export class ServerConnection implements ClientSide, TunnelEnd {
  readonly #socket: Socket;
  readonly #shared: Shared;
  readonly remoteAddress: string;
  /** Read, but not used yet. */
  #rest: Buffer | undefined;
  #exchange: Exchange | undefined;
  /** Read, and waits for its body, which is small. */
  #head: RequestHead | undefined;
  #headBegun = false;
  /** While a body is read. */
  #reader: BodyReader | undefined;
  #peer: TunnelEnd | undefined;
  #state: "open" | "lingering" | "closed" = "open";
  #broken = false;
  #reading = false;
  #halfClosed = false;
  /** When to give up what is being waited for, of monotonic time. */
  #deadlineMs: number;

  constructor(socket: Socket, shared: Shared) {
    this.#socket = socket;
    this.#shared = shared;
    this.remoteAddress = socket.remoteAddress ?? "";
    this.#deadlineMs = shared.nowMs + shared.options.headMs;
    socket.on("drain", () => this.#drain());
    socket.on("end", () => this.#end());
    socket.on("error", () => this.#socket.destroy());
    socket.on("close", () => this.#close());
  }

  get closing(): boolean {
    return this.#broken || this.#halfClosed || this.#shared.draining || this.#state !== "open";
  }

  /** Nothing is being asked or answered. */
  get idle(): boolean {
    return this.#exchange === undefined && !this.#headBegun && this.#head === undefined && this.#peer === undefined;
  }

  /** Ends what takes too long. Called on each beat. */
  beat(nowMs: number): void {
    if (nowMs < this.#deadlineMs) return;
    this.#deadlineMs = Number.POSITIVE_INFINITY;
    if (this.#state !== "open" || this.#peer !== undefined || this.#socket.writableLength > 0) return this.destroy();
    if (this.#reader !== undefined || this.#head !== undefined)
      return this.#refuse(new MessageRefused("HTTP_BODY_TIMEOUT", "request: its body stopped half way"));
    if (!this.#headBegun) return this.#finish();
    this.#refuse(new MessageRefused("HTTP_HEAD_TIMEOUT", "request: its head did not come in time"));
  }

  date(): string {
    return this.#shared.date();
  }

  send(text: string): boolean {
    return this.#sent(this.#socket.write(text, "latin1"));
  }

  sendBytes(data: Buffer): boolean {
    return this.#sent(this.#socket.write(data));
  }

  sendChunk(data: Buffer): boolean {
    return this.#sent(writeChunk(this.#socket, data));
  }

  resume(): void {
    if (this.#reader !== undefined) this.#deadlineMs = this.#in(this.#shared.options.bodyMs);
    this.#socket.resume();
  }

  destroy(): void {
    this.#state = "closed";
    this.#socket.destroy();
  }

  answered(keep: boolean): void {
    this.#exchange = undefined;
    if (!keep) return this.#finish();
    this.#deadlineMs = this.#in(this.#shared.options.idleMs);
    // What comes next is read by the loop that is under way, if this answer was given from within.
    if (this.#reading) return;
    const rest = this.#rest;
    this.#rest = undefined;
    if (rest !== undefined) this.#read(rest);
    this.#socket.resume();
  }

  join(head: string, peer: TunnelEnd): TunnelEnd {
    this.#exchange = undefined;
    this.#peer = peer;
    this.#deadlineMs = Number.POSITIVE_INFINITY;
    this.send(head);
    const rest = this.#rest;
    this.#rest = undefined;
    this.#socket.resume();
    if (rest !== undefined) passOn(peer, this.#socket, rest);
    return this;
  }

  pass(data: Buffer): boolean {
    return this.#socket.write(data);
  }

  passEnd(): void {
    this.#deadlineMs = this.#in(this.#shared.options.lingerMs);
    this.#socket.end();
  }

  #sent(more: boolean): boolean {
    if (!more) this.#deadlineMs = this.#in(this.#shared.options.writeMs);
    return more;
  }

  /** Bytes came; they are the caller's again when this returns. */
  read(chunk: Buffer): void {
    if (this.#peer !== undefined) return passOn(this.#peer, this.#socket, Buffer.from(chunk));
    if (this.#state !== "open" || this.#broken) return;
    const rest = this.#rest;
    this.#rest = undefined;
    this.#read(rest === undefined ? chunk : Buffer.concat([rest, chunk]));
  }

  #read(chunk: Buffer): void {
    this.#reading = true;
    try {
      this.#readAll(chunk);
    } catch (error) {
      if (!(error instanceof MessageRefused)) throw error;
      this.#refuse(error);
    } finally {
      this.#reading = false;
    }
  }

  #readAll(chunk: Buffer): void {
    let at = 0;
    while (at < chunk.length) {
      if (this.#peer !== undefined) return passOn(this.#peer, this.#socket, Buffer.from(chunk.subarray(at)));
      if (this.#state !== "open" || this.#broken) return;
      if (this.#reader !== undefined) at = this.#readBody(this.#reader, chunk, at);
      else if (this.#exchange !== undefined) return this.#keepAhead(Buffer.from(chunk.subarray(at)));
      else {
        const next = this.#head === undefined ? this.#readHead(chunk, at) : this.#readSmallBody(this.#head, chunk, at);
        if (next === -1) return this.#keepPart(Buffer.from(chunk.subarray(at)));
        at = next;
      }
    }
  }

  /** Reads a head, and what is here of the body. Returns where reading goes on; -1: the head is not whole. */
  #readHead(chunk: Buffer, from: number): number {
    const { limits, gatherBytes } = this.#shared.options;
    let at = from;
    // One empty line may precede a request (RFC 9112 §2.2); old clients end a body with it.
    if (chunk[at] === 0x0d && chunk[at + 1] === 0x0a) at += 2;
    const text = chunk.toString("latin1", at, at + limits.headBytes);
    const blank = headEnd(text, limits.headBytes);
    if (blank === -1) return -1;
    const head = parseRequestHead(text, 0, blank, limits);
    at += blank + 4;
    if (head.length === 0) {
      this.#begin(head, emptyBody);
      return at;
    }
    const reader = bodyReader(head.length, limits);
    const gathered = at + head.length <= chunk.length || (head.length <= gatherBytes && !head.expectsContinue);
    if (head.length > 0 && gathered) {
      this.#head = head;
      return at;
    }
    const early: Buffer[] = [];
    at = reader.feed(chunk, at, (piece) => void early.push(Buffer.from(piece)));
    if (reader.done) this.#begin(head, early.length === 1 ? early[0] : Buffer.concat(early), reader.trailers);
    else {
      this.#reader = reader;
      this.#begin(head, undefined, undefined, early);
    }
    return at;
  }

  /** A small body is waited for before its request is handed out: it is then sent on in one piece, and can be again. */
  #readSmallBody(head: RequestHead, chunk: Buffer, from: number): number {
    const to = from + head.length;
    if (to > chunk.length) return -1;
    this.#begin(head, Buffer.from(chunk.subarray(from, to)));
    return to;
  }

  #begin(head: RequestHead, body: Buffer | undefined, trailers?: Fields, early: readonly Buffer[] = []): void {
    this.#head = undefined;
    this.#headBegun = false;
    this.#deadlineMs = body === undefined ? this.#in(this.#shared.options.bodyMs) : Number.POSITIVE_INFINITY;
    const exchange = new Exchange(this, head, body, trailers);
    for (const piece of early) exchange.received(piece);
    this.#exchange = exchange;
    this.#shared.request(exchange);
  }

  #readBody(reader: BodyReader, chunk: Buffer, from: number): number {
    const exchange = this.#exchange;
    let more = true;
    const at = reader.feed(chunk, from, (piece) => {
      if (exchange?.received(Buffer.from(piece)) === false) more = false;
    });
    // An answer that did not wait for the whole body has ended all.
    if (this.#reader === undefined) return chunk.length;
    if (reader.done) {
      this.#reader = undefined;
      this.#deadlineMs = Number.POSITIVE_INFINITY;
      exchange?.receivedAll(reader.trailers);
    } else if (more) this.#deadlineMs = this.#in(this.#shared.options.bodyMs);
    else {
      this.#socket.pause();
      this.#deadlineMs = Number.POSITIVE_INFINITY;
    }
    return at;
  }

  /** Requests sent ahead wait their turn. */
  #keepAhead(rest: Buffer): void {
    this.#rest = rest;
    if (rest.length > this.#shared.options.aheadBytes) this.#socket.pause();
  }

  /** The first part of a request. The time it may take counts from its first byte. */
  #keepPart(part: Buffer): void {
    this.#rest = part;
    if (this.#headBegun) return;
    this.#headBegun = true;
    this.#deadlineMs = this.#in(this.#shared.options.headMs);
  }

  #in(ms: number): number {
    return this.#shared.nowMs + ms;
  }

  /** Tells the client what was wrong, if it can still be told, and reads no more of it. */
  #refuse(error: MessageRefused): void {
    this.#broken = true;
    this.#reader = undefined;
    this.#rest = undefined;
    const exchange = this.#exchange;
    exchange?.failed(error);
    if (this.#state !== "open") return;
    if (exchange !== undefined && !exchange.open) return exchange.cutOff();
    this.#exchange = undefined;
    this.send(refusalOf(error, this.date()));
    exchange?.gone();
    this.#finish();
  }

  #drain(): void {
    if (this.#peer !== undefined) return this.#peer.resume();
    const { bodyMs, idleMs } = this.#shared.options;
    if (this.#exchange !== undefined) this.#deadlineMs = this.#reader ? this.#in(bodyMs) : Number.POSITIVE_INFINITY;
    else if (this.#state === "open") this.#deadlineMs = this.#in(idleMs);
    this.#exchange?.drained();
  }

  /** Sends what is left, then closes; reads on for a while, or the client might lose the answer to a reset. */
  #finish(): void {
    if (this.#state !== "open") return;
    this.#state = "lingering";
    this.#rest = undefined;
    this.#reader = undefined;
    this.#deadlineMs = this.#in(this.#shared.options.lingerMs);
    this.#socket.end();
    this.#socket.resume();
  }

  /** The client has closed its half. */
  #end(): void {
    if (this.#peer !== undefined) return this.#peer.passEnd();
    this.#halfClosed = true;
    const answering = this.#exchange !== undefined && this.#reader === undefined;
    if (this.#state === "open" && answering && this.#shared.options.halfOpen) return;
    if (this.#state === "open" && this.#exchange === undefined) return void this.#socket.end();
    this.destroy();
  }

  #close(): void {
    this.#state = "closed";
    this.#shared.closed(this);
    this.#peer?.destroy();
    this.#exchange?.gone();
    this.#exchange = undefined;
  }
}

const emptyBody = Buffer.alloc(0);
