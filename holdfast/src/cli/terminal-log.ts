import type { Log, LogFields } from "@holdfast/kernel";
import { formatTime } from "./moment.ts";
import type { Terminal } from "./terminal.ts";

/** What a server says while it runs in the foreground: one readable line each. Nothing before {@link begin}. */
export class TerminalLog implements Log {
  readonly #terminal: Terminal;
  readonly #wallMs: () => number;
  readonly #base: LogFields;
  readonly #gate: { held: (() => void)[] | undefined };

  constructor(
    terminal: Terminal,
    wallMs: () => number,
    base: LogFields = {},
    gate: { held: (() => void)[] | undefined } = { held: [] },
  ) {
    this.#terminal = terminal;
    this.#wallMs = wallMs;
    this.#base = base;
    this.#gate = gate;
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
    return new TerminalLog(this.#terminal, this.#wallMs, { ...this.#base, ...fields }, this.#gate);
  }

  #line(level: "info" | "warn" | "error", event: string, fields: LogFields = {}): void {
    const time = new Date(this.#wallMs()).toISOString();
    const say = (): void => this.#say(time, level, event, fields);
    if (this.#gate.held === undefined) say();
    else this.#gate.held.push(say);
  }

  #say(time: string, level: "info" | "warn" | "error", event: string, fields: LogFields): void {
    const all = { ...this.#base, ...fields };
    this.#terminal.printJson({ time, level, event, ...all });
    const { dim, yellow, red } = this.#terminal.colors;
    const paint = level === "info" ? (text: string) => text : level === "warn" ? yellow : red;
    const said = Object.entries(all).map(([name, value]) => `${name}=${textOf(value)}`);
    this.#terminal.print(`${dim(formatTime(time))} ${paint(event)} ${dim(said.join(" "))}`.trimEnd());
  }
}

function textOf(value: unknown): string {
  if (value instanceof Error) return value.message;
  return typeof value === "string" ? value : (JSON.stringify(value) ?? "");
}
