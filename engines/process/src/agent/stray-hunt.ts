import type { Clock, InstanceId, Log, Timer } from "@holdfast/kernel";
import { Env } from "@holdfast/wire";
import { processesWithEnvironment, sendSignal } from "../system/processes.ts";

/** Ends come in bunches when a zone dies; one search through all processes serves them all. */
const gatherMs = 100;

/**
 * Kills what ended instances left: children that moved to a session of their own are in no group of ours any more, but
 * still carry the instance's id in their environment.
 */
export class StrayHunt {
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #ids = new Set<string>();
  #timer: Timer | undefined;

  constructor(clock: Clock, log: Log) {
    this.#clock = clock;
    this.#log = log;
  }

  /** Searches soon for processes of this instance, which has ended. */
  hunt(id: InstanceId): void {
    this.#ids.add(id);
    this.#timer ??= this.#clock.after(gatherMs, () => this.finish());
  }

  /** Searches now for whatever is still to be searched for. */
  finish(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    if (this.#ids.size === 0) return;
    for (const { pid } of processesWithEnvironment(Env.instanceId, this.#ids)) {
      this.#log.warn("agent.stray.killed", { pid });
      sendSignal(pid, "SIGKILL");
    }
    this.#ids.clear();
  }
}
