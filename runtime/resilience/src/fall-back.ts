import type { CommandOptions } from "./command-definition.ts";
import type { CommandState } from "./command-state.ts";
import type { CommandError } from "./errors.ts";
import { At } from "./events.ts";
import { rejectedError } from "./refusal.ts";
import type { LogEntry } from "./request-context.ts";

/** A call that has no answer of its own. */
export interface Unanswered<A extends unknown[]> {
  readonly state: CommandState;
  readonly args: A;
  readonly startMs: number;
  /** How long `run` took; −1: it was not called. */
  readonly runMs: number;
  readonly entry: LogEntry | undefined;
}

/**
 * The end of a call whose `run` gave no answer: by its fallback, if it has one that may be called now, else `error` is
 * thrown. Fallbacks have a limit of their own, since all calls of a dead service end here.
 */
export function fallBack<A extends unknown[], R>(
  options: CommandOptions<A, R>,
  error: CommandError,
  call: Unanswered<A>,
  nowMs: number,
): R | Promise<R> {
  const { state } = call;
  if (options.fallback === undefined || !canFallBack(state)) throw withoutFallback(options, error, call, nowMs);
  if (call.runMs >= 0) state.ran(call.runMs, false, nowMs);
  state.hooks?.tell("onFallbackStart", state, error);
  state.fallbacksActive += 1;
  let result: R | PromiseLike<R>;
  try {
    result = options.fallback(error, ...call.args);
    if (isThenable(result)) return later(result, call, error);
  } catch (fallbackError) {
    throw broken(call, error, fallbackError, nowMs);
  }
  return answered(call, result, nowMs);
}

export function canFallBack(state: CommandState): boolean {
  return state.fallbackEnabled && state.fallbacksActive < state.fallbacksMax;
}

/** The end of a call that has no fallback, or may not call it now: what its caller gets. */
export function withoutFallback<A extends unknown[], R>(
  options: CommandOptions<A, R>,
  error: CommandError,
  call: Unanswered<A>,
  nowMs: number,
): CommandError {
  const { state } = call;
  if (options.fallback === undefined) return giveUp(call, At.FALLBACK_MISSING, error, nowMs);
  if (!state.fallbackEnabled) return giveUp(call, At.FALLBACK_DISABLED, error, nowMs);
  const tooMany = rejectedError(state.key, "REJECTED_SEMAPHORE_FALLBACK", state.fallbackRejection);
  tooMany.cause = error;
  return giveUp(call, At.FALLBACK_REJECTION, tooMany, nowMs);
}

function later<A extends unknown[], R>(result: PromiseLike<R>, call: Unanswered<A>, error: CommandError): Promise<R> {
  return Promise.resolve(result).then(
    (value) => answered(call, value, call.state.clock.monotonicMs()),
    (fallbackError: unknown) => {
      throw broken(call, error, fallbackError, call.state.clock.monotonicMs());
    },
  );
}

function answered<A extends unknown[], R>(call: Unanswered<A>, value: R, nowMs: number): R {
  const { state } = call;
  state.fallbacksActive -= 1;
  if (call.runMs >= 0) ended(call, nowMs);
  state.record(At.FALLBACK_SUCCESS, call.entry, nowMs);
  if (state.hooks !== undefined) {
    state.hooks.tell("onFallbackSuccess", state, value);
    state.hooks.tell("onSuccess", state, value);
  }
  return value;
}

function broken<A extends unknown[]>(
  call: Unanswered<A>,
  error: CommandError,
  fallbackError: unknown,
  nowMs: number,
): CommandError {
  const { state } = call;
  state.fallbacksActive -= 1;
  if (call.runMs >= 0) ended(call, nowMs);
  error.fallbackError = fallbackError;
  state.record(At.FALLBACK_FAILURE, call.entry, nowMs);
  if (state.hooks !== undefined) {
    state.hooks.tell("onFallbackError", state, fallbackError);
    state.hooks.tell("onError", state, error);
  }
  return error;
}

function ended<A extends unknown[]>(call: Unanswered<A>, nowMs: number): void {
  const totalMs = nowMs - call.startMs;
  call.state.fellBack(totalMs, nowMs);
  if (call.entry !== undefined) call.entry.latencyMs = totalMs;
}

function giveUp<A extends unknown[]>(
  call: Unanswered<A>,
  event: number,
  error: CommandError,
  nowMs: number,
): CommandError {
  const { state, entry } = call;
  state.record(event, entry, nowMs);
  if (call.runMs >= 0) {
    state.ran(call.runMs, true, nowMs);
    if (entry !== undefined) entry.latencyMs = nowMs - call.startMs;
  }
  state.hooks?.tell("onError", state, error);
  return error;
}

/** @throws what its getter `then` throws. */
export function isThenable<R>(value: R | PromiseLike<R>): value is PromiseLike<R> {
  return (
    (typeof value === "object" || typeof value === "function") &&
    value !== null &&
    "then" in value &&
    typeof value.then === "function"
  );
}
