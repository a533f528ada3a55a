import { type ClientRequest, request } from "node:http";
import { type Clock, messageOf, type Timer } from "@holdfast/kernel";
import { RegistryPaths, SseDecoder, type SseEvent } from "@holdfast/wire";

export interface StreamHandlers {
  onEvent(event: SseEvent): void;
  /** Called once: the stream has ended, for this reason. */
  onEnd(reason: string): void;
}

/** A registry writes at least each 3 s; three of those missed and it is as good as dead. */
const silenceMaxMs = 9_500;
const connectMaxMs = 1_000;

/** One `GET /v1/registry/stream`, watched for silence. */
export class RegistryStream {
  readonly #clock: Clock;
  readonly #handlers: StreamHandlers;
  readonly #call: ClientRequest;
  #watch: Timer;
  #ended = false;

  constructor(
    clock: Clock,
    base: string,
    options: { cursor: string | undefined; localAddress: string | undefined },
    handlers: StreamHandlers,
  ) {
    this.#clock = clock;
    this.#handlers = handlers;
    const headers: Record<string, string> = { accept: "text/event-stream" };
    if (options.cursor !== undefined) headers["last-event-id"] = options.cursor;
    const url = new URL(RegistryPaths.stream, base);
    this.#watch = this.#watchdog(connectMaxMs, "no answer");
    this.#call = request(url, { headers, agent: false, localAddress: options.localAddress }, (response) => {
      if (response.statusCode !== 200) return this.#end(`answered ${response.statusCode}`);
      const decoder = new SseDecoder((event) => this.#ended || handlers.onEvent(event));
      response.setEncoding("utf8");
      response.on("data", (chunk: string) => {
        this.#rewind();
        this.#push(decoder, chunk);
      });
      response.on("close", () => this.#end("closed the stream"));
      response.on("error", (error) => this.#end(messageOf(error)));
      this.#rewind();
    });
    this.#call.on("error", (error) => this.#end(messageOf(error)));
    this.#call.end();
  }

  close(): void {
    this.#ended = true;
    this.#watch.cancel();
    this.#call.destroy();
  }

  #push(decoder: SseDecoder, chunk: string): void {
    try {
      decoder.push(chunk);
    } catch (error) {
      this.#end(`sent what cannot be read: ${messageOf(error)}`);
    }
  }

  #rewind(): void {
    this.#watch.cancel();
    if (!this.#ended) this.#watch = this.#watchdog(silenceMaxMs, "was silent");
  }

  #watchdog(ms: number, what: string): Timer {
    return this.#clock.after(ms, () => this.#end(`${what} for ${ms} ms`));
  }

  #end(reason: string): void {
    if (this.#ended) return;
    this.close();
    this.#handlers.onEnd(reason);
  }
}
