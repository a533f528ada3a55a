import type { IncomingMessage, ServerResponse } from "node:http";
import type { UnderlyingSource } from "node:stream/web";

const bufferedBytesMax = 64 * 1024;

/**
 * The body of a request as a web stream that reads no faster than it is read. Cancelled, it throws the rest away and leaves
 * the connection usable; `Readable.toWeb` would destroy it.
 */
export function requestBody(req: IncomingMessage): ReadableStream<Uint8Array> {
  const source: UnderlyingSource<Uint8Array> = {
    start(controller: ReadableStreamDefaultController<Uint8Array>) {
      req.pause();
      req.on("data", (chunk: Buffer) => {
        controller.enqueue(chunk);
        if ((controller.desiredSize ?? 0) <= 0) req.pause();
      });
      req.once("end", () => controller.close());
      req.once("error", (error) => controller.error(error));
    },
    pull: () => void req.resume(),
    cancel() {
      for (const event of ["data", "end", "error"]) req.removeAllListeners(event);
      // Its connection may yet break, and that must not be an error nobody listens to.
      req.on("error", () => {});
      req.resume();
    },
  };
  return new ReadableStream(source, new ByteLengthQueuingStrategy({ highWaterMark: bufferedBytesMax }));
}

/** Writes a fetch-style answer as it comes, no faster than the caller reads; lets its source go when the caller has gone. */
export async function sendResponse(response: Response, res: ServerResponse, headOnly: boolean): Promise<void> {
  const headers: Record<string, string | string[]> = Object.fromEntries(response.headers);
  const cookies = response.headers.getSetCookie();
  if (cookies.length > 0) headers["set-cookie"] = cookies;
  res.writeHead(response.status, headers);
  if (response.body === null || headOnly) {
    void response.body?.cancel().catch(() => {});
    res.end();
    return;
  }
  const reader = response.body.getReader();
  let wake: () => void = () => {};
  res.on("drain", () => wake());
  res.once("close", () => {
    wake();
    // A source that waits for something would wait for ever.
    void reader.cancel().catch(() => {});
  });
  for (let part = await reader.read(); !part.done; part = await reader.read()) {
    if (res.destroyed) return;
    if (!res.write(part.value)) await new Promise<void>((resolve) => (wake = resolve));
  }
  if (!res.destroyed) res.end();
}
