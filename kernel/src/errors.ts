export interface PlatformErrorOptions {
  /** Facts fit to log: no secrets, no payloads. */
  readonly details?: Readonly<Record<string, unknown>>;
  /** What a person does next, as a command or one sentence. */
  readonly next?: string;
  /** The HTTP status this error becomes at an API. Default 500. */
  readonly status?: number;
  readonly cause?: unknown;
}

/**
 * An operating error: a peer is down, a quota is full, an option is wrong. `code` is stable and documented in the
 * room's README; `message` starts with the subject. Bugs are plain `Error`s and end the process.
 */
export class PlatformError<Code extends string = string> extends Error {
  readonly code: Code;
  readonly details: Readonly<Record<string, unknown>>;
  readonly next: string | undefined;
  readonly status: number;

  constructor(code: Code, message: string, options: PlatformErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = "PlatformError";
    this.code = code;
    this.details = options.details ?? {};
    this.next = options.next;
    this.status = options.status ?? 500;
  }
}

/** True for any error (ours, Node's, or one rebuilt from the wire) whose `code` is `code`. */
export function hasCode<Code extends string>(error: unknown, code: Code): error is Error & { code: Code } {
  return error instanceof Error && "code" in error && error.code === code;
}

/** The `code` of an error, or `UNKNOWN`. */
export function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : "UNKNOWN";
}

/** The message of anything that was thrown, without its stack. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** An option that cannot be used, named by its path. */
export class OptionError extends PlatformError<"OPTION_INVALID"> {
  constructor(path: string, expected: string, got: unknown) {
    super("OPTION_INVALID", `${path}: must be ${expected}, got ${JSON.stringify(got)}`, {
      details: { path, expected },
      status: 400,
    });
  }
}
