import { type ClientRequest, type IncomingMessage, request } from "node:http";
import { request as tlsRequest } from "node:https";
import { type Clock, messageOf, type Timer } from "@holdfast/kernel";
import { RegistryPaths, SseDecoder, type SseEvent } from "@holdfast/wire";
import type { Feed, FeedHandlers } from "./feed.ts";
import { readDelta, readSnapshot } from "./messages.ts";

/** A registry writes at least each 3 s; three of those missed and it is as good as dead. */
const silenceMaxMs = 9_500;
/** For the beginning of the answer, and for more of it until the first event is whole. */
const connectMaxMs = 1_000;
const progressMaxMs = 2_000;
/** The whole first event: a registry that trickles is no better than one that hangs. */
const firstEventMaxMs = 15_000;
/** Our own pause ended so late that the silence may be ours. */
const pauseMs = 500;
/** After a pause: one heartbeat, and some. */
const afterPauseMs = 3_500;

export interface StreamOptions {
  readonly cursor: string | undefined;
  readonly localAddress: string | undefined;
}

/** One `GET /v1/registry/stream`, watched for silence. */
export class RegistryStream implements Feed {
  readonly #clock: Clock;
  readonly #handlers: FeedHandlers;
  readonly #call: ClientRequest;
  readonly #first: Timer;
  #hasEvent = false;
  #watch: Timer;
  #ended = false;

  constructor(clock: Clock, base: string, options: StreamOptions, handlers: FeedHandlers) {
    this.#clock = clock;
    this.#handlers = handlers;
    const headers: Record<string, string> = { accept: "text/event-stream" };
    if (options.cursor !== undefined) headers["last-event-id"] = options.cursor;
    const url = new URL(RegistryPaths.stream, base);
    const send = url.protocol === "https:" ? tlsRequest : request;
    this.#watch = this.#watchdog(connectMaxMs, "did not answer");
    this.#first = clock.after(firstEventMaxMs, () => {
      if (!this.#hasEvent) this.#end(`sent no whole event for ${firstEventMaxMs} ms`);
    });
    const how = { headers, agent: false, localAddress: options.localAddress } as const;
    this.#call = send(url, how, (response) => this.#listen(response));
    this.#call.on("error", (error) => this.#end(messageOf(error)));
    this.#call.end();
  }

  close(): void {
    this.#ended = true;
    this.#watch.cancel();
    this.#first.cancel();
    this.#call.destroy();
  }

  #listen(response: IncomingMessage): void {
    const { statusCode = 0 } = response;
    if (statusCode >= 500 || statusCode === 429) return this.#end(`answered ${statusCode}`);
    const isStream = response.headers["content-type"]?.startsWith("text/event-stream") === true;
    if (statusCode !== 200 || !isStream) return this.#end(`has no stream: answered ${statusCode}`, true);
    const decoder = new SseDecoder((event) => this.#ended || this.#take(event));
    response.setEncoding("utf8");
    response.on("data", (chunk: string) => {
      this.#rewind();
      this.#push(decoder, chunk);
    });
    response.on("close", () => this.#end("closed the stream"));
    response.on("error", (error) => this.#end(messageOf(error)));
    this.#rewind();
  }

  #push(decoder: SseDecoder, chunk: string): void {
    try {
      decoder.push(chunk);
    } catch (error) {
      this.#end(`sent what cannot be read: ${messageOf(error)}`);
    }
  }

  #take(event: SseEvent): void {
    if (event.event === "snapshot") {
      const { instances, cursor, listener, ageMs } = readSnapshot(event.data);
      this.#settle();
      this.#handlers.onWhole({ instances, cursor, listener, ageMs });
    } else if (event.event === "delta") {
      const delta = readDelta(event.data);
      this.#settle();
      this.#handlers.onDelta(delta);
    }
  }

  /** The first event is here: from now on only silence counts. */
  #settle(): void {
    if (this.#hasEvent) return;
    this.#hasEvent = true;
    this.#first.cancel();
    this.#rewind();
  }

  #rewind(): void {
    this.#watch.cancel();
    if (!this.#ended) this.#watch = this.#watchdog(this.#hasEvent ? silenceMaxMs : progressMaxMs, "was silent");
  }

  #watchdog(ms: number, what: string, mayBeOurs = true): Timer {
    const dueMs = this.#clock.monotonicMs() + ms;
    return this.#clock.after(ms, () => {
      const lateMs = this.#clock.monotonicMs() - dueMs;
      // We were frozen (SIGSTOP, a long collection, a suspended host): what was sent meanwhile is read after this timer.
      if (mayBeOurs && lateMs > pauseMs) this.#watch = this.#watchdog(afterPauseMs, what, false);
      else this.#end(`${what} for ${ms} ms`);
    });
  }

  #end(reason: string, isForeign = false): void {
    if (this.#ended) return;
    this.close();
    this.#handlers.onEnd({ reason, isForeign });
  }
}
