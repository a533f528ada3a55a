import { CommandError, type CommandErrorCode, type FailureType, nextOf } from "./errors.ts";

/**
 * A `CommandError` for calls that were not even made. An overloaded process makes them by the hundred thousand, so it is
 * built without `Error`'s constructor: `instanceof CommandError` holds, `stack` is name and message.
 */
class Refusal {
  readonly code: CommandErrorCode;
  readonly message: string;
  readonly key: string;
  readonly failureType: FailureType;
  readonly retryAfterMs: number | undefined;
  fallbackError: unknown = undefined;

  constructor(
    code: CommandErrorCode,
    message: string,
    key: string,
    failureType: FailureType,
    retryAfterMs: number | undefined,
  ) {
    this.code = code;
    this.message = message;
    this.key = key;
    this.failureType = failureType;
    this.retryAfterMs = retryAfterMs;
  }

  get name(): string {
    return "CommandError";
  }

  get status(): number {
    return 503;
  }

  get details(): Readonly<Record<string, unknown>> {
    return { key: this.key, failureType: this.failureType };
  }

  get next(): string {
    return nextOf(this.key);
  }

  get stack(): string {
    return `CommandError: ${this.message}`;
  }
}
Object.setPrototypeOf(Refusal.prototype, CommandError.prototype);

/** A call that an open circuit refuses; `message` is made once per opening, `retryAfterMs` is the rest of its sleep. */
export function shortCircuitError(key: string, message: string, retryAfterMs: number): CommandError {
  return new Refusal("COMMAND_SHORT_CIRCUITED", message, key, "SHORTCIRCUIT", retryAfterMs) as unknown as CommandError;
}

/** A call more than the bulkhead (`what`) allows at once. */
export function rejectedError(
  key: string,
  failureType: "REJECTED_SEMAPHORE_EXECUTION" | "REJECTED_SEMAPHORE_FALLBACK" | "REJECTED_THREAD_EXECUTION",
  message: string,
): CommandError {
  const code = failureType === "REJECTED_SEMAPHORE_FALLBACK" ? "COMMAND_FALLBACK_REJECTED" : "COMMAND_REJECTED";
  return new Refusal(code, message, key, failureType, undefined) as unknown as CommandError;
}
