import type { IncomingMessage } from "node:http";
import { PlatformError } from "@holdfast/kernel";

/**
 * Reads a request's body. Not by `for await`: leaving that loop early would take the connection away before the answer.
 *
 * @throws PlatformError `BODY_TOO_LARGE` (413); `BODY_INVALID` (400) when it ends in the middle.
 */
export function readBytes(req: IncomingMessage, bytesMax: number): Promise<Buffer> {
  // A request without a body may be over from the beginning (`optimizeEmptyRequests`), and then has no end to wait for.
  if (req.readableEnded) return Promise.resolve(Buffer.alloc(0));
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    req.on("data", (chunk: Buffer) => {
      bytes += chunk.length;
      chunks.push(chunk);
      if (bytes <= bytesMax) return;
      req.pause();
      req.removeAllListeners("data");
      reject(tooLarge(bytesMax));
    });
    req.on("end", () => resolve(Buffer.concat(chunks)));
    req.on("error", reject);
    req.on("close", () => {
      // It closes after the end, too: only an error that somebody sees is worth its stack.
      if (!req.complete) reject(new PlatformError("BODY_INVALID", "body: ends in the middle", { status: 400 }));
    });
  });
}

export function tooLarge(bytesMax: number): PlatformError {
  return new PlatformError("BODY_TOO_LARGE", `body: is longer than ${bytesMax} bytes`, { status: 413 });
}
