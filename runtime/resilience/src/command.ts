import { runInSpan } from "@holdfast/trace";
import { Call } from "./call.ts";
import { refused } from "./circuit-breaker.ts";
import type { CallContext, CallOptions, CallPermit, CommandOptions } from "./command-definition.ts";
import { spanOfCommand } from "./command-spans.ts";
import type { CommandState } from "./command-state.ts";
import { type CommandError, cancelledError } from "./errors.ts";
import { At } from "./events.ts";
import { canFallBack, fallBack, isThenable, withoutFallback } from "./fall-back.ts";
import { rejectedError, shortCircuitError } from "./refusal.ts";
import { rejectSoon } from "./reject-soon.ts";
import { type LogEntry, type RequestContext, requestContext } from "./request-context.ts";

/** Calls through one circuit. Make it once and keep it; `execute` is for every call. */
export class Command<A extends unknown[], R> {
  readonly #options: CommandOptions<A, R>;
  readonly #state: CommandState;

  constructor(options: CommandOptions<A, R>, state: CommandState) {
    this.#options = options;
    this.#state = state;
  }

  get key(): string {
    return this.#state.key;
  }

  /** How long a call may take, in ms, by what the configuration says now; `Infinity` without a timeout. */
  get timeoutMs(): number {
    const state = this.#state;
    if (state.stale) state.refresh();
    return state.deadlines?.timeoutMs ?? Number.POSITIVE_INFINITY;
  }

  /**
   * Calls `run`, unless the circuit is open or too many calls are under way, and waits no longer than the timeout.
   *
   * @throws CommandError when there is no answer and no fallback; a bad request's own error as it is.
   */
  execute(...args: A): Promise<R> {
    return this.#execute(args, undefined, undefined);
  }

  /** {@link execute} with options for this one call. */
  executeWith(options: CallOptions, ...args: A): Promise<R> {
    return this.#execute(args, options.signal, options.timeoutMs);
  }

  /** For collapsers: a call that stands for `size` questions. */
  executeBatch(collapserKey: string, size: number, ...args: A): Promise<R> {
    const state = this.#state;
    if (state.stale) state.refresh();
    const entry = state.logEnabled ? requestContext()?.enter(state.key, state.onRequestEnd) : undefined;
    if (entry !== undefined) {
      entry.collapserKey = collapserKey;
      entry.batchSize = size;
    }
    state.counts.addMany(At.COLLAPSED, size, state.clock.monotonicMs());
    return this.#begin(args, undefined, entry, undefined);
  }

  #execute(args: A, outer: AbortSignal | undefined, timeoutMs: number | undefined): Promise<R> {
    const state = this.#state;
    if (state.stale) state.refresh();
    const context = requestContext();
    try {
      if (context === undefined) return this.#begin(args, outer, undefined, timeoutMs);
      return this.#executeInRequest(context, args, outer, timeoutMs);
    } catch (error) {
      // A `cacheKey` or `partition` that throws: who awaits an answer gets the error there.
      return rejectSoon(error);
    }
  }

  #executeInRequest(
    context: RequestContext,
    args: A,
    outer: AbortSignal | undefined,
    timeoutMs: number | undefined,
  ): Promise<R> {
    const state = this.#state;
    const entry = state.logEnabled ? context.enter(state.key, state.onRequestEnd) : undefined;
    if (entry !== undefined && this.#options.tracesItself === true) entry.tracesItself = true;
    if (outer?.aborted === true) return this.#cancelledBefore(outer, entry, state.clock.monotonicMs());
    const cacheKey = state.cacheEnabled ? this.#options.cacheKey?.(...args) : undefined;
    if (cacheKey === undefined) return this.#begin(args, outer, entry, timeoutMs);
    const cache = context.scope(state, () => new Map<string, Promise<R>>());
    const known = cache.get(cacheKey);
    if (known !== undefined) {
      state.record(At.RESPONSE_FROM_CACHE, entry, state.clock.monotonicMs());
      state.hooks?.tell("onCacheHit", state);
      return orGivenUp(known, outer, state.key);
    }
    // The answer belongs to all who ask: one of them giving it up does not end it for the others.
    const answer = this.#begin(args, undefined, entry, timeoutMs);
    cache.set(cacheKey, answer);
    return orGivenUp(answer, outer, state.key);
  }

  #begin(
    args: A,
    outer: AbortSignal | undefined,
    entry: LogEntry | undefined,
    timeoutMs: number | undefined,
  ): Promise<R> {
    const state = this.#state;
    const nowMs = state.clock.monotonicMs();
    if (outer?.aborted === true) return this.#cancelledBefore(outer, entry, nowMs);
    state.hooks?.tell("onStart", state);
    const pass = state.breaker.allow(nowMs);
    if (pass === refused) return this.#shortCircuit(args, entry, nowMs);
    let permit: CallPermit | undefined;
    let admitted: boolean;
    if (state.limiter !== undefined) {
      permit = state.limiter.acquire(this.#options.partition?.(...args));
      admitted = permit !== undefined;
    } else if (state.pool !== undefined) admitted = state.pool.admits();
    else admitted = state.active < state.maxConcurrent;
    if (!admitted) {
      state.breaker.abandoned(pass);
      return this.#reject(args, entry, nowMs);
    }
    state.active += 1;
    state.counts.active(state.active, nowMs);
    const call = new Call(this.#options, state, args, nowMs, pass, entry, permit, timeoutMs);
    state.hooks?.tell("onExecutionStart", state);
    let result: R | PromiseLike<R>;
    try {
      result = entry === undefined ? this.#run(call, args) : this.#runInRequest(call, args, entry);
      if (result instanceof Promise) return call.wait(result, outer);
      if (isThenable(result)) return call.wait(Promise.resolve(result), outer);
    } catch (error) {
      return asPromise(() => call.fail(error));
    }
    return Promise.resolve(call.succeed(result));
  }

  /** In a trace that is kept from the start, what `run` calls is found below its command. */
  #runInRequest(call: Call<A, R>, args: A, entry: LogEntry): R | PromiseLike<R> {
    entry.startMs = call.startMs;
    entry.span = entry.tracesItself ? undefined : spanOfCommand(entry.key, call.startMs);
    return entry.span === undefined ? this.#run(call, args) : runInSpan(entry.span, () => this.#run(call, args));
  }

  /** Spreading arguments costs more than the counters do; most calls have one. */
  #run(call: CallContext, args: A): R | PromiseLike<R> {
    const options = this.#options as unknown as CommandOptions<unknown[], R>;
    switch (args.length) {
      case 0:
        return options.run(call);
      case 1:
        return options.run(call, args[0]);
      case 2:
        return options.run(call, args[0], args[1]);
      default:
        return options.run(call, ...args);
    }
  }

  #shortCircuit(args: A, entry: LogEntry | undefined, startMs: number): Promise<R> {
    const state = this.#state;
    state.record(At.SHORT_CIRCUITED, entry, startMs);
    const error = shortCircuitError(state.key, state.shortCircuit, Math.max(0, state.breaker.trialAtMs - startMs));
    return this.#unanswered(error, args, entry, startMs);
  }

  #reject(args: A, entry: LogEntry | undefined, startMs: number): Promise<R> {
    const state = this.#state;
    const { pool } = state;
    state.record(pool === undefined ? At.SEMAPHORE_REJECTED : At.THREAD_POOL_REJECTED, entry, startMs);
    const why = state.limiter === undefined ? state.rejection : `${state.key}: its limiter lets no more calls in`;
    const error =
      pool === undefined
        ? rejectedError(state.key, "REJECTED_SEMAPHORE_EXECUTION", why)
        : rejectedError(
            state.key,
            "REJECTED_THREAD_EXECUTION",
            `${state.key}: the threads of ${pool.key} are all busy`,
          );
    return this.#unanswered(error, args, entry, startMs);
  }

  #unanswered(error: CommandError, args: A, entry: LogEntry | undefined, startMs: number): Promise<R> {
    const state = this.#state;
    const options = this.#options;
    const call = { state, args, startMs, runMs: -1, entry };
    // Throwing what is caught here costs more than all the rest.
    if (options.fallback === undefined || !canFallBack(state)) {
      return rejectSoon(withoutFallback(options, error, call, startMs));
    }
    return asPromise(() => fallBack(options, error, call, startMs));
  }

  #cancelledBefore(outer: AbortSignal, entry: LogEntry | undefined, nowMs: number): Promise<never> {
    const state = this.#state;
    state.record(At.CANCELLED, entry, nowMs);
    state.hooks?.tell("onUnsubscribe", state);
    return rejectSoon(cancelledError(state.key, outer.reason));
  }
}

/** `answer`, or the error of a call given up, whichever is first; the call itself goes on. */
function orGivenUp<R>(answer: Promise<R>, outer: AbortSignal | undefined, key: string): Promise<R> {
  if (outer === undefined) return answer;
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(cancelledError(key, outer.reason));
    if (outer.aborted) onAbort();
    else outer.addEventListener("abort", onAbort, { once: true });
    const leave = (): void => outer.removeEventListener("abort", onAbort);
    answer.then(resolve, reject);
    answer.then(leave, leave);
  });
}

function asPromise<R>(make: () => R | Promise<R>): Promise<R> {
  try {
    return Promise.resolve(make());
  } catch (error) {
    return rejectSoon(error);
  }
}
