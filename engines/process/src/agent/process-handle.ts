import { spawn } from "node:child_process";
import { closeSync, existsSync } from "node:fs";
import { type Clock, codeOf, messageOf } from "@holdfast/kernel";
import { behind } from "../network/enter.ts";
import { isAlive, type ProcessIdentity, processNow } from "../system/processes.ts";
import type { Command } from "./command.ts";
import { openLog } from "./log-file.ts";

export interface ProcessExit {
  readonly code: number | null;
  readonly signal: string | null;
  /** False for an adopted process, whose exit code went to its parent. */
  readonly known: boolean;
}

/** A running process, leader of a group of its own. */
export interface ProcessHandle {
  readonly identity: ProcessIdentity;
  /** Resolves when the leader has ended; others of its group may live on. */
  readonly ended: Promise<ProcessExit>;
  /** Stops watching; the process goes on. */
  release(): void;
}

export type StartResult =
  | { readonly kind: "running"; readonly handle: ProcessHandle; readonly logProblem: string | undefined }
  | { readonly kind: "failed"; readonly reasonCode: string; readonly reason: string };

export interface StartOptions {
  readonly command: Command;
  readonly directory: string;
  readonly environment: Record<string, string>;
  readonly logFile: string;
  /** What brings the command to where it is to run, such as another network. */
  readonly prefix: readonly string[];
}

/**
 * Starts a process in a session and group of its own, its output appended straight to the log file: it holds nothing
 * of the agent's, so it lives on when the agent dies. Never throws.
 */
export async function startProcess(options: StartOptions): Promise<StartResult> {
  const { command, directory } = options;
  if (!existsSync(directory)) {
    return { kind: "failed", reasonCode: "IMAGE_MISSING", reason: `image directory ${directory} does not exist` };
  }
  const output = openLog(options.logFile);
  try {
    const line = behind(options.prefix, command.file, command.args);
    const child = spawn(line.file, line.args, {
      cwd: directory,
      env: options.environment,
      detached: true,
      stdio: ["ignore", output.fd, output.fd],
    });
    const ended = new Promise<ProcessExit>((resolve) => {
      child.once("exit", (code, signal) => resolve({ code, signal, known: true }));
    });
    await new Promise<void>((resolve, reject) => {
      child.once("spawn", resolve);
      child.once("error", reject);
    });
    child.on("error", () => {});
    const pid = child.pid ?? -1;
    const startTime = processNow(pid)?.startTime ?? "gone";
    const handle = { identity: { pid, startTime }, ended, release: (): void => child.unref() };
    return { kind: "running", handle, logProblem: output.problem };
  } catch (error) {
    return startFailure(command, error);
  } finally {
    closeSync(output.fd);
  }
}

/** An adopted process is looked at so often; there is no event for another's child. */
const lookMs = 200;

/** Watches a process that an earlier agent started. */
export function adoptProcess(clock: Clock, identity: ProcessIdentity): ProcessHandle {
  let release = (): void => {};
  const ended = new Promise<ProcessExit>((resolve) => {
    const timer = clock.every(lookMs, () => {
      if (isAlive(identity)) return;
      timer.cancel();
      resolve({ code: null, signal: null, known: false });
    });
    release = (): void => timer.cancel();
  });
  return { identity, ended, release: () => release() };
}

function startFailure(command: Command, error: unknown): StartResult {
  const code = codeOf(error);
  if (code === "ENOENT") {
    const reason = `command ${command.file} does not exist (neither on PATH nor in the image)`;
    return { kind: "failed", reasonCode: "COMMAND_NOT_FOUND", reason };
  }
  if (code === "EACCES") {
    const reason = `command ${command.file} may not be executed`;
    return { kind: "failed", reasonCode: "COMMAND_NOT_EXECUTABLE", reason };
  }
  return { kind: "failed", reasonCode: "START_FAILED", reason: `${command.file}: ${messageOf(error)}` };
}
