import type { Log, LogFields } from "@holdfast/kernel";
import { formatTime } from "./moment.ts";
import type { Terminal } from "./terminal.ts";

type Level = "info" | "warn" | "error";

export interface TerminalLogOptions {
  readonly terminal: Terminal;
  /** Wall time in ms. */
  readonly wallMs: () => number;
  /** An event in a sentence; `undefined`: its name and fields. */
  readonly wordsOf: (event: string, fields: LogFields) => string | undefined;
}

/** What a server says while it runs in the foreground: one readable line each. Nothing before {@link begin}. */
export class TerminalLog implements Log {
  readonly #options: TerminalLogOptions;
  readonly #base: LogFields;
  /** Shared with all children. */
  readonly #gate: { held: (() => void)[] | undefined };

  constructor(options: TerminalLogOptions, base: LogFields = {}, parent?: TerminalLog) {
    this.#options = options;
    this.#base = base;
    this.#gate = parent === undefined ? { held: [] } : parent.#gate;
  }

  /** The banner is out: what was said meanwhile follows it. */
  begin(): void {
    const { held = [] } = this.#gate;
    this.#gate.held = undefined;
    for (const say of held) say();
  }

  debug(): void {}

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
    return new TerminalLog(this.#options, { ...this.#base, ...fields }, this);
  }

  #line(level: Level, event: string, fields: LogFields = {}): void {
    const time = new Date(this.#options.wallMs()).toISOString();
    const say = (): void => this.#say(time, level, event, fields);
    if (this.#gate.held === undefined) say();
    else this.#gate.held.push(say);
  }

  #say(time: string, level: Level, event: string, fields: LogFields): void {
    const { terminal, wordsOf } = this.#options;
    const all = { ...this.#base, ...fields };
    terminal.printJson({ time, level, event, ...all });
    const { dim, yellow, red } = terminal.colors;
    const paint = level === "info" ? (text: string) => text : level === "warn" ? yellow : red;
    const words = wordsOf(event, all);
    const said = words === undefined ? Object.entries(all).map(([name, value]) => `${name}=${textOf(value)}`) : [];
    terminal.print(`${dim(formatTime(time))} ${paint(words ?? event)} ${dim(said.join(" "))}`.trimEnd());
  }
}

function textOf(value: unknown): string {
  if (value instanceof Error) return value.message;
  return typeof value === "string" ? value : (JSON.stringify(value) ?? "");
}
