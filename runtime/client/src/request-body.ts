import type { IncomingMessage } from "node:http";
import { Readable } from "node:stream";
import { PlatformError } from "@holdfast/kernel";

/**
 * The body of a request that came in: `null`; the whole of a short one, which can be sent twice; or a longer one as a stream,
 * which fails when it passes `bytesMax` or its sender breaks off.
 *
 * @throws PlatformError `BODY_TOO_LARGE` (413) and `BODY_ABORTED` (400).
 */
export function readBody(
  req: IncomingMessage,
  replayBytes: number,
  bytesMax: number,
): Buffer | Readable | null | Promise<Buffer | Readable> {
  const announced = Number(req.headers["content-length"] ?? Number.NaN);
  if (announced > bytesMax) throw tooLarge(bytesMax);
  const isChunked = req.headers["transfer-encoding"] !== undefined;
  if (!isChunked && !(announced > 0)) return null;
  if (announced > replayBytes) return new IncomingBody(req, [], bytesMax);
  return collect(req, replayBytes, bytesMax);
}

/** Reads until the end, or until it is clear that the body is long. */
function collect(req: IncomingMessage, replayBytes: number, bytesMax: number): Promise<Buffer | Readable> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    const leave = (): void => {
      req.off("data", onData);
      req.off("end", onEnd);
      req.off("close", onClose);
    };
    const onData = (chunk: Buffer): void => {
      chunks.push(chunk);
      bytes += chunk.length;
      if (bytes <= replayBytes) return;
      leave();
      req.pause();
      if (bytes > bytesMax) reject(tooLarge(bytesMax));
      else resolve(new IncomingBody(req, chunks, bytesMax));
    };
    const onEnd = (): void => {
      leave();
      resolve(chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks));
    };
    const onClose = (): void => {
      leave();
      reject(aborted());
    };
    req.on("data", onData);
    req.on("end", onEnd);
    req.on("close", onClose);
  });
}

/** What was read already, then the rest, counted. */
class IncomingBody extends Readable {
  readonly #req: IncomingMessage;
  readonly #bytesMax: number;
  #bytes = 0;
  #first: Buffer[];

  constructor(req: IncomingMessage, first: Buffer[], bytesMax: number) {
    super({ highWaterMark: 64 * 1024 });
    this.#req = req;
    this.#first = first;
    this.#bytesMax = bytesMax;
    // Heard even while nobody reads, so that it does not become an uncaught error.
    this.on("error", () => {});
  }

  override _construct(callback: (error?: Error | null) => void): void {
    this.#req.on("data", this.#onData);
    this.#req.on("end", this.#onEnd);
    this.#req.on("close", this.#onClose);
    this.#req.pause();
    callback();
  }

  override _read(): void {
    const first = this.#first;
    this.#first = [];
    for (const chunk of first) this.#onData(chunk);
    if (first.length === 0) this.#req.resume();
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    this.#req.off("data", this.#onData);
    this.#req.off("end", this.#onEnd);
    this.#req.off("close", this.#onClose);
    callback(error);
  }

  readonly #onData = (chunk: Buffer): void => {
    this.#bytes += chunk.length;
    if (this.#bytes > this.#bytesMax) this.destroy(tooLarge(this.#bytesMax));
    else if (!this.push(chunk)) this.#req.pause();
  };

  readonly #onEnd = (): void => void this.push(null);

  readonly #onClose = (): void => {
    if (!this.#req.complete) this.destroy(aborted());
  };
}

function tooLarge(bytesMax: number): PlatformError {
  return new PlatformError("BODY_TOO_LARGE", `request body: is longer than ${bytesMax} bytes`, {
    status: 413,
    next: "send less, or in parts",
  });
}

function aborted(): PlatformError {
  return new PlatformError("BODY_ABORTED", "request body: its sender broke off", { status: 400 });
}
