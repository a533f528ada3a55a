import { rmSync } from "node:fs";
import { type Clock, codeOf, PlatformError } from "@holdfast/kernel";
import { runFiles } from "../stack/directories.ts";
import { isRunning, signalProcess } from "../stack/processes.ts";
import { runningProcesses, stopRemains } from "../stack/remains.ts";
import { requestSocket } from "../stack/socket-request.ts";
import type { UpEvent } from "./events.ts";
import { type LockHolder, readLock } from "./lock.ts";

export interface StopReport {
  /** `supervisor`: it stopped everything in order. `remains`: it was dead, and what it left was ended. `nothing`: nothing ran. */
  readonly how: "supervisor" | "remains" | "nothing";
  readonly processes: number;
}

/** Stops a stack through its supervisor, or, when that is dead or does not react, by the lists it and the agents left. */
export async function stopStack(
  clock: Clock,
  runDirectory: string,
  onEvent: (event: UpEvent) => void,
): Promise<StopReport> {
  try {
    const onLine = (line: string): void => onEvent(JSON.parse(line));
    await requestSocket(runFiles.upSocket(runDirectory), "POST", "/v1/stop", { timeoutMs: 30_000, onLine });
    await waitForEnd(clock, readLock(runFiles.lock(runDirectory)));
    return { how: "supervisor", processes: 0 };
  } catch (error) {
    if (error instanceof PlatformError) throw error;
    if (runningProcesses(runDirectory).length > 0) {
      onEvent({ event: "note", text: `the supervisor does not answer (${codeOf(error)}); ending what it left` });
    }
  }
  const holder = readLock(runFiles.lock(runDirectory));
  if (holder !== undefined && isRunning(holder)) {
    signalProcess(holder, "SIGKILL", false);
    await waitForEnd(clock, holder);
  }
  const processes = await stopRemains(clock, runDirectory, 5_000);
  rmSync(runDirectory, { recursive: true, force: true });
  return { how: processes > 0 || holder !== undefined ? "remains" : "nothing", processes };
}

async function waitForEnd(clock: Clock, holder: LockHolder | undefined): Promise<void> {
  if (holder === undefined) return;
  for (let tries = 0; tries < 100 && isRunning(holder); tries++) await clock.sleep(20);
}
