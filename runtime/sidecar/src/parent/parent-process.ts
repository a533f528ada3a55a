import { type ChildProcess, spawn } from "node:child_process";
import { constants } from "node:os";
import { type Clock, codeOf, messageOf, PlatformError } from "@holdfast/kernel";

export interface ParentExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** The parent when the sidecar has started it: in the sidecar's own process group, on its output. */
export class ParentProcess {
  readonly #clock: Clock;
  readonly #child: ChildProcess;
  /** Resolves with how it ended. */
  readonly ended: Promise<ParentExit>;
  #exit: ParentExit | undefined;

  private constructor(clock: Clock, child: ChildProcess) {
    this.#clock = clock;
    this.#child = child;
    this.ended = new Promise((resolve) => {
      child.once("exit", (code, signal) => {
        this.#exit = { code, signal };
        resolve(this.#exit);
      });
    });
  }

  /**
   * @throws PlatformError `COMMAND_NOT_FOUND`, `COMMAND_NOT_EXECUTABLE`, `START_FAILED`.
   */
  static async start(
    clock: Clock,
    command: readonly string[],
    environment: Readonly<Record<string, string | undefined>>,
  ): Promise<ParentProcess> {
    const [file = "", ...args] = command;
    try {
      const child = spawn(file, args, { env: { ...environment }, stdio: "inherit" });
      const parent = new ParentProcess(clock, child);
      await new Promise<void>((resolve, reject) => {
        child.once("spawn", resolve);
        child.once("error", reject);
      });
      child.on("error", () => {});
      return parent;
    } catch (error) {
      throw startError(file, error);
    }
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  get hasEnded(): boolean {
    return this.#exit !== undefined;
  }

  /** Passes a signal on; false when it has ended. */
  signal(signal: NodeJS.Signals): boolean {
    return !this.hasEnded && this.#child.kill(signal);
  }

  /** Passes the signal on and waits for the end; SIGKILL when it takes longer than `graceMs`. */
  async stop(signal: NodeJS.Signals, graceMs: number): Promise<ParentExit> {
    this.signal(signal);
    const timer = this.#clock.after(graceMs, () => void this.signal("SIGKILL"));
    try {
      return await this.ended;
    } finally {
      timer.cancel();
    }
  }
}

/** As a shell says it: the code, or 128 and the signal's number. */
export function exitCodeOf({ code, signal }: ParentExit): number {
  if (code !== null) return code;
  return 128 + (signal === null ? 0 : (constants.signals[signal] ?? 0));
}

function startError(file: string, error: unknown): PlatformError {
  const code = codeOf(error);
  if (code === "ENOENT") {
    return new PlatformError("COMMAND_NOT_FOUND", `${file}: this command does not exist`, {
      next: "install it, or write its whole path",
      status: 404,
    });
  }
  if (code === "EACCES") {
    return new PlatformError("COMMAND_NOT_EXECUTABLE", `${file}: may not be executed`, { next: `chmod +x ${file}` });
  }
  return new PlatformError("START_FAILED", `${file || "the command"}: ${messageOf(error)}`, { cause: error });
}
