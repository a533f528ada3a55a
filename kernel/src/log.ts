export type LogLevel = "debug" | "info" | "warn" | "error";

/** Structured logging as an argument: one event name per line, facts as fields. Never put secrets in fields. */
export interface Log {
  debug(event: string, fields?: LogFields): void;
  info(event: string, fields?: LogFields): void;
  warn(event: string, fields?: LogFields): void;
  error(event: string, fields?: LogFields): void;
  /** A log that adds `fields` to each line. */
  child(fields: LogFields): Log;
}

export type LogFields = Readonly<Record<string, unknown>>;

const levels: Readonly<Record<LogLevel, number>> = { debug: 10, info: 20, warn: 30, error: 40 };

/**
 * Writes one JSON object a line: `{"time","level","event",…fields}`.
 * Errors in fields become `{code, message}`; their stack only at level `debug`.
 */
export class JsonLog implements Log {
  readonly #write: (line: string) => void;
  readonly #wallMs: () => number;
  readonly #minimum: number;
  readonly #base: LogFields;

  constructor(write: (line: string) => void, wallMs: () => number, level: LogLevel = "info", base: LogFields = {}) {
    this.#write = write;
    this.#wallMs = wallMs;
    this.#minimum = levels[level];
    this.#base = base;
  }

  debug(event: string, fields?: LogFields): void {
    this.#line("debug", event, fields);
  }

  info(event: string, fields?: LogFields): void {
    this.#line("info", event, fields);
  }

  warn(event: string, fields?: LogFields): void {
    this.#line("warn", event, fields);
  }

  error(event: string, fields?: LogFields): void {
    this.#line("error", event, fields);
  }

  child(fields: LogFields): Log {
    const level = (Object.keys(levels) as LogLevel[]).find((name) => levels[name] === this.#minimum);
    return new JsonLog(this.#write, this.#wallMs, level, { ...this.#base, ...fields });
  }

  #line(level: LogLevel, event: string, fields: LogFields | undefined): void {
    if (levels[level] < this.#minimum) return;
    const time = new Date(this.#wallMs()).toISOString();
    this.#write(`${JSON.stringify({ time, level, event, ...this.#base, ...fields }, replaceErrors)}\n`);
  }
}

/** Says nothing; for tests and for embedders that bring no log. */
export const silentLog: Log = {
  debug: () => {},
  info: () => {},
  warn: () => {},
  error: () => {},
  child: () => silentLog,
};

function replaceErrors(_key: string, value: unknown): unknown {
  if (!(value instanceof Error)) return typeof value === "bigint" ? String(value) : value;
  const code = "code" in value ? value.code : undefined;
  const cause = value.cause instanceof Error ? value.cause.message : undefined;
  return { code, message: value.message, cause };
}
