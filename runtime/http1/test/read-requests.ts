import { bodyReader, framing, limitsOf, parseRequestHead, type RequestHead } from "@holdfast/http1";
import { codeOf } from "@holdfast/kernel";

export interface ReadRequest {
  readonly head: RequestHead;
  readonly body: string;
  readonly trailers: readonly (readonly [string, string])[];
}

export interface ReadResult {
  readonly requests: readonly ReadRequest[];
  /** Why reading ended: a code, "" when all was read, "more" when a message was not complete. */
  readonly end: string;
}

/** Reads all requests of a connection with the pure parts alone, as the server does, in one piece. */
export function readRequests(bytes: Buffer, given: Parameters<typeof limitsOf>[0] = {}): ReadResult {
  const limits = limitsOf(given);
  const requests: ReadRequest[] = [];
  let at = 0;
  try {
    while (at < bytes.length) {
      const text = bytes.toString("latin1", at);
      const blank = text.indexOf("\r\n\r\n");
      if (blank === -1) return { requests, end: "more" };
      const head = parseRequestHead(text, 0, blank, limits);
      at += blank + 4;
      const reader = bodyReader(head.length, limits);
      const pieces: Buffer[] = [];
      if (head.length === framing.chunked || head.length > 0)
        at = reader.feed(bytes, at, (data) => void pieces.push(Buffer.from(data)));
      if (!reader.done) return { requests, end: "more" };
      requests.push({ head, body: Buffer.concat(pieces).toString("latin1"), trailers: [...(reader.trailers ?? [])] });
      if (!head.keepAlive) break;
    }
    return { requests, end: "" };
  } catch (error) {
    return { requests, end: codeOf(error) };
  }
}
