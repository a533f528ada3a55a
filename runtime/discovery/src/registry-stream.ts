import { type Clock, messageOf, type Timer } from "@holdfast/kernel";
import { RegistryPaths, SseDecoder, type SseEvent } from "@holdfast/wire";
import type { Feed, FeedHandlers } from "./feed.ts";
import { readDelta, readSnapshot } from "./messages.ts";
import { type OpenStream, openHttpStream } from "./stream-call.ts";

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
  /** Default: over HTTP. */
  readonly open?: OpenStream | undefined;
}

/** One `GET /v1/registry/stream`, watched for silence. */
export class RegistryStream implements Feed {
  readonly #clock: Clock;
  readonly #handlers: FeedHandlers;
  readonly #call: { destroy(): void };
  #decoder: SseDecoder | undefined;
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
    this.#watch = this.#watchdog(connectMaxMs, "did not answer");
    this.#first = clock.after(firstEventMaxMs, () => {
      if (!this.#hasEvent) this.#end(`sent no whole event for ${firstEventMaxMs} ms`);
    });
    const { localAddress, open = openHttpStream } = options;
    this.#call = open(
      { url, headers, localAddress },
      {
        onHead: (status, contentType) => this.#listen(status, contentType),
        onText: (text) => this.#push(text),
        onClose: (error) => this.#end(error === undefined ? "closed the stream" : messageOf(error)),
      },
    );
  }

  close(): void {
    this.#ended = true;
    this.#watch.cancel();
    this.#first.cancel();
    this.#call.destroy();
  }

  #listen(status: number, contentType: string): void {
    if (status >= 500 || status === 429) return this.#end(`answered ${status}`);
    const isStream = contentType.startsWith("text/event-stream");
    if (status !== 200 || !isStream) return this.#end(`has no stream: answered ${status}`, true);
    this.#decoder = new SseDecoder((event) => this.#ended || this.#take(event));
    this.#rewind();
  }

  #push(text: string): void {
    if (this.#decoder === undefined) return;
    this.#rewind();
    try {
      this.#decoder.push(text);
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
