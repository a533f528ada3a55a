import type { IncomingMessage, ServerResponse } from "node:http";
import type { Clock } from "@holdfast/kernel";

/** Answers a request, for as long as it stays connected. */
export type StreamHandler = (request: IncomingMessage, response: ServerResponse) => void;

/** What one connection is sent. */
export interface OpenSource {
  /** The present messages, each one line of JSON; asked each `delayMs`. */
  messages(): readonly string[];
  /** The connection has ended. */
  close?(): void;
}

/** What a stream sends. */
export interface StreamSource {
  open(): OpenSource;
  /** How often, when the request's `?delay=` does not say it. */
  delayMs(): number;
  readonly pings: boolean;
}

/** As Hystrix's servlets send them, to the letter. */
const headers = {
  "Content-Type": "text/event-stream;charset=UTF-8",
  "Cache-Control": "no-cache, no-store, max-age=0, must-revalidate",
  Pragma: "no-cache",
} as const;
const pingMs = 500;

/** Server-sent events as Hystrix's servlets do them, with at most so many connections at once. */
export class EventStream {
  readonly #clock: Clock;
  readonly #connectionsMax: () => number;
  readonly #source: StreamSource;
  #connections = 0;

  constructor(clock: Clock, connectionsMax: () => number, source: StreamSource) {
    this.#clock = clock;
    this.#connectionsMax = connectionsMax;
    this.#source = source;
  }

  handle(request: IncomingMessage, response: ServerResponse): void {
    const max = this.#connectionsMax();
    if (this.#connections >= max) {
      response.writeHead(503, { "Content-Type": "text/plain" }).end(`MaxConcurrentConnections reached: ${max}`);
      return;
    }
    this.#connections += 1;
    response.writeHead(200, headers);
    response.flushHeaders();
    const source = this.#source.open();
    const timers = [this.#clock.every(this.#delayOf(request), () => send(response, source))];
    if (this.#source.pings) timers.push(this.#clock.every(pingMs, () => write(response, "ping: \n\n")));
    send(response, source);
    response.on("error", () => {});
    response.once("close", () => {
      this.#connections -= 1;
      for (const timer of timers) timer.cancel();
      source.close?.();
    });
  }

  /** Hystrix's own parameter; nonsense is passed over, as there. */
  #delayOf(request: IncomingMessage): number {
    const asked = Number(new URL(request.url ?? "/", "http://local").searchParams.get("delay") ?? Number.NaN);
    return Number.isInteger(asked) && asked >= 1 ? Math.max(asked, shortestDelayMs) : this.#source.delayMs();
  }
}

/** A reader cannot make us sample without pause. */
const shortestDelayMs = 50;

function send(response: ServerResponse, source: OpenSource): void {
  // A reader that does not keep up misses a sample; the next one says it all again.
  if (response.writableEnded || response.writableNeedDrain) return;
  for (const message of source.messages()) response.write(`data: ${message}\n\n`);
}

function write(response: ServerResponse, text: string): void {
  if (!response.writableEnded && !response.writableNeedDrain) response.write(text);
}
