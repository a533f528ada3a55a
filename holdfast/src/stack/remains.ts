import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { endOrphans } from "@holdfast/engine-process";
import type { Clock } from "@holdfast/kernel";
import { runFiles } from "./directories.ts";
import { isRunning, type ProcessMark, signalProcess } from "./processes.ts";
import { writeFileAtOnce } from "./stack-file.ts";

/** A process a supervisor started, and what it was started with: another fingerprint means it must be replaced. */
export interface OwnProcess extends ProcessMark {
  readonly fingerprint: string;
}

export type OwnProcesses = Readonly<Record<string, OwnProcess>>;

/** Agents and control, as the last supervisor wrote them down. */
export function readOwnProcesses(runDirectory: string): OwnProcesses {
  try {
    return JSON.parse(readFileSync(runFiles.processes(runDirectory), "utf8"));
  } catch {
    return {};
  }
}

export function writeOwnProcesses(runDirectory: string, processes: OwnProcesses): void {
  writeFileAtOnce(runFiles.processes(runDirectory), JSON.stringify(processes));
}

/** Instances the agents' state files list, as far as they still run. `only` limits it to some zones' files. */
export function runningInstances(runDirectory: string, only?: ReadonlySet<string>): ProcessMark[] {
  const marks: ProcessMark[] = [];
  for (const name of agentStateFiles(runDirectory)) {
    if (only !== undefined && !only.has(name)) continue;
    try {
      collectMarks(JSON.parse(readFileSync(join(runDirectory, name), "utf8")), marks);
    } catch {
      // Half a file can only be a crash of the disk; what it listed cannot be known.
    }
  }
  return marks.filter(isRunning);
}

/** Everything of a stack that still runs: agents, control and instances. */
export function runningProcesses(runDirectory: string): ProcessMark[] {
  const own = Object.values(readOwnProcesses(runDirectory)).filter(isRunning);
  return [...own, ...runningInstances(runDirectory)];
}

/** Agents first, so that none of them reports or replaces what falls after it. */
export function killEverything(runDirectory: string): number {
  let killed = 0;
  const instances = runningInstances(runDirectory);
  for (const mark of Object.values(readOwnProcesses(runDirectory))) {
    if (signalProcess(mark, "SIGKILL", false)) killed++;
  }
  for (const mark of [...instances, ...runningInstances(runDirectory)])
    if (signalProcess(mark, "SIGKILL", true)) killed++;
  return killed;
}

/**
 * Stops what a dead supervisor left: SIGTERM to control and the instances, SIGKILL to what is there after `graceMs`.
 *
 * @returns how many processes there were.
 */
export async function stopRemains(clock: Clock, runDirectory: string, graceMs: number): Promise<number> {
  const before = runningProcesses(runDirectory);
  // The agents go at once: a living one would watch and register the same processes.
  for (const mark of Object.values(readOwnProcesses(runDirectory))) signalProcess(mark, "SIGKILL", false);
  const files = agentStateFiles(runDirectory);
  // A list that cannot be read (half of it gone with a disk) must not keep the others from being worked through.
  await Promise.all(files.map((name) => endOrphans(clock, join(runDirectory, name), graceMs).catch(() => 0)));
  for (const mark of before) signalProcess(mark, "SIGKILL", true);
  const endMs = clock.monotonicMs() + 2_000;
  while (before.some(isRunning) && clock.monotonicMs() < endMs) await clock.sleep(20);
  return before.length;
}

function agentStateFiles(runDirectory: string): string[] {
  return listDirectory(runDirectory).filter((name) => /^agent-\d+\.\d+\.json$/.test(name));
}

/** Finds every `{pid, startTime}` in an agent's state, wherever it keeps them. */
function collectMarks(value: unknown, marks: ProcessMark[]): void {
  if (typeof value !== "object" || value === null) return;
  if ("pid" in value && typeof value.pid === "number" && "startTime" in value) {
    marks.push({ pid: value.pid, startTime: String(value.startTime) });
  }
  for (const child of Object.values(value)) collectMarks(child, marks);
}

function listDirectory(path: string): string[] {
  try {
    return readdirSync(path);
  } catch {
    return [];
  }
}
