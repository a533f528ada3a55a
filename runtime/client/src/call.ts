import type { Readable } from "node:stream";
import { messageOf, PlatformError } from "@holdfast/kernel";
import type { CallContext, CommandError, GivenUpListener } from "@holdfast/resilience";
import type { RootSpan } from "@holdfast/trace";
import { type AttemptReport, Headers } from "@holdfast/wire";
import { pushTraceHeaders } from "./call-span.ts";
import type { Cluster } from "./cluster.ts";
import {
  CallAbortedError,
  CallFailedError,
  CallTimedOutError,
  NoServerAvailableError,
  RequestUnfitError,
} from "./errors.ts";
import { isServerFault, isShed, ServerFault } from "./server-fault.ts";
import type { ServerPool } from "./server-pool.ts";
import { type Answer, Try, type TryEvents, type TryFailure } from "./try.ts";

export interface CallRequest {
  readonly method: string;
  readonly path: string;
  /** Flat: name, value, name, value; without the headers that belong to one hop. */
  readonly headers: readonly string[];
  /** A `Buffer` can be sent again; a stream can be sent once. */
  readonly body: Buffer | Readable | null;
  /** The whole time for the call, in ms from now. Default: what its command says. */
  readonly timeoutMs?: number | undefined;
  readonly holdBackBytes: number;
  readonly signal?: AbortSignal | undefined;
  /** Key of the command it goes through. Default: the service. */
  readonly command?: string | undefined;
  /** Calls with the same key go to the same server while it is there (`consistent-hash`). */
  readonly hashKey?: string | undefined;
  /** The instance that answered this caller before (`sticky`). */
  readonly stickyTo?: string | undefined;
  /** Told what was tried, in order, when the call has ended. */
  readonly onAttempts?: ((attempts: readonly AttemptReport[]) => void) | undefined;
}

/** RFC 9110 §9.2.2: asking twice does no more than asking once. */
const idempotentMethods: ReadonlySet<string> = new Set(["GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE"]);
/** RFC 9110 §9.2.1: asking changes nothing. */
const safeMethods: ReadonlySet<string> = new Set(["GET", "HEAD", "OPTIONS", "TRACE"]);
const gatewayErrors: ReadonlySet<number> = new Set([502, 503, 504]);
/** A server is silent when another has answered so many times as fast as this one has kept waiting. */
const silenceFactor = 4;
const lostRace = new Error("another server answered first");
const tookTooLong = new Error("no answer within the time of a try");
const notWanted = new Error("the call is over");
const nobody: readonly ServerPool[] = [];

/**
 * One call of a service, run by its command, which has its deadline and its circuit: tries servers one after the other,
 * or, when the first keeps silent, a second beside it, until one answers. What may not be executed twice is sent a second
 * time only when the first cannot have been executed.
 */
export class Call implements TryEvents, GivenUpListener {
  readonly #cluster: Cluster;
  readonly #request: CallRequest;
  readonly #context: CallContext;
  readonly #trace: RootSpan | undefined;
  readonly #idempotent: boolean;
  readonly #startedAtMs: number;
  readonly #tries: Try[] = [];
  #open = 0;
  #resolve: (answer: Answer) => void = noop;
  #reject: (error: unknown) => void = noop;
  #last: Answer | undefined;
  #done = false;

  constructor(cluster: Cluster, request: CallRequest, context: CallContext, trace?: RootSpan) {
    this.#trace = trace;
    this.#cluster = cluster;
    this.#request = request;
    this.#context = context;
    const isReplayable = request.body === null || Buffer.isBuffer(request.body);
    this.#idempotent = isReplayable && (idempotentMethods.has(request.method) || cluster.options.retryUnsafe);
    this.#startedAtMs = cluster.clock.monotonicMs();
  }

  get tries(): number {
    return this.#tries.length;
  }

  /** What was tried so far, in order. */
  attempts(): AttemptReport[] {
    return this.#tries.map((attempt) => attempt.report(this.#startedAtMs));
  }

  /** What the server of try `nth` (from 0) was told of the trace. */
  spanIdOf(nth: number): string | undefined {
    const spanId = this.#tries[nth]?.spanId;
    return spanId === "" ? undefined : spanId;
  }

  /**
   * @throws NoServerAvailableError, CallFailedError, RequestUnfitError, ServerFault, and the error of a request body that
   * broke off.
   */
  run(): Promise<Answer> {
    const cluster = this.#cluster;
    cluster.budget.deposit();
    cluster.calls += 1;
    const server = cluster.pick(nobody, this.#request, this.#idempotent, this.#startedAtMs);
    if (server === undefined) return Promise.reject(new NoServerAvailableError(cluster.app, 0));
    this.#context.tellGivenUp(this);
    return new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
      this.#start(server, "first", this.#startedAtMs);
    });
  }

  /** Whoever wanted the answer has gone: every try ends now. */
  abort(reason: unknown): void {
    if (this.#done) return;
    this.#context.giveUp(reason);
    this.#release();
    this.#fail(new CallAbortedError(this.#cluster.app, reason));
  }

  /** The command's time is over, or its caller has gone. */
  givenUp(error: CommandError, stalled: boolean): void {
    if (this.#done) return;
    const { clock, options } = this.#cluster;
    const nowMs = clock.monotonicMs();
    const isLate = error.failureType === "TIMEOUT" && !stalled;
    for (const attempt of this.#tries) {
      if (attempt.isOver) continue;
      const waitedMs = nowMs - attempt.startedAtMs;
      // A caller in a hurry says nothing about the server.
      if (isLate && waitedMs >= options.hedgeMaxMs) attempt.server.keptSilent(waitedMs, nowMs);
      else attempt.server.released();
      attempt.note(isLate ? "silent" : "abandoned", nowMs);
    }
    this.#fail(error);
  }

  onAnswer(attempt: Try, answer: Answer): void {
    this.#open -= 1;
    const nowMs = this.#cluster.clock.monotonicMs();
    const tookMs = nowMs - attempt.startedAtMs;
    attempt.note(String(answer.status), nowMs);
    if (isShed(answer)) attempt.server.shed(nowMs);
    else attempt.server.answered(answer.status, tookMs, nowMs, retryAfterMs(answer));
    if (attempt.kind !== "first" && gatewayErrors.has(answer.status)) this.#cluster.budget.failed();
    if (this.#worthAnother(answer) && !this.#done) {
      this.#last?.stream?.destroy();
      this.#last = answer;
      if (this.#again(false, false, "retry") || this.#open > 0) return;
    }
    this.#cluster.latency.record(tookMs);
    this.#settle(answer, tookMs);
  }

  onFailure(attempt: Try, failure: TryFailure): void {
    this.#open -= 1;
    const nowMs = this.#cluster.clock.monotonicMs();
    attempt.note(failure.kind, nowMs);
    if (failure.kind === "own-fault") {
      attempt.server.released();
      return this.#fail(
        failure.cause instanceof PlatformError
          ? failure.cause
          : new RequestUnfitError(this.#cluster.app, failure.cause),
      );
    }
    attempt.server.broke(failure.kind === "not-executed", nowMs);
    if (attempt.kind !== "first" && failure.kind === "lost") this.#cluster.budget.failed();
    if (this.#done) return;
    const mayRepeat = this.#idempotent || (failure.kind === "not-executed" && this.#bodyIsWhole());
    if (mayRepeat && this.#again(failure.kind === "not-executed", failure.kind === "lost", "retry")) return;
    if (this.#open > 0) return;
    if (this.#last !== undefined) return this.#settle(this.#last, 0);
    const { app, servers } = this.#cluster;
    this.#fail(
      mayRepeat
        ? new NoServerAvailableError(app, servers.length, failure.cause)
        : new CallFailedError(app, `the answer was lost (${messageOf(failure.cause)})`, failure.cause),
    );
  }

  /** Silence: asks another server as well, and gives up holding back an answer that takes long to become whole. */
  onTick(ticking: Try, stalled: boolean): void {
    if (this.#done) return;
    const { clock, options } = this.#cluster;
    const nowMs = clock.monotonicMs();
    for (const attempt of this.#tries) {
      const isLate = !attempt.isOver && nowMs - attempt.startedAtMs >= options.holdBackMs;
      if (isLate && attempt.release()) return;
    }
    if (!stalled && options.tryTimeoutMs > 0 && this.#giveUpLate(nowMs, options.tryTimeoutMs)) return;
    // It was we who stood still: its answer has had no time to be read.
    if (stalled || !this.#idempotent || !this.#again(false, false, "hedge", nowMs - ticking.startedAtMs))
      ticking.tickAgain(nowMs, this.#cluster.hedgeList());
  }

  /** Ends tries that have had their time, and makes another one. True when the call is over, or a new try ticks. */
  #giveUpLate(nowMs: number, tryTimeoutMs: number): boolean {
    let gaveUp = false;
    for (const attempt of this.#tries) {
      const waitedMs = nowMs - attempt.startedAtMs;
      if (attempt.isOver || waitedMs < tryTimeoutMs) continue;
      gaveUp = true;
      this.#open -= 1;
      attempt.server.keptSilent(waitedMs, nowMs);
      attempt.note("silent", nowMs);
      attempt.abort(tookTooLong);
    }
    if (!gaveUp) return false;
    if (this.#idempotent && this.#again(false, false, "retry")) return true;
    if (this.#open > 0) return false;
    if (this.#last !== undefined) this.#settle(this.#last, 0);
    else this.#fail(new CallTimedOutError(this.#cluster.app, tryTimeoutMs, this.#tries.length));
    return true;
  }

  /** A server's own trouble, unless those below have already tried all that can be tried. */
  #worthAnother(answer: Answer): boolean {
    if (isShed(answer)) return this.#idempotent || this.#bodyIsWhole();
    if (!this.#idempotent || this.#cluster.options.retryOn !== "all") return false;
    if (answer.headers[Headers.retried] !== undefined) return false;
    if (gatewayErrors.has(answer.status)) return true;
    // A fault of one server, or of the code: another one is asked once, and only where that changes nothing.
    return answer.status === 500 && this.#tries.length === 1 && safeMethods.has(this.#request.method);
  }

  /** Nothing of the body has gone out yet, or it can go out again. */
  #bodyIsWhole(): boolean {
    const { body } = this.#request;
    return body === null || Buffer.isBuffer(body) || (!body.readableDidRead && !body.destroyed);
  }

  /**
   * Starts one more try if there is a server left and the budget allows it. After `waitedMs` of silence only at a server
   * that is expected to answer within half of that: where all of them are slow, asking twice makes all of them slower.
   */
  #again(
    isFree: boolean,
    mayBeSame: boolean,
    kind: AttemptReport["kind"],
    waitedMs = Number.POSITIVE_INFINITY,
  ): boolean {
    const cluster = this.#cluster;
    if (this.#tries.length >= cluster.options.triesMax) return false;
    const nowMs = cluster.clock.monotonicMs();
    const tried = this.#tries.map((attempt) => attempt.server);
    // With one server only, what broke was perhaps just the connection; a second, new one is worth a try.
    const isFirstAgain = mayBeSame && tried.length === cluster.servers.length;
    const server =
      cluster.pick(tried, this.#request, this.#idempotent, nowMs) ??
      (isFirstAgain ? cluster.pick(nobody, this.#request, this.#idempotent, nowMs) : undefined);
    if (server === undefined || server.expectedMs(nowMs) * 2 > waitedMs) return false;
    // What was not executed costs the servers nothing, so it costs the budget nothing; but where nobody is left who is not
    // known to be out of reach, asking them all, each time, is a storm of its own.
    if (!(isFree && server.standing(nowMs) !== "ejected") && !cluster.budget.take(nowMs)) {
      cluster.budgetRefused += 1;
      return false;
    }
    if (kind === "hedge") cluster.hedges += 1;
    else cluster.retries += 1;
    this.#start(server, kind, nowMs);
    return true;
  }

  #start(server: ServerPool, kind: AttemptReport["kind"], nowMs: number): void {
    const cluster = this.#cluster;
    server.started(nowMs);
    const headers = this.#headersFor(server, nowMs);
    const spanId = this.#trace?.newSpanId() ?? "";
    if (this.#trace !== undefined) pushTraceHeaders(headers, this.#trace, spanId);
    const attempt = new Try(server, nowMs, kind, this.#request, headers, this, spanId);
    if (!this.#idempotent) attempt.holdBackBytes = 0;
    if (this.#idempotent || cluster.options.tryTimeoutMs > 0) {
      this.#tries.at(-1)?.tickNoMore();
      attempt.tickAgain(nowMs, cluster.hedgeList());
    }
    this.#tries.push(attempt);
    this.#open += 1;
    attempt.send();
  }

  #headersFor(server: ServerPool, nowMs: number): string[] {
    const headers = this.#request.headers.slice();
    const leftMs = this.#context.deadlineMs - nowMs;
    if (leftMs < Number.POSITIVE_INFINITY) headers.push(Headers.deadline, String(Math.max(1, Math.floor(leftMs))));
    headers.push(Headers.attempt, String(this.#tries.length + 1));
    if (server.record.verifiesIdentity) headers.push(Headers.instance, server.record.id);
    return headers;
  }

  #settle(answer: Answer, tookMs: number): void {
    if (this.#done) return void answer.stream?.destroy();
    if (this.#last !== answer) this.#last?.stream?.destroy();
    const { clock, options } = this.#cluster;
    if (this.#open > 0) {
      const nowMs = clock.monotonicMs();
      for (const loser of this.#tries) {
        if (loser.isOver) continue;
        const waitedMs = nowMs - loser.startedAtMs;
        // A loser was silent when the winner was far quicker. When all are slow, being slow is no reason to be put out.
        const isSilent = waitedMs >= options.hedgeMinMs && waitedMs >= silenceFactor * tookMs;
        if (isSilent) loser.server.keptSilent(waitedMs, nowMs);
        else loser.server.released();
        loser.note(isSilent ? "silent" : "abandoned", nowMs);
      }
    }
    this.#finish(String(answer.status), lostRace);
    if (isServerFault(answer.status) || isShed(answer)) this.#reject(new ServerFault(answer));
    else this.#resolve(answer);
  }

  #release(): void {
    const nowMs = this.#cluster.clock.monotonicMs();
    for (const attempt of this.#tries) {
      if (attempt.isOver) continue;
      attempt.server.released();
      attempt.note("abandoned", nowMs);
    }
  }

  #fail(error: PlatformError): void {
    if (this.#done) return;
    this.#last?.stream?.destroy();
    this.#finish(error.code, notWanted);
    this.#reject(error);
  }

  #finish(outcome: string, why: Error): void {
    this.#done = true;
    this.#tries.at(-1)?.tickNoMore();
    if (this.#open > 0) for (const attempt of this.#tries) attempt.abort(why);
    const isPlain = this.#tries.length === 1 && outcome.length === 3 && outcome < "500";
    if (isPlain && this.#request.onAttempts === undefined) return;
    const attempts = this.attempts();
    if (!isPlain) this.#cluster.keep(this.#request, this.#startedAtMs, outcome, attempts);
    this.#request.onAttempts?.(attempts);
  }
}

function noop(): void {}

/** RFC 9110 §10.2.3, in seconds; a date is read as nothing. */
function retryAfterMs(answer: Answer): number {
  if (answer.status !== 503) return 0;
  const seconds = Number(answer.headers["retry-after"]);
  return seconds > 0 ? seconds * 1_000 : 0;
}
