import { ChunkReader } from "./chunk-reader.ts";
import type { Fields } from "./fields.ts";
import { framing } from "./framing.ts";
import { MessageRefused } from "./http1-error.ts";
import type { MessageLimits } from "./limits.ts";

/** Takes a body out of what a connection delivers. */
export interface BodyReader {
  /** All of the body has been read. */
  readonly done: boolean;
  /** What came behind the last chunk; only once `done`. */
  readonly trailers: Fields | undefined;
  /**
   * Reads `chunk` from `from` on, gives each piece of the body to `onData` (a view on `chunk`: copy it to keep it), and
   * returns where the body, or `chunk`, ends.
   *
   * @throws MessageRefused HTTP_CHUNK_INVALID, HTTP_BODY_TOO_LARGE, and those of trailers.
   */
  feed(chunk: Buffer, from: number, onData: (data: Buffer) => void): number;
}

/** A body of a known number of bytes, or one that ends with its connection. */
class PlainReader implements BodyReader {
  readonly trailers = undefined;
  #left: number;

  constructor(length: number) {
    this.#left = length;
  }

  get done(): boolean {
    return this.#left === 0;
  }

  feed(chunk: Buffer, from: number, onData: (data: Buffer) => void): number {
    const to = Math.min(chunk.length, from + this.#left);
    this.#left -= to - from;
    if (to > from) onData(chunk.subarray(from, to));
    return to;
  }
}

/**
 * The reader of a body that its head announced as `length` (bytes, or one of `framing`).
 *
 * @throws MessageRefused HTTP_BODY_TOO_LARGE at once for one that says it is.
 */
export function bodyReader(length: number, limits: MessageLimits): BodyReader {
  if (length === framing.chunked) return new ChunkReader(limits);
  if (length > limits.bodyBytes)
    throw new MessageRefused("HTTP_BODY_TOO_LARGE", `body: longer than ${limits.bodyBytes} bytes`);
  return new PlainReader(length === framing.untilClose ? Number.POSITIVE_INFINITY : length);
}
