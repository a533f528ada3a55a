import type { CallContext, CommandOptions } from "./command-definition.ts";
import type { CommandState } from "./command-state.ts";
import { BadRequestError, type CommandError, cancelledError, failedError, timeoutError } from "./errors.ts";
import { At } from "./events.ts";
import { fallBack, type Unanswered } from "./fall-back.ts";
import type { LogEntry } from "./request-context.ts";
import type { DeadlineList, Timed } from "./timeouts.ts";

type Settle = (value: unknown) => void;

// A promise's own functions, taken out of its constructor without a closure for each.
let lastResolve: Settle = () => {};
let lastReject: Settle = () => {};
const take = (resolve: Settle, reject: Settle): void => {
  lastResolve = resolve;
  lastReject = reject;
};

/** One execution of `run`, from the moment it was allowed to its one and only end. It is also the context `run` gets. */
export class Call<A extends unknown[], R> implements Timed, CallContext, Unanswered<A> {
  deadlineMs = Number.POSITIVE_INFINITY;
  previous: Timed | undefined = undefined;
  next: Timed | undefined = undefined;
  readonly state: CommandState;
  readonly args: A;
  readonly startMs: number;
  readonly entry: LogEntry | undefined;
  runMs = -1;
  readonly #options: CommandOptions<A, R>;
  readonly #pass: number;
  #under = true;
  #resolve: Settle | undefined = undefined;
  #reject: Settle | undefined = undefined;
  #deadlines: DeadlineList | undefined = undefined;
  #controller: AbortController | undefined = undefined;
  #abortedWith: CommandError | undefined = undefined;
  #leave: (() => void) | undefined = undefined;

  constructor(
    options: CommandOptions<A, R>,
    state: CommandState,
    args: A,
    startMs: number,
    pass: number,
    entry: LogEntry | undefined,
  ) {
    this.#options = options;
    this.state = state;
    this.args = args;
    this.startMs = startMs;
    this.#pass = pass;
    this.entry = entry;
  }

  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.#abortedWith !== undefined) this.#controller.abort(this.#abortedWith);
    }
    return this.#controller.signal;
  }

  /** `run` has returned a promise: the answer is its end, or the deadline, or the caller's giving up. */
  wait(result: Promise<R>, outer: AbortSignal | undefined): Promise<R> {
    const answer = new Promise<unknown>(take) as Promise<R>;
    this.#resolve = lastResolve;
    this.#reject = lastReject;
    this.#deadlines?.add(this);
    if (outer !== undefined) this.#follow(outer);
    result.then(
      (value) => {
        if (this.#under) lastly(this.#resolve, this.succeed(value));
      },
      (error: unknown) => {
        if (this.#under) lastly(this.#resolve, this.fail(error));
      },
    );
    return answer;
  }

  /** Sets the deadline, before `run` is called. */
  limit(deadlines: DeadlineList | undefined): void {
    if (deadlines === undefined) return;
    this.#deadlines = deadlines;
    this.deadlineMs = this.startMs + deadlines.timeoutMs;
  }

  succeed(value: R): R {
    const { state } = this;
    const nowMs = this.#end();
    const ms = nowMs - this.startMs;
    state.record(At.SUCCESS, this.entry, nowMs);
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

  /** `run` threw, or its promise was rejected. */
  fail(cause: unknown): Promise<R> {
    const { state } = this;
    const nowMs = this.#end();
    this.runMs = nowMs - this.startMs;
    if (this.runMs >= state.slowMs) this.#slow(nowMs);
    state.hooks?.tell("onExecutionError", state, cause);
    if (cause instanceof BadRequestError || this.#isBadRequest(cause)) return this.#badRequest(cause, nowMs);
    state.record(At.FAILURE, this.entry, nowMs);
    state.breaker.failed(this.#pass, nowMs);
    const retryAfterMs = retryAfterOf(cause);
    if (retryAfterMs > 0 && state.retryAfterMaxMs > 0) {
      const ms = Math.min(retryAfterMs, state.retryAfterMaxMs);
      state.breaker.openFor(ms, nowMs, `it asked to be left alone for ${ms} ms (Retry-After)`);
    }
    return fallBack(this.#options, failedError(state.key, cause), this);
  }

  /** The deadline has passed. */
  expire(stalled: boolean): void {
    const { state } = this;
    this.#deadlines = undefined;
    const nowMs = this.#end();
    this.runMs = nowMs - this.startMs;
    if (this.runMs >= state.slowMs) this.#slow(nowMs);
    const error = timeoutError(state.key, this.deadlineMs - this.startMs, stalled);
    state.record(At.TIMEOUT, this.entry, nowMs);
    if (stalled) {
      // It was we who stood still: that says nothing about the callee.
      state.counts.add(At.TIMEOUT_STALLED, nowMs);
      state.breaker.abandoned(this.#pass);
    } else state.breaker.failed(this.#pass, nowMs);
    state.hooks?.tell("onExecutionError", state, error);
    if (state.interruptOnTimeout) this.#abort(error);
    this.#resolve?.(fallBack(this.#options, error, this));
  }

  #follow(outer: AbortSignal): void {
    const onAbort = (): void => this.#cancel(outer.reason);
    this.#leave = () => outer.removeEventListener("abort", onAbort);
    outer.addEventListener("abort", onAbort, { once: true });
    // `run` itself may have done it.
    if (outer.aborted) this.#cancel(outer.reason);
  }

  #cancel(reason: unknown): void {
    if (!this.#under) return;
    const { state } = this;
    const nowMs = this.#end();
    state.record(At.CANCELLED, this.entry, nowMs);
    state.breaker.abandoned(this.#pass);
    state.hooks?.tell("onUnsubscribe", state);
    const error = cancelledError(state.key, reason);
    this.#abort(error);
    this.#reject?.(error);
  }

  #badRequest(cause: unknown, nowMs: number): Promise<never> {
    const { state } = this;
    state.record(At.BAD_REQUEST, this.entry, nowMs);
    state.ran(this.runMs, true, nowMs);
    state.breaker.abandoned(this.#pass);
    if (this.entry !== undefined) this.entry.latencyMs = this.runMs;
    state.hooks?.tell("onError", state, cause);
    return Promise.reject(cause);
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

  #abort(error: CommandError): void {
    this.#abortedWith = error;
    this.#controller?.abort(error);
  }

  #end(): number {
    this.#under = false;
    this.state.active -= 1;
    this.#deadlines?.remove(this);
    this.#leave?.();
    return this.state.clock.monotonicMs();
  }
}

function lastly(resolve: Settle | undefined, value: unknown): void {
  resolve?.(value);
}

function retryAfterOf(cause: unknown): number {
  if (typeof cause !== "object" || cause === null || !("retryAfterMs" in cause)) return 0;
  return typeof cause.retryAfterMs === "number" ? cause.retryAfterMs : 0;
}
