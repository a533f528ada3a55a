import { Abort } from "./abort.ts";
import type { CallContext, CallPermit, CommandOptions, GivenUpListener } from "./command-definition.ts";
import type { CommandState } from "./command-state.ts";
import { BadRequestError, type CommandError, cancelledError, failedError, timeoutError } from "./errors.ts";
import { At } from "./events.ts";
import { fallBack, type Unanswered } from "./fall-back.ts";
import type { LogEntry } from "./request-context.ts";
import type { DeadlineList, Timed } from "./timeouts.ts";

type Settle = (value: unknown) => void;

/** Why a call ended before its `run` did. */
const stillRunning = 0;
const timedOut = 1;
const timedOutInStall = 2;
const cancelled = 3;

// A promise's own functions, taken out of its constructor without a closure for each.
let lastResolve: Settle = noop;
let lastReject: Settle = noop;
const take = (resolve: Settle, reject: Settle): void => {
  lastResolve = resolve;
  lastReject = reject;
};

/** One execution of `run`, from the moment it was allowed to its one and only end. It is also the context `run` gets. */
export class Call<A extends unknown[], R> implements Timed, CallContext, Unanswered<A> {
  previous: Timed | undefined = undefined;
  next: Timed | undefined = undefined;
  readonly state: CommandState;
  readonly args: A;
  readonly startMs: number;
  readonly entry: LogEntry | undefined;
  runMs = -1;
  readonly #options: CommandOptions<A, R>;
  readonly #pass: number;
  readonly #permit: CallPermit | undefined;
  #early = stillRunning;
  #reject: Settle = noop;
  readonly #deadlines: DeadlineList | undefined;
  #abort: Abort | undefined = undefined;
  #listener: GivenUpListener | undefined = undefined;
  #hasEnded = false;
  #givenUpFor: unknown = undefined;

  constructor(
    options: CommandOptions<A, R>,
    state: CommandState,
    args: A,
    startMs: number,
    pass: number,
    entry: LogEntry | undefined,
    permit: CallPermit | undefined,
    timeoutMs: number | undefined,
  ) {
    this.#permit = permit;
    this.#deadlines = deadlinesOf(state, timeoutMs);
    this.#options = options;
    this.state = state;
    this.args = args;
    this.startMs = startMs;
    this.#pass = pass;
    this.entry = entry;
  }

  get signal(): AbortSignal {
    this.#abort ??= new Abort();
    return this.#abort.signal;
  }

  get deadlineMs(): number {
    return this.#deadlines === undefined ? Number.POSITIVE_INFINITY : this.startMs + this.#deadlines.timeoutMs;
  }

  tellGivenUp(listener: GivenUpListener): void {
    this.#listener = listener;
  }

  giveUp(reason: unknown): void {
    if (this.#hasEnded || this.#early !== stillRunning) return;
    this.#givenUpFor = reason;
    this.#stop(cancelled);
  }

  /**
   * `run` has returned a promise: the answer is its end, or the deadline, or the caller's giving up, whichever is first.
   * However it ends, what follows (a fallback, too) runs in the caller's own async context, not in the timer's.
   */
  wait(result: Promise<R>, outer: AbortSignal | undefined): Promise<R> {
    const first = new Promise<unknown>(take) as Promise<R>;
    this.#reject = lastReject;
    // Before the next line, which may run code that takes a promise apart, too.
    result.then(lastResolve as (value: R) => void, lastReject);
    this.#deadlines?.add(this);
    if (outer !== undefined) this.#follow(outer);
    return first.then(
      (value) => this.succeed(value),
      (error: unknown) => this.fail(error),
    );
  }

  succeed(value: R): R {
    const { state } = this;
    const nowMs = this.#end();
    const ms = nowMs - this.startMs;
    state.record(At.SUCCESS, this.entry, nowMs);
    this.#permit?.success();
    if (ms >= state.slowMs) this.#slow(nowMs);
    state.ran(ms, true, nowMs);
    state.breaker.succeeded(this.#pass, nowMs);
    if (this.entry !== undefined) this.entry.latencyMs = ms;
    if (state.hooks !== undefined) {
      state.hooks.tell("onExecutionSuccess", state, value);
      state.hooks.tell("onSuccess", state, value);
    }
    return value;
  }

  /**
   * `run` threw, or its promise was rejected, or it was not waited for to the end.
   *
   * @throws what the caller gets, when there is no fallback.
   */
  fail(cause: unknown): R | Promise<R> {
    const { state } = this;
    const nowMs = this.#end();
    this.runMs = nowMs - this.startMs;
    if (this.#early === cancelled) throw this.#cancelled(nowMs);
    if (this.runMs >= state.slowMs) this.#slow(nowMs);
    if (this.#early !== stillRunning) return this.#timedOut(nowMs);
    state.hooks?.tell("onExecutionError", state, cause);
    if (cause instanceof BadRequestError || this.#isBadRequest(cause)) throw this.#badRequest(cause, nowMs);
    state.record(At.FAILURE, this.entry, nowMs);
    state.breaker.failed(this.#pass, nowMs);
    const retryAfterMs = retryAfterOf(cause);
    if (retryAfterMs > 0) this.#permit?.dropped();
    else this.#permit?.ignored();
    if (retryAfterMs > 0 && state.retryAfterMaxMs > 0) {
      const ms = Math.min(retryAfterMs, state.retryAfterMaxMs);
      state.breaker.openFor(ms, nowMs, `it asked to be left alone for ${ms} ms (Retry-After)`);
    }
    return fallBack(this.#options, failedError(state.key, cause), this, nowMs);
  }

  /** The deadline has passed. */
  expire(stalled: boolean): void {
    this.#stop(stalled ? timedOutInStall : timedOut);
  }

  #stop(early: number): void {
    this.#early = early;
    this.#reject(undefined);
  }

  #timedOut(nowMs: number): R | Promise<R> {
    const { state } = this;
    const stalled = this.#early === timedOutInStall;
    const error = timeoutError(state.key, this.#deadlines?.timeoutMs ?? 0, stalled);
    state.record(At.TIMEOUT, this.entry, nowMs);
    if (stalled) {
      this.#permit?.ignored();
      // It was we who stood still: that says nothing about the callee.
      state.counts.add(At.TIMEOUT_STALLED, nowMs);
      state.breaker.abandoned(this.#pass);
    } else {
      this.#permit?.dropped();
      state.breaker.failed(this.#pass, nowMs);
    }
    state.hooks?.tell("onExecutionError", state, error);
    if (state.interruptOnTimeout) this.#abortWith(error);
    return fallBack(this.#options, error, this, nowMs);
  }

  #follow(outer: AbortSignal): void {
    this.#abort ??= new Abort();
    this.#abort.follow(outer, () => this.#stop(cancelled));
  }

  #cancelled(nowMs: number): CommandError {
    const { state } = this;
    state.record(At.CANCELLED, this.entry, nowMs);
    this.#permit?.ignored();
    state.breaker.abandoned(this.#pass);
    state.hooks?.tell("onUnsubscribe", state);
    const error = cancelledError(state.key, this.#abort?.outerReason ?? this.#givenUpFor);
    this.#abortWith(error);
    return error;
  }

  #badRequest(cause: unknown, nowMs: number): unknown {
    const { state } = this;
    state.record(At.BAD_REQUEST, this.entry, nowMs);
    this.#permit?.ignored();
    state.ran(this.runMs, true, nowMs);
    state.breaker.abandoned(this.#pass);
    if (this.entry !== undefined) this.entry.latencyMs = this.runMs;
    state.hooks?.tell("onError", state, cause);
    return cause;
  }

  #isBadRequest(cause: unknown): boolean {
    const { isBadRequest } = this.#options;
    if (isBadRequest === undefined) return false;
    try {
      return isBadRequest(cause);
    } catch {
      // A judge that fails has not said that it is the caller's mistake.
      return false;
    }
  }

  #slow(nowMs: number): void {
    // Not the callee's fault when our own event loop stood still meanwhile.
    if (this.startMs > this.state.timeouts.stalledUntilMs) this.state.counts.add(At.SLOW, nowMs);
  }

  #abortWith(error: CommandError): void {
    this.#listener?.givenUp(error, this.#early === timedOutInStall);
    this.#abort ??= new Abort();
    this.#abort.now(error);
  }

  #end(): number {
    this.#hasEnded = true;
    this.state.active -= 1;
    this.#deadlines?.remove(this);
    this.#abort?.leave();
    return this.state.clock.monotonicMs();
  }
}

function noop(): void {}

/** The command's own timeout, unless this call has its own. */
function deadlinesOf(state: CommandState, timeoutMs: number | undefined): DeadlineList | undefined {
  if (timeoutMs === undefined || timeoutMs === state.deadlines?.timeoutMs) return state.deadlines;
  return state.timeouts.listNear(timeoutMs);
}

function retryAfterOf(cause: unknown): number {
  if (typeof cause !== "object" || cause === null || !("retryAfterMs" in cause)) return 0;
  return typeof cause.retryAfterMs === "number" ? cause.retryAfterMs : 0;
}
