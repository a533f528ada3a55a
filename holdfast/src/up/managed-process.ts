import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, copyFileSync, openSync, rmSync, statSync, truncateSync } from "node:fs";
import { behind } from "@holdfast/engine-process";
import { backoffMs, type Clock, type Timer } from "@holdfast/kernel";
import { isRunning, markOf, type ProcessMark, signalProcess } from "../stack/processes.ts";

export interface ProgramSpec {
  /** `control`, `agent-1.2`. */
  readonly name: string;
  readonly file: string;
  readonly env: Readonly<Record<string, string>>;
  readonly logFile: string;
  readonly workingDirectory: string;
  /** What its command begins with, to run in another network. */
  readonly prefix?: readonly string[];
}

export type ProcessChange =
  | { readonly kind: "started"; readonly pid: number }
  | { readonly kind: "adopted"; readonly pid: number }
  | { readonly kind: "exited"; readonly how: string; readonly nextMs: number };

/** A process that ran this long has shown that it can: its next failure counts as the first. */
const soundAfterMs = 10_000;
const adoptedLookMs = 500;
const logBytesMax = 10 * 1024 * 1024;

/**
 * Keeps one program of ours running in a session of its own: restarted with back-off when it ends (250 ms doubling to
 * 30 s), and taken over, not started twice, when a supervisor before us left it running.
 */
export class ManagedProcess {
  #spec: ProgramSpec;
  readonly #clock: Clock;
  readonly #onChange: (change: ProcessChange) => void;
  #mark: ProcessMark | undefined;
  #child: ChildProcess | undefined;
  #failures = 0;
  #startedAtMs = 0;
  #stopping = false;
  #timer: Timer | undefined;
  #watch: Timer | undefined;
  readonly #ended: (() => void)[] = [];

  constructor(clock: Clock, spec: ProgramSpec, onChange: (change: ProcessChange) => void) {
    this.#clock = clock;
    this.#spec = spec;
    this.#onChange = onChange;
  }

  get spec(): ProgramSpec {
    return this.#spec;
  }

  /** Replaces the program by one that is started otherwise. */
  change(spec: ProgramSpec): void {
    this.#spec = spec;
    this.signal("SIGKILL");
  }

  get mark(): ProcessMark | undefined {
    return this.#mark;
  }

  start(adopt: ProcessMark | undefined): void {
    if (adopt !== undefined && isRunning(adopt)) this.#adopt(adopt);
    else this.#spawn();
  }

  /** No restart from now on. */
  disown(): void {
    this.#stopping = true;
    this.#timer?.cancel();
  }

  signal(signal: NodeJS.Signals): void {
    if (this.#mark !== undefined) signalProcess(this.#mark, signal, false);
  }

  /** Resolves when the process has ended. */
  async ended(): Promise<void> {
    if (this.#mark === undefined) return;
    await new Promise<void>((resolve) => this.#ended.push(resolve));
  }

  /** Gives up the handles that would keep this process alive, leaving the program running. */
  release(): void {
    this.disown();
    this.#watch?.cancel();
    this.#child?.unref();
  }

  /** Copies a log that grew past 10 MiB aside and empties it; the program goes on writing to the same file. */
  boundLog(): void {
    const { logFile } = this.#spec;
    const size = statSync(logFile, { throwIfNoEntry: false })?.size ?? 0;
    if (size <= logBytesMax) return;
    try {
      copyFileSync(logFile, `${logFile}.1`);
    } catch {
      // A full disk: the older lines are lost, and its space is given back.
      rmSync(`${logFile}.1`, { force: true });
    }
    truncateSync(logFile);
  }

  #spawn(): void {
    const { file, env, logFile, workingDirectory, prefix = [] } = this.#spec;
    const log = openLog(logFile);
    const line = behind(prefix, process.execPath, ["--disable-warning=ExperimentalWarning", file]);
    const child = spawn(line.file, line.args, {
      cwd: workingDirectory,
      detached: true,
      env,
      stdio: ["ignore", log, log],
    });
    if (log !== "ignore") closeSync(log);
    this.#child = child;
    this.#startedAtMs = this.#clock.monotonicMs();
    this.#mark = child.pid === undefined ? undefined : markOf(child.pid);
    child.once("error", (error) => {
      if (child.pid === undefined) this.#onEnd(error.message);
    });
    child.once("exit", (code, signal) => this.#onEnd(signal ?? `exit code ${code}`));
    if (child.pid !== undefined) this.#onChange({ kind: "started", pid: child.pid });
  }

  #adopt(mark: ProcessMark): void {
    this.#mark = mark;
    this.#startedAtMs = this.#clock.monotonicMs();
    this.#watch = this.#clock.every(adoptedLookMs, () => {
      if (isRunning(mark)) return;
      this.#watch?.cancel();
      this.#onEnd("ended; it was started by an earlier supervisor");
    });
    this.#onChange({ kind: "adopted", pid: mark.pid });
  }

  #onEnd(how: string): void {
    this.#mark = undefined;
    this.#child = undefined;
    for (const resolve of this.#ended.splice(0)) resolve();
    if (this.#stopping) return;
    const lastedMs = this.#clock.monotonicMs() - this.#startedAtMs;
    this.#failures = lastedMs >= soundAfterMs ? 1 : this.#failures + 1;
    const nextMs = backoffMs(this.#failures);
    this.#onChange({ kind: "exited", how, nextMs });
    this.#timer = this.#clock.after(nextMs, () => {
      if (!this.#stopping) this.#spawn();
    });
  }
}

/** A log that cannot be opened (a disk that became read-only) must not keep a program from being restarted. */
function openLog(path: string): number | "ignore" {
  try {
    return openSync(path, "a", 0o600);
  } catch {
    return "ignore";
  }
}
