import { messageOf, PlatformError } from "@holdfast/kernel";

/** Why a command gave no answer, by Hystrix's names (`HystrixRuntimeException.FailureType`); `CANCELLED` is ours. */
export type FailureType =
  | "COMMAND_EXCEPTION"
  | "TIMEOUT"
  | "SHORTCIRCUIT"
  | "REJECTED_THREAD_EXECUTION"
  | "REJECTED_SEMAPHORE_EXECUTION"
  | "REJECTED_SEMAPHORE_FALLBACK"
  | "BAD_REQUEST_EXCEPTION"
  | "CANCELLED";

export type CommandErrorCode =
  | "COMMAND_FAILED"
  | "COMMAND_TIMED_OUT"
  | "COMMAND_SHORT_CIRCUITED"
  | "COMMAND_REJECTED"
  | "COMMAND_FALLBACK_REJECTED"
  | "COMMAND_CANCELLED";

const kinds: Readonly<Record<Exclude<FailureType, "BAD_REQUEST_EXCEPTION">, readonly [CommandErrorCode, number]>> = {
  COMMAND_EXCEPTION: ["COMMAND_FAILED", 502],
  TIMEOUT: ["COMMAND_TIMED_OUT", 504],
  SHORTCIRCUIT: ["COMMAND_SHORT_CIRCUITED", 503],
  REJECTED_THREAD_EXECUTION: ["COMMAND_REJECTED", 503],
  REJECTED_SEMAPHORE_EXECUTION: ["COMMAND_REJECTED", 503],
  REJECTED_SEMAPHORE_FALLBACK: ["COMMAND_FALLBACK_REJECTED", 503],
  CANCELLED: ["COMMAND_CANCELLED", 499],
};

/** Where the reasons are. */
export function nextOf(key: string): string {
  return `look at resilience.explain(${JSON.stringify(key)}): why its circuit is as it is, with its numbers`;
}

/**
 * What a caller gets when a command has no answer, and what its fallback is given. `cause` is the error of `run`; it has
 * the stack that matters, so this one captures none.
 */
export class CommandError extends PlatformError<CommandErrorCode> {
  readonly key: string;
  readonly failureType: FailureType;
  /** What the fallback threw, if there was one and it did. */
  fallbackError: unknown;
  /** When to try again, in ms from now, where that is known. */
  readonly retryAfterMs: number | undefined;

  constructor(
    key: string,
    failureType: Exclude<FailureType, "BAD_REQUEST_EXCEPTION">,
    why: string,
    cause?: unknown,
    retryAfterMs?: number,
  ) {
    const [code, status] = kinds[failureType];
    super(code, `${key}: ${why}`, { status, cause, next: nextOf(key) });
    this.name = "CommandError";
    this.key = key;
    this.failureType = failureType;
    this.retryAfterMs = retryAfterMs;
  }
}

/**
 * The caller's own mistake: thrown by `run`, it goes through to the caller as it is, is not counted against the circuit
 * and calls no fallback (`HystrixBadRequestException`).
 */
export class BadRequestError extends PlatformError<"BAD_REQUEST"> {
  constructor(message: string, options: { readonly cause?: unknown } = {}) {
    super("BAD_REQUEST", message, { ...options, status: 400 });
    this.name = "BadRequestError";
  }
}

/** The error of a call whose `run` threw. */
export function failedError(key: string, cause: unknown): CommandError {
  return withoutStack(() => new CommandError(key, "COMMAND_EXCEPTION", `failed: ${messageOf(cause)}`, cause));
}

/** The error of a call that was not answered in time. */
export function timeoutError(key: string, timeoutMs: number, stalled: boolean): CommandError {
  const why = stalled
    ? `no answer within ${timeoutMs} ms, but this process stood still meanwhile`
    : `no answer within ${timeoutMs} ms`;
  return withoutStack(() => new CommandError(key, "TIMEOUT", why));
}

/** The error of a call that the caller gave up. */
export function cancelledError(key: string, reason: unknown): CommandError {
  return withoutStack(() => new CommandError(key, "CANCELLED", "the caller gave it up", reason));
}

/** A stack costs microseconds and would say nothing that the cause does not. */
function withoutStack<E extends Error>(make: () => E): E {
  const limit = Error.stackTraceLimit;
  Error.stackTraceLimit = 0;
  try {
    return make();
  } finally {
    Error.stackTraceLimit = limit;
  }
}
