import { spawn } from "node:child_process";
import { type Clock, PlatformError } from "@holdfast/kernel";
import type { FileFault } from "../app-file/fault.ts";
import { programFile } from "../programs.ts";
import { ApplicationFaultsError } from "./application-faults.ts";
import type { UpEvent } from "./events.ts";
import type { UpOptions } from "./plan.ts";

/** What a detached supervisor tells the command that started it. */
export type DetachedMessage =
  | { readonly kind: "event"; readonly event: UpEvent }
  | {
      readonly kind: "failed";
      readonly code: string;
      readonly message: string;
      readonly next: string | undefined;
      readonly status: number;
      readonly faults?: readonly FileFault[];
    };

export const detachedReadyMs = 60_000;

/**
 * Starts a supervisor of its own session and waits until everything is healthy.
 *
 * @throws what went wrong there, or PlatformError `NOT_HEALTHY_IN_TIME` after 60 s; the stack then goes on starting.
 */
export async function upDetached(clock: Clock, options: UpOptions, onEvent: (event: UpEvent) => void): Promise<void> {
  const child = spawn(process.execPath, ["--disable-warning=ExperimentalWarning", programFile("up")], {
    detached: true,
    stdio: ["ignore", "ignore", "ignore", "ipc"],
    env: { ...process.env, HOLDFAST_UP: JSON.stringify(options) },
  });
  let reasons: readonly string[] = [];
  let waiting = "the supervisor";
  try {
    await new Promise<void>((resolve, reject) => {
      const timer = clock.after(detachedReadyMs, () =>
        reject(late(reasons.length > 0 ? reasons : [`waiting for ${waiting}`])),
      );
      const finish = (error?: Error): void => {
        timer.cancel();
        if (error === undefined) resolve();
        else reject(error);
      };
      child.on("message", (message: DetachedMessage) => {
        if (message.kind === "failed") return finish(rebuilt(message));
        const { event } = message;
        if (event.event === "status") reasons = event.status.reasons;
        if (event.event === "waiting") waiting = event.for;
        onEvent(event);
        if (event.event === "ready") finish();
      });
      child.on("error", finish);
      child.on("exit", (code, signal) => {
        finish(
          new PlatformError(
            "UP_ENDED",
            `the supervisor ended (${signal ?? `exit code ${code}`}) before the stack was ready`,
          ),
        );
      });
    });
  } finally {
    child.removeAllListeners();
    if (child.connected) child.disconnect();
    child.unref();
  }
}

function rebuilt(message: Extract<DetachedMessage, { kind: "failed" }>): Error {
  if (message.faults !== undefined) return new ApplicationFaultsError(message.faults);
  const next = message.next === undefined ? {} : { next: message.next };
  return new PlatformError(message.code, message.message, { status: message.status, ...next });
}

function late(reasons: readonly string[]): PlatformError {
  return new PlatformError(
    "NOT_HEALTHY_IN_TIME",
    `not everything was healthy after ${detachedReadyMs / 1000} s: ${reasons.join("; ")}`,
    {
      next: "holdfast status   (it goes on starting; end it with: holdfast down)",
    },
  );
}
