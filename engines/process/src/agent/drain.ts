import type { InstanceHandle } from "@holdfast/engine";
import type { Clock } from "@holdfast/kernel";
import type { LaunchSpec } from "@holdfast/wire";
import { connectionsTo } from "../system/sockets.ts";
import type { ForeignRegistration } from "./registry-door.ts";

/** Callers have this long to say that they have seen the instance go out of service. */
const awaitSeenMs = 2_000;
const lookMs = 100;

export interface DrainSubject {
  readonly spec: LaunchSpec;
  readonly handle: InstanceHandle;
  /** Present when the agent registered it: then draining is the agent's job, too. */
  readonly registration: ForeignRegistration | undefined;
}

/**
 * Ends a process in order: for a program that knows nothing of draining, out of service at the registry until callers
 * have seen it, then until its connections have ended; then SIGTERM; and SIGKILL to its whole group when `endsAtMs`
 * (monotonic) comes first. A server of ours does all of it by itself on SIGTERM.
 *
 * Returns when the signal has been sent, or nothing is left to do because `ended` aborted. Says whether it had to kill.
 */
export async function drainProcess(
  clock: Clock,
  subject: DrainSubject,
  endsAtMs: number,
  ended: AbortSignal,
): Promise<{ readonly killed: boolean }> {
  const left = (): number => Math.max(0, endsAtMs - clock.monotonicMs());
  if (subject.registration !== undefined) {
    await subject.registration.drain(Math.min(awaitSeenMs, left()));
    await connectionsGone(clock, subject, left, ended);
  }
  if (ended.aborted) return { killed: false };
  subject.handle.signal("SIGTERM", "leader");
  // A process that somebody had stopped hears SIGTERM only once it goes on.
  subject.handle.signal("SIGCONT", "all");
  try {
    await clock.sleep(left(), ended);
  } catch {
    return { killed: false };
  }
  subject.handle.signal("SIGKILL", "all");
  return { killed: true };
}

async function connectionsGone(
  clock: Clock,
  { handle, spec }: DrainSubject,
  left: () => number,
  ended: AbortSignal,
): Promise<void> {
  while (!ended.aborted && left() > 0 && connectionsTo(handle.identity.pid, spec.address, spec.port) > 0) {
    await clock.sleep(Math.min(lookMs, left()));
  }
}
