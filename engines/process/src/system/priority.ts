import { readdirSync, writeFileSync } from "node:fs";
import { setPriority } from "node:os";

/** About a third of the processor for each one that serves, while there are not enough of them (sched(7), nice values). */
const gentleNice = 5;

/**
 * A process that starts yields to those that serve: its modules are loaded and its code is compiled in the time they
 * leave. Without effect where the system does not let us take it back, and elsewhere than on Linux.
 */
export function startGently(pid: number): void {
  setNice(pid, gentleNice);
}

/** It serves now, and counts as much as the others. */
export function serveFully(pid: number): void {
  setNice(pid, 0);
}

function setNice(pid: number, nice: number): void {
  if (process.platform !== "linux") return;
  try {
    // Each instance leads a session of its own, so that with autogroups (a desktop's default) nice values count between
    // sessions only by this; anybody may set it back for their own.
    writeFileSync(`/proc/${pid}/autogroup`, String(nice));
  } catch {
    // No autogroups in this kernel, or the process has gone.
  }
  // Only root may raise a priority again.
  if (process.geteuid?.() !== 0) return;
  try {
    for (const thread of readdirSync(`/proc/${pid}/task`)) setPriority(Number(thread), nice);
  } catch {
    // It has gone, or a thread of it has.
  }
}
