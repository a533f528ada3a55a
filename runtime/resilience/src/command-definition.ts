import type { CommandError } from "./errors.ts";
import type { CommandProperties } from "./properties.ts";

/** What `run` is given about its own call. */
export interface CallContext {
  /** Of this call alone, made when it is first read: aborted when the call times out or its caller gives it up. */
  readonly signal: AbortSignal;
  /** On the clock's monotonic time: when the call times out; `Infinity` without a timeout. */
  readonly deadlineMs: number;
}

export interface CommandOptions<A extends unknown[], R> {
  /** Name of the command: its circuit, its limits, its counters. */
  readonly key: string;
  /** What dashboards show it with. Default: the key. */
  readonly group?: string;
  readonly run: (context: CallContext, ...args: A) => R | PromiseLike<R>;
  /** Answers when `run` has failed, timed out, or was not even called. It gets the error that the caller would get. */
  readonly fallback?: (error: CommandError, ...args: A) => R | PromiseLike<R>;
  /** Within one request, calls with the same cache key are made once. `undefined`: not this one. */
  readonly cacheKey?: (...args: A) => string | undefined;
  /** Is this error the caller's own mistake? Beside every `BadRequestError`. */
  readonly isBadRequest?: (error: unknown) => boolean;
  /** By Hystrix's names; what the configuration says for this key outweighs it. */
  readonly properties?: Partial<CommandProperties>;
}

/** For one call only. */
export interface CallOptions {
  /** The caller's own; when it is aborted, so is the call (`CANCELLED`). */
  readonly signal?: AbortSignal;
}
