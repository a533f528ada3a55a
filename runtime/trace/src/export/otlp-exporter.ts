import { promisify } from "node:util";
import { gzip } from "node:zlib";
import { backoffMs, type Clock, type Log, messageOf, type Random, type Timer } from "@holdfast/kernel";
import {
  type OtlpAttribute,
  otlpJsonType,
  otlpProtobufType,
  rejectedInAnswer,
  tracesToJson,
  tracesToProtobuf,
} from "@holdfast/wire/otlp";
import type { Span } from "../spans/span.ts";
import type { SpanRing } from "../spans/span-ring.ts";
import { Epoch } from "./epoch.ts";
import type { Post, PostAnswer } from "./post.ts";
import { spansToOtlp } from "./spans-to-otlp.ts";

export interface ExporterOptions {
  readonly protocol: "http/protobuf" | "http/json";
  readonly compress: boolean;
  readonly headers: Readonly<Record<string, string>>;
  /** How long one request may take, in ms. */
  readonly timeoutMs: number;
  /** Who made the spans. */
  readonly resource: readonly OtlpAttribute[];
}

/** OpenTelemetry's batch processor has 512 spans and 5 s; a second is what someone who looks at a trace waits. */
const batchMax = 512;
const batchEveryMs = 1_000;
const triesMax = 5;
const retryAfterMaxMs = 60_000;
const backoff = { initialMs: 1_000, maxMs: 30_000, factor: 2 };
/** RFC 9110 and OTLP/HTTP §"Retryable response codes". */
const retryable: ReadonlySet<number> = new Set([429, 502, 503, 504]);
const compressed = promisify(gzip);
/** Measured on 512 spans of requests: as small as level 6 within 2 %, in half the time. */
const gzipLevel = 3;

/**
 * Sends the spans of a ring by OTLP/HTTP: at most 512 at a time, one request at a time, a second after the first came or as
 * soon as there are 512. With nothing to send it has no timer. What cannot be delivered waits in the ring, which
 * drops its oldest; a batch is dropped after five tries. Requests of the application never wait for any of it.
 */
export class OtlpExporter {
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #log: Log;
  readonly #ring: SpanRing;
  readonly #post: Post;
  readonly #options: ExporterOptions;
  readonly #epoch: Epoch;
  #timer: Timer | undefined;
  #sending: Promise<void> | undefined;
  #failing = false;
  /** Wakes a batch that waits for its next try. */
  #hurry = new AbortController();
  sent = 0;
  /** Spans that were taken from the ring and not delivered. */
  dropped = 0;

  constructor(clock: Clock, random: Random, log: Log, ring: SpanRing, post: Post, options: ExporterOptions) {
    this.#clock = clock;
    this.#epoch = new Epoch(clock);
    this.#random = random;
    this.#log = log;
    this.#ring = ring;
    this.#post = post;
    this.#options = options;
    ring.onPush = () => this.#onPush();
  }

  /**
   * Sends what there is, trying once, within `boundMs`, as at the end of a process. What comes later is sent as ever; what
   * could not be sent is dropped.
   */
  async flush(boundMs: number): Promise<void> {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#hurry.abort();
    const endAtMs = this.#clock.monotonicMs() + boundMs;
    const late = new AbortController();
    const bound = this.#clock.sleep(boundMs, late.signal).catch(() => {});
    const before = this.#sending;
    const sending = (async (): Promise<void> => {
      await before;
      do await this.#sendOne();
      while (this.#ring.size > 0 && this.#clock.monotonicMs() < endAtMs && !this.#failing);
    })();
    this.#sending = sending;
    await Promise.race([sending, bound]);
    late.abort();
    this.dropped += this.#ring.take(Number.POSITIVE_INFINITY).length;
    this.#sending = undefined;
    this.#hurry = new AbortController();
  }

  /** {@link flush}, and then nothing more. */
  async close(boundMs: number): Promise<void> {
    await this.flush(boundMs);
    this.#ring.onPush = undefined;
    this.#post.close();
  }

  #onPush(): void {
    this.#epoch.look();
    if (this.#sending !== undefined) return;
    if (this.#ring.size >= batchMax) this.#plan(1);
    else if (this.#timer === undefined) this.#plan(batchEveryMs);
  }

  /** Never right now: that would be in the middle of a request. */
  #plan(afterMs: number): void {
    this.#timer?.cancel();
    // `every`, since it does not keep the process alive.
    this.#timer = this.#clock.every(afterMs, () => {
      this.#timer?.cancel();
      this.#timer = undefined;
      this.#sending ??= this.#sendAll().finally(() => {
        // A flush has taken over.
        if (this.#hurry.signal.aborted) return;
        this.#sending = undefined;
        if (this.#ring.size > 0) this.#plan(batchEveryMs);
      });
    });
  }

  async #sendAll(): Promise<void> {
    do await this.#sendOne();
    while (this.#ring.size >= batchMax && !this.#hurry.signal.aborted);
  }

  async #sendOne(): Promise<void> {
    const spans = this.#ring.take(batchMax);
    if (spans.length === 0) return;
    try {
      const body = await this.#bodyOf(spans);
      await this.#deliver(body, spans.length);
    } catch (error) {
      this.#lost(spans.length, messageOf(error));
    }
  }

  async #bodyOf(spans: readonly Span[]): Promise<Uint8Array> {
    this.#epoch.look();
    const message = spansToOtlp(spans, this.#options.resource, this.#epoch.ms);
    const body =
      this.#options.protocol === "http/json" ? Buffer.from(tracesToJson(message)) : tracesToProtobuf(message);
    return this.#options.compress ? compressed(body, { level: gzipLevel }) : body;
  }

  async #deliver(body: Uint8Array, count: number): Promise<void> {
    const { compress, headers, protocol, timeoutMs } = this.#options;
    const contentType = protocol === "http/json" ? otlpJsonType : otlpProtobufType;
    const all = { ...headers, "content-type": contentType, ...(compress ? { "content-encoding": "gzip" } : {}) };
    for (let attempt = 1; ; attempt++) {
      const outcome = await this.#post.send(body, all, timeoutMs).catch(messageOf);
      const reason = typeof outcome === "string" ? outcome : `status ${outcome.status}`;
      if (typeof outcome !== "string" && outcome.status >= 200 && outcome.status < 300)
        return this.#delivered(count, outcome);
      const mayRetry = typeof outcome === "string" || retryable.has(outcome.status);
      if (!mayRetry || attempt >= triesMax || this.#hurry.signal.aborted) return this.#lost(count, reason);
      this.#tell(reason);
      const asked = typeof outcome === "string" ? undefined : this.#retryAfterMs(outcome.retryAfter);
      await this.#pause(asked ?? backoffMs(attempt, backoff) * (0.8 + 0.4 * this.#random.next()));
    }
  }

  /** Does not keep the process alive; ends at once when the exporter closes. */
  #pause(ms: number): Promise<void> {
    const { signal } = this.#hurry;
    if (signal.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const done = (): void => {
        timer.cancel();
        signal.removeEventListener("abort", done);
        resolve();
      };
      const timer = this.#clock.every(Math.max(1, ms), done);
      signal.addEventListener("abort", done, { once: true });
    });
  }

  #delivered(count: number, { body, contentType }: PostAnswer): void {
    const rejected = Math.min(count, rejectedInAnswer(body, contentType));
    this.sent += count - rejected;
    this.dropped += rejected;
    if (this.#failing) this.#log.info("trace.export.recovered", { dropped: this.dropped + this.#ring.dropped });
    this.#failing = false;
  }

  #lost(count: number, reason: string): void {
    this.dropped += count;
    this.#tell(reason);
  }

  /** Once each time it begins to fail: a collector that is away for a night is one line. */
  #tell(reason: string): void {
    if (!this.#failing) this.#log.warn("trace.export.failing", { reason });
    this.#failing = true;
  }

  /** RFC 9110 §10.2.3: seconds, or a date. */
  #retryAfterMs(text: string | undefined): number | undefined {
    if (text === undefined) return undefined;
    const ms = /^\d+$/.test(text) ? Number(text) * 1_000 : Date.parse(text) - this.#clock.wallMs();
    return Number.isNaN(ms) ? undefined : Math.min(retryAfterMaxMs, Math.max(0, ms));
  }
}
