import type { Clock } from "@holdfast/kernel";
import { encodeSse, type SseEvent, sseHeartbeat } from "@holdfast/wire";
import type { FastifyReply, FastifyRequest } from "fastify";

const heartbeatMs = 15_000;
/** A reader this far behind is let go; it comes back and gets the present state. */
const behindMax = 1024 * 1024;

/** One open stream of server-sent events. */
export interface SseReply {
  send(event: SseEvent): void;
  /** Bytes that the reader has not taken yet. */
  readonly behind: number;
  end(): void;
  /** Aborts when the reader is gone or {@link end} was called. */
  readonly closed: AbortSignal;
}

/** Takes the reply over from the framework and opens a stream on it. */
export function openSse(clock: Clock, request: FastifyRequest, reply: FastifyReply): SseReply {
  reply.hijack();
  const { raw } = reply;
  const closed = new AbortController();
  raw.writeHead(200, {
    "content-type": "text/event-stream",
    "cache-control": "no-store",
    "x-content-type-options": "nosniff",
  });
  raw.write(sseHeartbeat);
  const heartbeat = clock.every(heartbeatMs, () => raw.write(sseHeartbeat));
  const close = (): void => {
    heartbeat.cancel();
    closed.abort();
  };
  raw.on("close", close);
  raw.on("error", close);
  request.raw.socket.setNoDelay(true);
  return {
    send: (event) => {
      if (closed.signal.aborted) return;
      raw.write(encodeSse(event));
      if (raw.writableLength > behindMax) raw.destroy();
    },
    get behind() {
      return raw.writableLength;
    },
    end: () => raw.end(),
    closed: closed.signal,
  };
}
