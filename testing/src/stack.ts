import { type ChildProcess, execFile, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** One line of `ps --json`. */
export interface StackInstance {
  readonly id: string;
  readonly name: string;
  readonly kind: "app" | "registry" | "gateway" | "balancer" | "control";
  readonly zone: string;
  readonly region: string;
  readonly address: string;
  readonly port: number;
  readonly pid: number | null;
  readonly status: string;
  readonly since: string;
  /** One sentence: why it has this status. */
  readonly reason: string;
}

export interface CommandResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface StackOptions {
  /** Path of `holdfast.mjs`. */
  readonly bin: string;
  /** Directory of the application file. */
  readonly application: string;
  /** More arguments for `up`. */
  readonly args?: readonly string[];
  /** More environment for `up`. */
  readonly env?: Readonly<Record<string, string>>;
  /** Give up when it is not ready so long after its start. Default 60 000 ms. */
  readonly readyTimeoutMs?: number;
}

interface ReadyEvent {
  readonly edge: string;
  readonly console: string;
  readonly registry: string;
  readonly stateDirectory: string;
}

/**
 * The whole product around an application, isolated (free ports, a state directory of its own), as a test fixture:
 * `await using stack = await Stack.up({...})`. Leaving the scope takes everything down.
 */
export class Stack {
  readonly #options: StackOptions;
  readonly #child: ChildProcess;
  readonly ready: ReadyEvent;
  readonly #output: string[];

  private constructor(options: StackOptions, child: ChildProcess, ready: ReadyEvent, output: string[]) {
    this.#options = options;
    this.#child = child;
    this.ready = ready;
    this.#output = output;
  }

  /**
   * Starts `holdfast up --isolated --json` and waits until it says that everything is healthy.
   *
   * @throws an error with the last lines `up` printed when it ends or takes longer than `readyTimeoutMs`.
   */
  static async up(options: StackOptions): Promise<Stack> {
    const args = [options.bin, "up", options.application, "--isolated", "--json", ...(options.args ?? [])];
    const child = spawn(process.execPath, args, {
      env: { ...process.env, ...options.env },
      stdio: ["ignore", "pipe", "pipe"],
    });
    const output: string[] = [];
    child.stderr?.on("data", (chunk) => void output.push(String(chunk)));
    const ready = await firstReady(child, output, options.readyTimeoutMs ?? 60_000);
    return new Stack(options, child, ready, output);
  }

  /** The token of the control API. */
  get token(): string {
    return readFileSync(join(this.ready.stateDirectory, "token"), "utf8").trim();
  }

  get supervisorPid(): number {
    return this.#child.pid ?? -1;
  }

  /** All that `up` has printed so far, for a failure message. */
  get output(): string {
    return this.#output.join("");
  }

  /** Runs a command against this stack: `stack.run("ps", "--json")`. Never throws for an exit code. */
  run(...args: string[]): Promise<CommandResult> {
    return runHoldfast(this.#options.bin, [...args, "--dir", this.ready.stateDirectory]);
  }

  async ps(): Promise<StackInstance[]> {
    const result = await this.run("ps", "--json");
    if (result.code !== 0) throw new Error(`ps ended with ${result.code}: ${result.stderr}`);
    return JSON.parse(result.stdout);
  }

  /** A call of the control API with its token; `body` makes it a POST unless `method` says otherwise. */
  async api(path: string, body?: unknown, method = body === undefined ? "GET" : "POST"): Promise<Response> {
    return fetch(new URL(path, this.ready.console), {
      method,
      headers: { authorization: `Bearer ${this.token}`, "content-type": "application/json" },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(5_000),
    });
  }

  /** The body of a successful GET; `T` is the caller's word for its shape. */
  async json<T>(path: string): Promise<T> {
    const response = await this.api(path);
    if (!response.ok) throw new Error(`${path} answered ${response.status}: ${await response.text()}`);
    return (await response.json()) as T;
  }

  async down(): Promise<void> {
    await this.run("down", "--clean");
    if (this.#child.exitCode === null && this.#child.signalCode === null) {
      this.#child.kill("SIGTERM");
      await new Promise((resolve) => this.#child.once("exit", resolve));
    }
    rmSync(this.ready.stateDirectory, { recursive: true, force: true });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.down();
  }
}

/** Runs the command line once, bounded to `timeoutMs` (default 60 s). */
export function runHoldfast(bin: string, args: readonly string[], timeoutMs = 60_000): Promise<CommandResult> {
  return new Promise((resolve) => {
    const options = { timeout: timeoutMs, env: { ...process.env, NO_COLOR: "1" }, maxBuffer: 64 * 1024 * 1024 };
    const child = execFile(process.execPath, [bin, ...args], options, (_error, stdout, stderr) => {
      resolve({ code: child.exitCode ?? 137, stdout, stderr });
    });
  });
}

/** A temporary directory that goes away with its scope. */
export function temporaryDirectory(prefix: string): { readonly path: string } & Disposable {
  const path = mkdtempSync(join(tmpdir(), `holdfast-${prefix}-`));
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) };
}

function firstReady(child: ChildProcess, output: string[], timeoutMs: number): Promise<ReadyEvent> {
  return new Promise((resolve, reject) => {
    const fail = (why: string): void => {
      clearTimeout(timer);
      child.kill("SIGTERM");
      reject(new Error(`holdfast up ${why}; it printed:\n${output.join("").slice(-4_000)}`));
    };
    const timer = setTimeout(() => fail(`was not ready after ${timeoutMs} ms`), timeoutMs);
    child.once("exit", (code) => fail(`ended with ${code}`));
    let partial = "";
    child.stdout?.on("data", (chunk) => {
      output.push(String(chunk));
      const lines = (partial + String(chunk)).split("\n");
      partial = lines.pop() ?? "";
      for (const line of lines) {
        const event = parse(line);
        if (event?.["event"] !== "ready") continue;
        clearTimeout(timer);
        child.removeAllListeners("exit");
        resolve(event as unknown as ReadyEvent);
      }
    });
  });
}

function parse(line: string): Record<string, unknown> | undefined {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
