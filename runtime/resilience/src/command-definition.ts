import type { CommandError } from "./errors.ts";
import type { CollapserProperties, CommandProperties, ThreadPoolProperties } from "./properties.ts";
import type { ThreadWork } from "./threads/pool-thread.ts";

/** What `run` is given about its own call. */
export interface CallContext {
  /** Of this call alone, made when it is first read: aborted when the call times out or its caller gives it up. */
  readonly signal: AbortSignal;
  /** On the clock's monotonic time: when the call times out; `Infinity` without a timeout. */
  readonly deadlineMs: number;
  /**
   * Tells `listener` once when the call times out or is given up: what {@link CallContext.signal} tells, for a fraction of
   * its cost. One listener a call.
   */
  tellGivenUp(listener: GivenUpListener): void;
  /** Gives the call up, as its caller's signal would (`CANCELLED`). Does nothing after its end. */
  giveUp(reason: unknown): void;
}

export interface GivenUpListener {
  /** `stalled`: this process stood still, so the timeout says nothing about the callee. */
  givenUp(error: CommandError, stalled: boolean): void;
}

export interface CommandOptions<A extends unknown[], R> extends CommandBasics<A, R> {
  readonly run: (context: CallContext, ...args: A) => R | PromiseLike<R>;
  /** Limits the calls under way instead of `execution.isolation.semaphore…` (strategy ADAPTIVE): one that learns its limit. */
  readonly limiter?: CallLimiter;
  /** What the limiter is told of a call, for its partitions. */
  readonly partition?: (...args: A) => unknown;
}

/** A place in a {@link CallLimiter}; it is settled once. */
export interface CallPermit {
  /** Answered: how long it took tells of the load. */
  success(): void;
  /** Timed out, or turned away by the callee for load. */
  dropped(): void;
  /** Ended in a way that tells nothing of the load. */
  ignored(): void;
}

/** Whatever lets calls in or does not. */
export interface CallLimiter {
  acquire(context?: unknown): CallPermit | undefined;
}

/** A command whose work is done in a thread of its own (Hystrix's THREAD strategy), since it computes. */
export interface WorkerCommandOptions<A extends unknown[], R> extends CommandBasics<A, R> {
  /** The function that does it: URL of its ES module (`import.meta.resolve("./work.js")`), name of the export. */
  readonly worker: ThreadWork;
  /** Commands with the same one share threads. Default: the group. */
  readonly threadPoolKey?: string;
  /** Of the pool, by Hystrix's names; the first command of a pool says them. */
  readonly threadPoolProperties?: Partial<ThreadPoolProperties>;
}

export interface CommandBasics<A extends unknown[], R> {
  /** Name of the command: its circuit, its limits, its counters. */
  readonly key: string;
  /** What dashboards show it with. Default: the key. */
  readonly group?: string;
  /** Answers when `run` has failed, timed out, or was not even called. It gets the error that the caller would get. */
  readonly fallback?: (error: CommandError, ...args: A) => R | PromiseLike<R>;
  /** Within one request, calls with the same cache key are made once. `undefined`: not this one. */
  readonly cacheKey?: (...args: A) => string | undefined;
  /** Is this error the caller's own mistake? Beside every `BadRequestError`. */
  readonly isBadRequest?: (error: unknown) => boolean;
  /** By Hystrix's names; what the configuration says for this key outweighs it. */
  readonly properties?: Partial<CommandProperties>;
  /** `run` makes spans of its own: traces get none of the command. Default false. */
  readonly tracesItself?: boolean;
}

/** For one call only. */
export interface CallOptions {
  /** The caller's own; when it is aborted, so is the call (`CANCELLED`). */
  readonly signal?: AbortSignal | undefined;
  /** Instead of the command's timeout, in ms: what is left of a deadline. Kept to within 3 %, never longer. */
  readonly timeoutMs?: number | undefined;
}

/** A command that answers many questions at once, asked one by one. */
export interface CollapserOptions<Q, R> {
  /** Name of the collapser and of its command. */
  readonly key: string;
  readonly group?: string;
  /**
   * Answers all questions, in their order; an `Error` in the list is the answer to its question alone.
   * A list of another length fails all of them (`COLLAPSER_MISMATCH`).
   */
  readonly run: (
    context: CallContext,
    questions: readonly Q[],
  ) => readonly (R | Error)[] | PromiseLike<readonly (R | Error)[]>;
  readonly fallback?: (
    error: CommandError,
    questions: readonly Q[],
  ) => readonly (R | Error)[] | PromiseLike<readonly (R | Error)[]>;
  /** Whose questions go together: those of one request (default, Hystrix's), or everybody's. */
  readonly scope?: "REQUEST" | "GLOBAL";
  /** Within one request, a question with the same key is asked once. */
  readonly cacheKey?: (question: Q) => string | undefined;
  /** Questions of different shards go in different batches. */
  readonly shard?: (question: Q) => string;
  /** Of the collapser, by Hystrix's names. */
  readonly properties?: Partial<CollapserProperties>;
  /** Of its command. */
  readonly commandProperties?: Partial<CommandProperties>;
}
