/**
 * `holdfast up --detach`: the supervisor in a process of its own. The command that started it hears its events over IPC
 * until everything is healthy; then it goes on alone, and `holdfast down` reaches it through `run/up.sock`.
 */
import { appendFileSync } from "node:fs";
import { join } from "node:path";
import { codeOf, messageOf, PlatformError, SystemClock, systemRandom } from "@holdfast/kernel";
import { ApplicationFaultsError } from "./application-faults.ts";
import type { DetachedMessage } from "./detach.ts";
import type { UpEvent } from "./events.ts";
import type { UpOptions } from "./plan.ts";
import { stopOnSignals } from "./signals.ts";
import { Supervisor } from "./supervisor.ts";

const clock = new SystemClock();
const options: UpOptions = JSON.parse(process.env["HOLDFAST_UP"] ?? "{}");
let logFile: string | undefined;

const supervisor = new Supervisor(clock, systemRandom(), options, (event) => {
  if (event.event === "plan") logFile = join(event.stateDirectory, "logs", "up.log");
  tell({ kind: "event", event });
  writeLog(event);
});
stopOnSignals(clock, supervisor);
process.on("disconnect", () => {});

try {
  await supervisor.start();
} catch (error) {
  const faults = error instanceof ApplicationFaultsError ? { faults: error.faults } : {};
  const known = error instanceof PlatformError ? error : undefined;
  tell({
    kind: "failed",
    code: codeOf(error),
    message: messageOf(error),
    next: known?.next,
    status: known?.status ?? 500,
    ...faults,
  });
  process.exitCode = 1;
}
// The channel to the command that started us must not keep us, nor it, alive.
process.channel?.unref();
await supervisor.finished;
process.exit();

function tell(message: DetachedMessage): void {
  // The command may be gone by now; nobody has to hear it.
  if (process.connected) process.send?.(message, undefined, undefined, () => {});
}

function writeLog(event: UpEvent): void {
  if (logFile === undefined || event.event === "status" || event.event === "login") return;
  try {
    appendFileSync(logFile, `${JSON.stringify({ time: new Date(clock.wallMs()).toISOString(), ...event })}\n`);
  } catch {
    // A full disk stops the log, not the stack.
  }
}
