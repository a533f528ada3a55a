import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { waitFor } from "@holdfast/testing";

/** What a client has in its view: ids (or host names, where it has no ids) by app in capitals. */
export type Sees = Readonly<Record<string, readonly string[]>>;

export interface ProcessPlan {
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

/** A Spring application takes a second or two to leave, more on cores that others use, too. */
const leaveMaxMs = 10_000;

type Line = Readonly<Record<string, unknown>>;

/**
 * A program not of this platform: writes a JSON object a line, `{"sees": …}` whenever its view changed, takes commands
 * as lines and answers each with `{"answer": …}`; leaves and ends when its stdin ends. Killed 10 s after that.
 */
export class OutsideProcess {
  readonly #name: string;
  readonly #child: ChildProcess;
  readonly #answers: unknown[] = [];
  readonly #noise: string[] = [];
  readonly #ended: Promise<void>;
  #sees: Sees = {};
  #failure: string | undefined;

  constructor(name: string, { command, args, env }: ProcessPlan) {
    this.#name = name;
    this.#child = spawn(command, args, { env: { ...process.env, ...env }, stdio: ["pipe", "pipe", "pipe"] });
    const { stdout, stderr, stdin } = this.#child;
    if (stdout === null || stderr === null || stdin === null) throw new Error(`${name} has no pipes`);
    createInterface({ input: stdout }).on("line", (text) => this.#take(text));
    createInterface({ input: stderr }).on("line", (text) => this.#remember(text));
    // What is said to a process that has just died is lost; its death is told by `sees`.
    stdin.on("error", () => {});
    this.#ended = new Promise((resolve) => {
      this.#child.once("error", (error) => {
        this.#failure = `${name} could not be started: ${error.message}`;
        resolve();
      });
      this.#child.once("close", (code, signal) => {
        this.#failure ??= `${name} ended with ${code ?? signal}; its last words: ${this.#noise.join("\n")}`;
        resolve();
      });
    });
  }

  /**
   * Its view as it last told it.
   *
   * @throws when the process has ended.
   */
  get sees(): Sees {
    if (this.#failure !== undefined) throw new Error(this.#failure);
    return this.#sees;
  }

  /** What it wrote beside its JSON, the last 40 lines. */
  get noise(): string {
    return this.#noise.join("\n");
  }

  /**
   * Says a command and waits for its answer; one at a time.
   *
   * @throws when none came in time.
   */
  async ask(command: string, timeoutMs = 10_000): Promise<unknown> {
    const before = this.#answers.length;
    this.#child.stdin?.write(`${command}\n`);
    await waitFor(
      `${this.#name} to answer ${command}, having said ${this.noise}`,
      () => {
        if (this.#failure !== undefined) throw new Error(this.#failure);
        return this.#answers.length > before;
      },
      { timeoutMs },
    );
    return this.#answers.at(-1);
  }

  /** No farewell. */
  async kill(): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.#ended;
  }

  /** False when it did not end by itself in time. */
  async close(): Promise<boolean> {
    let isKilled = false;
    const timer = setTimeout(() => {
      isKilled = this.#child.kill("SIGKILL");
    }, leaveMaxMs);
    this.#child.stdin?.end();
    await this.#ended;
    clearTimeout(timer);
    return !isKilled;
  }

  #take(text: string): void {
    if (!text.startsWith("{")) return this.#remember(text);
    const line = JSON.parse(text) as Line;
    if (line["sees"] !== undefined) this.#sees = line["sees"] as Sees;
    if (line["answer"] !== undefined) this.#answers.push(line["answer"]);
  }

  #remember(text: string): void {
    this.#noise.push(text);
    if (this.#noise.length > 40) this.#noise.shift();
  }
}
