import type { Readable } from "node:stream";
import { type Clock, messageOf, type Timer } from "@holdfast/kernel";
import { Headers } from "@holdfast/wire";
import type { Cluster } from "./cluster.ts";
import { CallAbortedError, CallFailedError, CallTimedOutError, NoServerAvailableError } from "./errors.ts";
import type { ClientOptions } from "./options.ts";
import { type Answer, Try, type TryEvents, type TryFailure } from "./try.ts";

export interface CallRequest {
  readonly method: string;
  readonly path: string;
  /** Flat: name, value, name, value; without the headers that belong to one hop. */
  readonly headers: readonly string[];
  /** A `Buffer` can be sent again; a stream can be sent once. */
  readonly body: Buffer | Readable | null;
  /** The whole time for the call, in ms from now. */
  readonly timeoutMs: number;
  readonly holdBackBytes: number;
  readonly signal?: AbortSignal | undefined;
}

/** RFC 9110 §9.2.2: asking twice does no more than asking once. */
const idempotentMethods: ReadonlySet<string> = new Set(["GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE"]);
const gatewayErrors: ReadonlySet<number> = new Set([502, 503, 504]);
const lostRace = new Error("another server answered first");

/**
 * One call of a service: tries servers one after the other, or, when the first keeps silent, a second beside it, until one
 * answers. What may not be executed twice is sent a second time only when the first cannot have been executed.
 */
export class Call implements TryEvents {
  readonly #cluster: Cluster;
  readonly #clock: Clock;
  readonly #options: ClientOptions;
  readonly #request: CallRequest;
  readonly #idempotent: boolean;
  readonly #deadlineAtMs: number;
  readonly #tried: Try["server"][] = [];
  readonly #open = new Set<Try>();
  #resolve: (answer: Answer) => void = () => {};
  #reject: (error: unknown) => void = () => {};
  #deadline: Timer | undefined;
  #hedge: Timer | undefined;
  #last: Answer | undefined;
  #lastCause: unknown;
  #done = false;

  constructor(cluster: Cluster, clock: Clock, options: ClientOptions, request: CallRequest) {
    this.#cluster = cluster;
    this.#clock = clock;
    this.#options = options;
    this.#request = request;
    const replayable = request.body === null || Buffer.isBuffer(request.body);
    this.#idempotent = replayable && idempotentMethods.has(request.method);
    this.#deadlineAtMs = clock.monotonicMs() + request.timeoutMs;
  }

  get tries(): number {
    return this.#tried.length;
  }

  /**
   * @throws CallTimedOutError, NoServerAvailableError, CallFailedError, CallAbortedError.
   */
  run(): Promise<Answer> {
    return new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
      this.#cluster.budget.deposit();
      this.#deadline = this.#clock.after(this.#request.timeoutMs, () => this.#timeOut());
      this.#request.signal?.addEventListener("abort", this.#abort, { once: true });
      if (this.#request.signal?.aborted === true) return this.#abort();
      this.#next();
    });
  }

  onAnswer(attempt: Try, answer: Answer): void {
    this.#open.delete(attempt);
    const nowMs = this.#clock.monotonicMs();
    const tookMs = nowMs - attempt.startedAtMs;
    attempt.server.succeeded(tookMs, nowMs);
    const retryable = this.#options.retryOn === "all" && this.#idempotent && gatewayErrors.has(answer.status);
    if (retryable && !this.#done) {
      this.#last?.stream?.destroy();
      this.#last = answer;
      if (this.#again(false)) return;
      if (this.#open.size > 0) return;
    }
    this.#cluster.latency.record(tookMs);
    this.#settle(answer);
  }

  onFailure(attempt: Try, failure: TryFailure): void {
    this.#open.delete(attempt);
    attempt.server.broke(this.#clock.monotonicMs());
    this.#lastCause = failure.cause;
    if (this.#done) return;
    const replayable = this.#request.body === null || Buffer.isBuffer(this.#request.body);
    const mayRepeat = this.#idempotent || (failure.kind === "not-executed" && replayable);
    if (mayRepeat && this.#again(failure.kind === "not-executed")) return;
    if (this.#open.size > 0) return;
    if (this.#last !== undefined) return this.#settle(this.#last);
    this.#fail(
      mayRepeat
        ? new NoServerAvailableError(this.#cluster.app, this.#cluster.servers.length, failure.cause)
        : new CallFailedError(this.#cluster.app, `the answer was lost (${messageOf(failure.cause)})`, failure.cause),
    );
  }

  /** Starts one more try if there is a server left and the budget allows it. */
  #again(free: boolean): boolean {
    if (this.#tried.length >= this.#options.triesMax) return false;
    // What was not executed costs the servers nothing, so it costs the budget nothing.
    if (!free && !this.#cluster.budget.take(this.#clock.monotonicMs())) return false;
    return this.#next();
  }

  #next(): boolean {
    const server = this.#cluster.pick(this.#tried);
    const nowMs = this.#clock.monotonicMs();
    if (server === undefined) {
      if (this.#tried.length > 0) return false;
      this.#fail(new NoServerAvailableError(this.#cluster.app, this.#cluster.servers.length, this.#lastCause));
      return false;
    }
    this.#tried.push(server);
    server.started();
    const { method, path, body } = this.#request;
    const holdBackBytes = this.#idempotent ? this.#request.holdBackBytes : 0;
    const attempt = new Try(server, nowMs, holdBackBytes, this);
    this.#open.add(attempt);
    this.#armHedge();
    attempt.send({ method, path, headers: this.#headersFor(server, nowMs), body, holdBackBytes });
    return true;
  }

  #headersFor(server: Try["server"], nowMs: number): string[] {
    const headers = this.#request.headers.slice();
    const leftMs = Math.max(1, Math.floor(this.#deadlineAtMs - nowMs));
    headers.push(Headers.deadline, String(leftMs), Headers.attempt, String(this.#tried.length));
    if (server.record.verifiesIdentity) headers.push(Headers.instance, server.record.id);
    return headers;
  }

  #armHedge(): void {
    this.#hedge?.cancel();
    if (!this.#idempotent || this.#tried.length >= this.#options.triesMax) return;
    this.#hedge = this.#clock.after(this.#cluster.hedgeAfterMs(), () => {
      if (!this.#done) this.#again(false);
    });
  }

  #settle(answer: Answer): void {
    if (this.#done) return void answer.stream?.destroy();
    this.#finish();
    const nowMs = this.#clock.monotonicMs();
    for (const loser of this.#open) {
      const waitedMs = nowMs - loser.startedAtMs;
      // A loser that had far longer than usual was silent; one that had just begun says nothing.
      if (waitedMs >= this.#options.hedgeMinMs) loser.server.keptSilent(waitedMs, nowMs);
      else loser.server.released();
      loser.abort(lostRace);
    }
    this.#resolve(answer);
  }

  #timeOut(): void {
    if (this.#done) return;
    const nowMs = this.#clock.monotonicMs();
    for (const attempt of this.#open) attempt.server.keptSilent(nowMs - attempt.startedAtMs, nowMs);
    this.#fail(new CallTimedOutError(this.#cluster.app, this.#request.timeoutMs, this.#tried.length));
  }

  readonly #abort = (): void => {
    if (this.#done) return;
    for (const attempt of this.#open) attempt.server.released();
    this.#fail(new CallAbortedError(this.#cluster.app, this.#request.signal?.reason));
  };

  #fail(error: Error): void {
    if (this.#done) return;
    this.#finish();
    for (const attempt of this.#open) attempt.abort(error);
    this.#reject(error);
  }

  #finish(): void {
    this.#done = true;
    this.#deadline?.cancel();
    this.#hedge?.cancel();
    this.#request.signal?.removeEventListener("abort", this.#abort);
  }
}
