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
 * The end of a call whose `run` gave no answer: by its fallback, if it has one that may be called now, else with `error`.
 * Fallbacks have a limit of their own, since all calls of a dead service end here.
 */
export function fallBack<A extends unknown[], R>(
  options: CommandOptions<A, R>,
  error: CommandError,
  call: Unanswered<A>,
): Promise<R> {
  const { state } = call;
  const nowMs = state.clock.monotonicMs();
  if (options.fallback === undefined) return giveUp(call, At.FALLBACK_MISSING, error, nowMs);
  if (!state.fallbackEnabled) return giveUp(call, At.FALLBACK_DISABLED, error, nowMs);
  if (state.fallbacksActive >= state.fallbacksMax) {
    const tooMany = rejectedError(state.key, "REJECTED_SEMAPHORE_FALLBACK", state.fallbackRejection);
    tooMany.cause = error;
    return giveUp(call, At.FALLBACK_REJECTION, tooMany, nowMs);
  }
  if (call.runMs >= 0) state.ran(call.runMs, false, nowMs);
  state.hooks?.tell("onFallbackStart", state, error);
  state.fallbacksActive += 1;
  let result: R | PromiseLike<R>;
  try {
    result = options.fallback(error, ...call.args);
    if (isThenable(result)) return Promise.resolve(result).then(answered(call), broken(call, error));
  } catch (fallbackError) {
    return broken(call, error)(fallbackError);
  }
  return Promise.resolve(answered<A, R>(call)(result));
}

function answered<A extends unknown[], R>(call: Unanswered<A>): (value: R) => R {
  return (value) => {
    const { state } = call;
    const nowMs = ended(call);
    state.record(At.FALLBACK_SUCCESS, call.entry, nowMs);
    if (state.hooks !== undefined) {
      state.hooks.tell("onFallbackSuccess", state, value);
      state.hooks.tell("onSuccess", state, value);
    }
    return value;
  };
}

function broken<A extends unknown[]>(
  call: Unanswered<A>,
  error: CommandError,
): (fallbackError: unknown) => Promise<never> {
  return (fallbackError) => {
    const { state } = call;
    const nowMs = ended(call);
    error.fallbackError = fallbackError;
    state.record(At.FALLBACK_FAILURE, call.entry, nowMs);
    if (state.hooks !== undefined) {
      state.hooks.tell("onFallbackError", state, fallbackError);
      state.hooks.tell("onError", state, error);
    }
    return Promise.reject(error);
  };
}

function ended<A extends unknown[]>(call: Unanswered<A>): number {
  const { state, entry } = call;
  const nowMs = state.clock.monotonicMs();
  state.fallbacksActive -= 1;
  if (call.runMs >= 0) {
    state.fellBack(nowMs - call.startMs, nowMs);
    if (entry !== undefined) entry.latencyMs = nowMs - call.startMs;
  }
  return nowMs;
}

function giveUp<A extends unknown[]>(
  call: Unanswered<A>,
  event: number,
  error: CommandError,
  nowMs: number,
): Promise<never> {
  const { state, entry } = call;
  state.record(event, entry, nowMs);
  if (call.runMs >= 0) {
    state.ran(call.runMs, true, nowMs);
    if (entry !== undefined) entry.latencyMs = nowMs - call.startMs;
  }
  state.hooks?.tell("onError", state, error);
  return Promise.reject(error);
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
