import type { Readable } from "node:stream";
import { type Clock, messageOf, PlatformError, type Timer } from "@holdfast/kernel";
import { Headers } from "@holdfast/wire";
import type { Cluster } from "./cluster.ts";
import {
  CallAbortedError,
  CallFailedError,
  CallTimedOutError,
  NoServerAvailableError,
  RequestUnfitError,
} from "./errors.ts";
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
/** A server is silent when another has answered so many times as fast as this one has kept waiting. */
const silenceFactor = 4;
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
  #tickTimer: Timer | undefined;
  #last: Answer | undefined;
  #done = false;

  constructor(cluster: Cluster, clock: Clock, options: ClientOptions, request: CallRequest) {
    this.#cluster = cluster;
    this.#clock = clock;
    this.#options = options;
    this.#request = request;
    const isReplayable = request.body === null || Buffer.isBuffer(request.body);
    this.#idempotent = isReplayable && idempotentMethods.has(request.method);
    this.#deadlineAtMs = clock.monotonicMs() + request.timeoutMs;
  }

  get tries(): number {
    return this.#tried.length;
  }

  /**
   * @throws CallTimedOutError, NoServerAvailableError, CallFailedError, CallAbortedError, RequestUnfitError, and the error
   * of a request body that broke off.
   */
  run(): Promise<Answer> {
    return new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
      this.#cluster.budget.deposit();
      this.#deadline = this.#clock.after(this.#request.timeoutMs, () => this.#timeOut());
      this.#request.signal?.addEventListener("abort", this.#onAbort, { once: true });
      if (this.#request.signal?.aborted === true) return this.abort(this.#request.signal.reason);
      const server = this.#cluster.pick(this.#tried);
      if (server === undefined) return this.#fail(new NoServerAvailableError(this.#cluster.app, 0));
      this.#start(server);
    });
  }

  /** Whoever wanted the answer has gone: every try ends now. */
  abort(reason: unknown): void {
    if (this.#done) return;
    for (const attempt of this.#open) attempt.server.released();
    this.#fail(new CallAbortedError(this.#cluster.app, reason));
  }

  onAnswer(attempt: Try, answer: Answer): void {
    this.#open.delete(attempt);
    const nowMs = this.#clock.monotonicMs();
    const tookMs = nowMs - attempt.startedAtMs;
    attempt.server.succeeded(tookMs, nowMs);
    if (this.#worthAnother(answer) && !this.#done) {
      this.#last?.stream?.destroy();
      this.#last = answer;
      if (this.#again(false) || this.#open.size > 0) return;
    }
    this.#cluster.latency.record(tookMs);
    this.#settle(answer, tookMs);
  }

  onFailure(attempt: Try, failure: TryFailure): void {
    this.#open.delete(attempt);
    if (failure.kind === "own-fault") {
      attempt.server.released();
      return this.#fail(
        failure.cause instanceof PlatformError
          ? failure.cause
          : new RequestUnfitError(this.#cluster.app, failure.cause),
      );
    }
    attempt.server.broke(this.#clock.monotonicMs());
    if (this.#done) return;
    const mayRepeat = this.#idempotent || (failure.kind === "not-executed" && this.#bodyIsWhole());
    if (mayRepeat && this.#again(failure.kind === "not-executed", failure.kind === "lost")) return;
    if (this.#open.size > 0) return;
    if (this.#last !== undefined) return this.#settle(this.#last, 0);
    const { app, servers } = this.#cluster;
    this.#fail(
      mayRepeat
        ? new NoServerAvailableError(app, servers.length, failure.cause)
        : new CallFailedError(app, `the answer was lost (${messageOf(failure.cause)})`, failure.cause),
    );
  }

  /** A server's own trouble, unless those below have already tried all that can be tried. */
  #worthAnother(answer: Answer): boolean {
    if (!this.#idempotent || this.#options.retryOn !== "all") return false;
    return gatewayErrors.has(answer.status) && answer.headers[Headers.retried] === undefined;
  }

  /** Nothing of the body has gone out yet, or it can go out again. */
  #bodyIsWhole(): boolean {
    const { body } = this.#request;
    return body === null || Buffer.isBuffer(body) || (!body.readableDidRead && !body.destroyed);
  }

  /** Starts one more try if there is a server left and the budget allows it. */
  #again(isFree: boolean, mayBeSame = false): boolean {
    if (this.#tried.length >= this.#options.triesMax) return false;
    // With one server only, what broke was perhaps just the connection; a second, new one is worth a try.
    const isFirstAgain = mayBeSame && this.#tried.length === this.#cluster.servers.length;
    const server = this.#cluster.pick(this.#tried) ?? (isFirstAgain ? this.#cluster.pick([]) : undefined);
    if (server === undefined) return false;
    // What was not executed costs the servers nothing, so it costs the budget nothing.
    if (!isFree && !this.#cluster.budget.take(this.#clock.monotonicMs())) return false;
    this.#start(server);
    return true;
  }

  #start(server: Try["server"]): void {
    const nowMs = this.#clock.monotonicMs();
    this.#tried.push(server);
    server.started();
    const { method, path, body } = this.#request;
    const holdBackBytes = this.#idempotent ? this.#request.holdBackBytes : 0;
    const headers = this.#headersFor(server, nowMs);
    const attempt = new Try(server, nowMs, { method, path, headers, body, holdBackBytes }, this);
    this.#open.add(attempt);
    this.#armTick();
    attempt.send();
  }

  #headersFor(server: Try["server"], nowMs: number): string[] {
    const headers = this.#request.headers.slice();
    const leftMs = Math.max(1, Math.floor(this.#deadlineAtMs - nowMs));
    headers.push(Headers.deadline, String(leftMs), Headers.attempt, String(this.#tried.length));
    if (server.record.verifiesIdentity) headers.push(Headers.instance, server.record.id);
    return headers;
  }

  #armTick(): void {
    this.#tickTimer?.cancel();
    if (!this.#idempotent || this.#done) return;
    this.#tickTimer = this.#clock.after(this.#cluster.hedgeAfterMs(), () => this.#tick());
  }

  /** Silence: asks another server as well, and gives up holding back an answer that takes long to become whole. */
  #tick(): void {
    if (this.#done) return;
    const nowMs = this.#clock.monotonicMs();
    for (const attempt of this.#open) {
      if (nowMs - attempt.startedAtMs >= this.#options.holdBackMs && attempt.release()) return;
    }
    if (!this.#again(false)) this.#armTick();
  }

  #settle(answer: Answer, tookMs: number): void {
    if (this.#done) return void answer.stream?.destroy();
    this.#finish();
    if (this.#last !== answer) this.#last?.stream?.destroy();
    const nowMs = this.#clock.monotonicMs();
    for (const loser of this.#open) {
      const waitedMs = nowMs - loser.startedAtMs;
      // A loser was silent when the winner was far quicker. When all are slow, being slow is no reason to be put out.
      const isSilent = waitedMs >= this.#options.hedgeMinMs && waitedMs >= silenceFactor * tookMs;
      if (isSilent) loser.server.keptSilent(waitedMs, nowMs);
      else loser.server.released();
      loser.abort(lostRace);
    }
    this.#resolve(answer);
  }

  #timeOut(): void {
    if (this.#done) return;
    const nowMs = this.#clock.monotonicMs();
    for (const attempt of this.#open) {
      const waitedMs = nowMs - attempt.startedAtMs;
      // A caller in a hurry says nothing about the server.
      if (waitedMs >= this.#options.hedgeMaxMs) attempt.server.keptSilent(waitedMs, nowMs);
      else attempt.server.released();
    }
    this.#fail(new CallTimedOutError(this.#cluster.app, this.#request.timeoutMs, this.#tried.length));
  }

  readonly #onAbort = (): void => this.abort(this.#request.signal?.reason);

  #fail(error: Error): void {
    if (this.#done) return;
    this.#finish();
    this.#last?.stream?.destroy();
    for (const attempt of this.#open) attempt.abort(error);
    this.#reject(error);
  }

  #finish(): void {
    this.#done = true;
    this.#deadline?.cancel();
    this.#tickTimer?.cancel();
    this.#request.signal?.removeEventListener("abort", this.#onAbort);
  }
}
