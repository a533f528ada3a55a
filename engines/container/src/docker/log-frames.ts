/** Whether a line came from standard output or standard error. */
export type LogChannel = "stdout" | "stderr";

const headerBytes = 8;
/** No engine writes frames of this size; a stream that claims one is not framed. */
const frameBytesMax = 16 * 1_048_576;

/**
 * Takes apart the stream of a container's output: frames of eight bytes of header (channel, three zeros, length as a
 * big-endian number) and content (Docker API, "attach", stream format). Frames may come in any pieces.
 *
 * @throws RangeError for bytes that are no such stream.
 */
export class LogFrames {
  readonly #onContent: (content: Buffer, channel: LogChannel) => void;
  #rest: Buffer = Buffer.alloc(0);

  constructor(onContent: (content: Buffer, channel: LogChannel) => void) {
    this.#onContent = onContent;
  }

  push(chunk: Uint8Array): void {
    const piece = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    let bytes = this.#rest.length === 0 ? piece : Buffer.concat([this.#rest, piece]);
    while (bytes.length >= headerBytes) {
      const channel = bytes[0] ?? 0;
      const length = bytes.readUInt32BE(4);
      if (channel > 2 || length > frameBytesMax) throw new RangeError("the output of the container is not framed");
      if (bytes.length < headerBytes + length) break;
      const content = bytes.subarray(headerBytes, headerBytes + length);
      this.#onContent(content, channel === 2 ? "stderr" : "stdout");
      bytes = bytes.subarray(headerBytes + length);
    }
    // A copy: what we were handed may be used again by whoever handed it.
    this.#rest = Buffer.from(bytes);
  }
}
