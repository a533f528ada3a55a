import type { PlatformError } from "@holdfast/kernel";
import type { Fields } from "./fields.ts";
import type { OriginConnection } from "./origin/origin-connection.ts";
import type { BodySink, Exchange } from "./server/exchange.ts";

/** A request's body on its way to an origin, as it comes. */
export class Upload implements BodySink {
  readonly #exchange: Exchange;
  readonly #connection: OriginConnection;
  readonly #chunked: boolean;

  constructor(exchange: Exchange, connection: OriginConnection, chunked: boolean) {
    this.#exchange = exchange;
    this.#connection = connection;
    this.#chunked = chunked;
  }

  data(piece: Buffer): boolean {
    // An answer that did not wait for the body has ended the call, and its connection with it.
    if (!this.#connection.usable || piece.length === 0) return true;
    return this.#chunked ? this.#connection.writeChunk(piece) : this.#connection.write(piece);
  }

  end(trailers: Fields | undefined): void {
    if (!this.#connection.usable || this.#exchange.over) return;
    if (this.#chunked) this.#connection.write(`0\r\n${trailers?.onward(false, false) ?? ""}\r\n`);
    this.#connection.uploaded();
  }

  /** What the origin has got of it never becomes a whole request. */
  failed(_error: PlatformError): void {
    this.#connection.abort();
  }
}

/** A body that is all there, with what came behind it; latin1. */
export function inChunks(body: Buffer, trailers: Fields | undefined): string {
  const data = body.length === 0 ? "" : `${body.length.toString(16)}\r\n${body.toString("latin1")}\r\n`;
  return `${data}0\r\n${trailers?.onward(false, false) ?? ""}\r\n`;
}
