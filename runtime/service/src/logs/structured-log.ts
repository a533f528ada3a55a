import type { Log, LogFields, LogLevel } from "@holdfast/kernel";
import { type Logger, pino } from "pino";
import { cleanFields } from "./clean-fields.ts";
import { cleanText } from "./clean-text.ts";
import type { LogLevels } from "./log-levels.ts";
import type { SecretValues } from "./secret-values.ts";

export interface LogParts {
  readonly levels: LogLevels;
  readonly secrets: SecretValues;
  readonly wallMs: () => number;
  /** Fields of the request this line is said for, if any. */
  readonly context?: () => LogFields | undefined;
}

/** One JSON object a line, by pino: `{"level","time","event",…fields}`, secrets masked (see `cleanFields`). */
export class StructuredLog implements Log {
  readonly #pino: Logger;
  readonly #parts: LogParts;

  private constructor(logger: Logger, parts: LogParts) {
    this.#pino = logger;
    this.#parts = parts;
  }

  /** `write` gets each line with its end. */
  static to(write: (line: string) => void, parts: LogParts): StructuredLog {
    // Many lines are of one millisecond, and writing a date costs as much as the rest of a short one.
    let [atMs, written] = [Number.NaN, ""];
    const timestamp = (): string => {
      const nowMs = parts.wallMs();
      if (nowMs !== atMs) [atMs, written] = [nowMs, `,"time":"${new Date(nowMs).toISOString()}"`];
      return written;
    };
    const logger = pino(
      {
        // What is said is decided before pino is asked.
        level: "debug",
        base: null,
        timestamp,
        formatters: { level: (level) => ({ level }) },
      },
      { write },
    );
    return new StructuredLog(logger, parts);
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
    return new StructuredLog(this.#pino.child(cleanFields(fields, this.#parts.secrets)), this.#parts);
  }

  #line(level: LogLevel, event: string, fields: LogFields | undefined): void {
    const { levels, secrets, context } = this.#parts;
    if (!levels.enables(level, event)) return;
    const line: Record<string, unknown> = { event: cleanText(event, secrets) };
    const around = context?.();
    if (around !== undefined) cleanFields(around, secrets, line, fields);
    if (fields !== undefined) cleanFields(fields, secrets, line);
    this.#pino[level](line);
  }
}
