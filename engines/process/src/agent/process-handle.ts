import { spawn } from "node:child_process";
import { closeSync, existsSync } from "node:fs";
import type {
  InstanceExit,
  InstanceHandle,
  InstanceMark,
  InstanceUsage,
  SignalScope,
  StartOrder,
  StartResult,
} from "@holdfast/engine";
import { type Clock, codeOf, messageOf } from "@holdfast/kernel";
import { behind } from "../network/enter.ts";
import type { Cgroup } from "../system/cgroup.ts";
import { groupExists, isAlive, processNow, sendSignal } from "../system/processes.ts";
import { usageOfGroup } from "../system/usage.ts";
import { openLog } from "./log-file.ts";

/** A running process, leader of a group and a session of its own. */
class ProcessHandle implements InstanceHandle {
  readonly identity: InstanceMark;
  readonly ended: Promise<InstanceExit>;
  readonly #release: () => void;

  constructor(identity: InstanceMark, ended: Promise<InstanceExit>, release: () => void) {
    this.identity = identity;
    this.ended = ended;
    this.#release = release;
  }

  signal(signal: "SIGKILL" | "SIGSTOP" | "SIGCONT" | "SIGTERM", scope: SignalScope): boolean {
    const { pid } = this.identity;
    return sendSignal(scope === "leader" ? pid : -pid, signal);
  }

  hasLeftovers(): boolean {
    return groupExists(this.identity.pid);
  }

  usage(): Promise<InstanceUsage | undefined> {
    return Promise.resolve(usageOfGroup(this.identity.pid));
  }

  release(): void {
    this.#release();
  }
}

/**
 * Starts a process in a session and group of its own, its output appended straight to the log file: it holds nothing
 * of the agent's, so it lives on when the agent dies. Never throws.
 *
 * @param prefix what brings the command to where it is to run, such as another network.
 * @param cgroup limits it as its spec says, when there is one.
 * @param onUnlimited told why a limit could not be set.
 */
export async function startProcess(
  { spec, command, environment, logFile }: StartOrder,
  prefix: readonly string[],
  cgroup: Cgroup | undefined,
  onUnlimited: (why: string) => void,
): Promise<StartResult> {
  const directory = spec.image;
  if (!existsSync(directory)) {
    return { kind: "failed", reasonCode: "IMAGE_MISSING", reason: `image directory ${directory} does not exist` };
  }
  const output = openLog(logFile);
  try {
    const line = behind(prefix, command.file, command.args);
    const child = spawn(line.file, line.args, {
      cwd: directory,
      env: environment,
      detached: true,
      stdio: ["ignore", output.fd, output.fd],
    });
    const kills = cgroup?.memoryKills ?? 0;
    const ended = new Promise<InstanceExit>((resolve) => {
      child.once("exit", (code, signal) => {
        // Earlier it may have been a child that the program went on without.
        const outOfMemory = signal === "SIGKILL" && (cgroup?.memoryKills ?? 0) > kills;
        resolve({ code, signal, known: true, ...(outOfMemory ? { outOfMemory } : {}) });
      });
    });
    await new Promise<void>((resolve, reject) => {
      child.once("spawn", () => {
        // At once: what it takes from here on counts.
        const fault = cgroup?.limit(child.pid ?? -1, spec.resources ?? {}) ?? "";
        if (fault !== "") onUnlimited(fault);
        resolve();
      });
      child.once("error", reject);
    });
    child.on("error", () => {});
    const pid = child.pid ?? -1;
    const startTime = processNow(pid)?.startTime ?? "gone";
    const handle = new ProcessHandle({ pid, startTime }, ended, () => child.unref());
    return { kind: "running", handle, logProblem: output.problem };
  } catch (error) {
    return startFailure(command.file, error);
  } finally {
    closeSync(output.fd);
  }
}

/** An adopted process is looked at so often; there is no event for another's child. */
const lookMs = 200;

/** Watches a process that an earlier agent started. */
export function adoptProcess(clock: Clock, identity: InstanceMark, cgroup: Cgroup | undefined): InstanceHandle {
  let release = (): void => {};
  const kills = cgroup?.memoryKills ?? 0;
  const ended = new Promise<InstanceExit>((resolve) => {
    const timer = clock.every(lookMs, () => {
      if (isAlive(identity)) return;
      timer.cancel();
      const outOfMemory = (cgroup?.memoryKills ?? 0) > kills;
      resolve({ code: null, signal: null, known: false, ...(outOfMemory ? { outOfMemory } : {}) });
    });
    release = (): void => timer.cancel();
  });
  return new ProcessHandle(identity, ended, () => release());
}

function startFailure(file: string, error: unknown): StartResult {
  const code = codeOf(error);
  if (code === "ENOENT") {
    const reason = `command ${file} does not exist (neither on PATH nor in the image)`;
    return { kind: "failed", reasonCode: "COMMAND_NOT_FOUND", reason };
  }
  if (code === "EACCES") {
    return { kind: "failed", reasonCode: "COMMAND_NOT_EXECUTABLE", reason: `command ${file} may not be executed` };
  }
  return { kind: "failed", reasonCode: "START_FAILED", reason: `${file}: ${messageOf(error)}` };
}
