import { type BackoffOptions, type Clock, messageOf, PlatformError, type Random, type Timer } from "@holdfast/kernel";
import type { Feed, FeedHandlers } from "../feed.ts";
import type { EurekaMerge } from "./eureka-merge.ts";
import type { EurekaServer } from "./eureka-server.ts";

/** Eureka's own `client.refresh.interval`; ours answers from memory, and its instances renew each 3 s. */
const pollDefaultMs = 30_000;
const pollOursMs = 3_000;
/** Eureka remembers changes for 180 s; after less than that without a look, they are all there. */
const deltaGoodMs = 150_000;
/** Eureka's `exponentialBackOffBound`. */
const backoffBound = 10;

export interface EurekaFeedOptions {
  readonly pollMs: number | undefined;
  /** Look whether the server is ours, and then more often. */
  readonly mayBeOurs: boolean;
}

/**
 * The view of a registry that does not push: the whole list first, then what changed, checked by the server's hash; the
 * whole list again when that differs. `merge` outlives the feed, so that the next one need not start over.
 */
export class EurekaFeed implements Feed {
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #server: EurekaServer;
  readonly #merge: EurekaMerge;
  readonly #options: EurekaFeedOptions;
  readonly #handlers: FeedHandlers;
  #pollMs: number;
  #timer: Timer | undefined;
  #told = false;
  #ended = false;

  constructor(
    clock: Clock,
    random: Random,
    server: EurekaServer,
    merge: EurekaMerge,
    options: EurekaFeedOptions,
    handlers: FeedHandlers,
  ) {
    this.#clock = clock;
    this.#random = random;
    this.#server = server;
    this.#merge = merge;
    this.#options = options;
    this.#handlers = handlers;
    this.#pollMs = options.pollMs ?? pollDefaultMs;
    void this.#begin();
  }

  close(): void {
    this.#ended = true;
    this.#timer?.cancel();
  }

  async #begin(): Promise<void> {
    await this.#poll();
    if (this.#ended || this.#options.pollMs !== undefined || !this.#options.mayBeOurs) return;
    if (!(await this.#server.isOurs().catch(() => false)) || this.#ended) return;
    this.#pollMs = pollOursMs;
    this.#plan();
  }

  #plan(): void {
    this.#timer?.cancel();
    // ±10 %, so that processes that started together do not ask together.
    this.#timer = this.#clock.after(this.#pollMs * (0.9 + 0.2 * this.#random.next()), () => void this.#poll());
  }

  async #poll(): Promise<void> {
    try {
      if (!(await this.#askDelta())) await this.#askFull();
      if (!this.#ended) this.#plan();
    } catch (error) {
      if (this.#ended) return;
      this.close();
      this.#handlers.onEnd({ reason: messageOf(error), isForeign: false, backoff: this.#patience(error) });
    }
  }

  /** False when a full list is due. */
  async #askDelta(): Promise<boolean> {
    const { asOfMs } = this.#merge;
    if (asOfMs === undefined || this.#clock.monotonicMs() - asOfMs > deltaGoodMs) return false;
    const startedMs = this.#clock.monotonicMs();
    const delta = await this.#server.applications("delta");
    if (this.#ended) return true;
    if (delta === undefined || !this.#merge.takeDelta(delta, startedMs)) return false;
    if (!this.#told || delta.applications.length > 0) this.#tell(Number.POSITIVE_INFINITY);
    return true;
  }

  async #askFull(): Promise<void> {
    const startedMs = this.#clock.monotonicMs();
    const full = await this.#server.applications("full");
    if (this.#ended || full === undefined) return;
    this.#merge.takeFull(full, startedMs);
    this.#tell(undefined);
  }

  #tell(ageMs: number | undefined): void {
    this.#told = true;
    const cursor = `eureka:${this.#merge.hashcode}`;
    this.#handlers.onWhole({ instances: this.#merge.records(), cursor, listener: "", ageMs });
  }

  /** A server that takes too long is asked less and less often, down to a tenth; one that is gone, as any other. */
  #patience(error: unknown): BackoffOptions | undefined {
    const isSlow = error instanceof PlatformError && error.details["isSlow"] === true;
    if (!isSlow) return undefined;
    return { initialMs: this.#pollMs * 2, maxMs: this.#pollMs * backoffBound, factor: 2 };
  }
}
