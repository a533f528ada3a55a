import type { BodyReader } from "./body-reader.ts";
import type { Fields } from "./fields.ts";
import { char, isValueByte } from "./grammar.ts";
import { MessageRefused } from "./http1-error.ts";
import type { MessageLimits } from "./limits.ts";
import { parseTrailers } from "./parse-fields.ts";

const state = { size: 0, extension: 1, sizeLf: 2, data: 3, dataCr: 4, dataLf: 5, trailers: 6, done: 7 } as const;
type State = (typeof state)[keyof typeof state];

/** Digits of a chunk's size: 2^48 bytes are enough for all. */
const mostDigits = 12;

const tokenSigns = "[!#$%&'*+.^_`|~0-9A-Za-z-]+";
/** `chunk-ext` of RFC 9112 §7.1.1, without the white space that it has senders not write. */
const extensions = new RegExp(
  `^(?:;${tokenSigns}(?:=(?:${tokenSigns}|"(?:[\\t !#-[\\]-~\\x80-\\xff]|\\\\[\\t -~\\x80-\\xff])*"))?)+$`,
);

/**
 * A body in chunks, read as it comes, in whatever pieces. Every line must end in CRLF, every size be plain hex digits;
 * extensions are checked and dropped.
 */
export class ChunkReader implements BodyReader {
  #state: State = state.size;
  #digits = 0;
  #size = 0;
  #text = "";
  #extensionBytes = 0;
  #bodyBytes = 0;
  readonly #limits: MessageLimits;
  trailers: Fields | undefined;

  constructor(limits: MessageLimits) {
    this.#limits = limits;
  }

  get done(): boolean {
    return this.#state === state.done;
  }

  feed(chunk: Buffer, from: number, onData: (data: Buffer) => void): number {
    let at = from;
    while (at < chunk.length && this.#state !== state.done) {
      if (this.#state === state.data) at = this.#data(chunk, at, onData);
      else if (this.#state === state.trailers) at = this.#trailerLine(chunk, at);
      else this.#step(chunk[at++] ?? 0);
    }
    return at;
  }

  #data(chunk: Buffer, from: number, onData: (data: Buffer) => void): number {
    const to = Math.min(chunk.length, from + this.#size);
    this.#size -= to - from;
    if (this.#size === 0) this.#state = state.dataCr;
    onData(chunk.subarray(from, to));
    return to;
  }

  #step(byte: number): void {
    if (this.#state === state.size) return this.#sizeByte(byte);
    if (this.#state === state.extension) return this.#extensionByte(byte);
    if (this.#state === state.dataCr) return this.#expect(byte, char.cr, state.dataLf);
    if (this.#state === state.dataLf) return this.#expect(byte, char.lf, state.size);
    this.#expect(byte, char.lf, this.#size === 0 ? state.trailers : state.data);
  }

  #expect(byte: number, wanted: number, next: State): void {
    if (byte !== wanted) throw invalid("a line end is missing or not CRLF");
    this.#state = next;
    this.#digits = 0;
  }

  #sizeByte(byte: number): void {
    const digit = hexDigit(byte);
    if (digit >= 0) {
      if (this.#digits === 0) this.#size = 0;
      if (++this.#digits > mostDigits) throw invalid(`a size of more than ${mostDigits} digits`);
      this.#size = this.#size * 16 + digit;
      return;
    }
    if (this.#digits === 0) throw invalid("a size is missing");
    this.#bodyBytes += this.#size;
    if (this.#bodyBytes > this.#limits.bodyBytes)
      throw new MessageRefused("HTTP_BODY_TOO_LARGE", `body: longer than ${this.#limits.bodyBytes} bytes`);
    if (byte === char.cr) this.#state = state.sizeLf;
    else if (byte === char.semicolon) {
      this.#state = state.extension;
      this.#text = ";";
    } else throw invalid("a size that is not plain hex digits");
  }

  #extensionByte(byte: number): void {
    if (++this.#extensionBytes > this.#limits.chunkExtensionBytes)
      throw invalid(`more than ${this.#limits.chunkExtensionBytes} bytes of extensions`);
    if (byte === char.cr) {
      if (!extensions.test(this.#text)) throw invalid("an extension that is not well formed");
      this.#state = state.sizeLf;
    } else if (isValueByte(byte)) this.#text += String.fromCharCode(byte);
    else throw invalid("a control character in an extension");
  }

  /** Reads up to the end of a line of trailers; the empty one ends the body. */
  #trailerLine(chunk: Buffer, from: number): number {
    if (this.#digits === 0) {
      this.#text = "";
      this.#digits = 1;
    }
    const lf = chunk.indexOf(char.lf, from);
    const to = lf === -1 ? chunk.length : lf + 1;
    this.#text += chunk.toString("latin1", from, to);
    if (this.#text.length > this.#limits.headBytes)
      throw new MessageRefused("HTTP_HEAD_TOO_LARGE", `trailers: longer than ${this.#limits.headBytes} bytes`);
    if (lf === -1) return to;
    if (!this.#text.endsWith("\r\n")) throw invalid("a line end of trailers is not CRLF");
    if (this.#text !== "\r\n" && !this.#text.endsWith("\r\n\r\n")) return to;
    if (this.#text !== "\r\n") this.trailers = parseTrailers(this.#text.slice(0, -2), this.#limits);
    this.#text = "";
    this.#state = state.done;
    return to;
  }
}

function hexDigit(byte: number): number {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  const lower = byte | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1;
}

function invalid(what: string): MessageRefused {
  return new MessageRefused("HTTP_CHUNK_INVALID", `chunk: ${what}`);
}
