import { readFileSync } from "node:fs";
import { open, rename } from "node:fs/promises";
import { type Clock, codeOf, type Log, messageOf, PlatformError, type Timer, within } from "@holdfast/kernel";
import type { InstanceState, LaunchSpec } from "@holdfast/wire";

/** One instance as the state file keeps it: enough for the next agent to recognise and look after it. */
export interface InstanceEntry {
  readonly spec: LaunchSpec;
  readonly token: string;
  /** Absent between the intent to start it and its start. Leader of its process group. */
  readonly pid?: number;
  /** With `pid`, names the process: see {@link ProcessIdentity}. */
  readonly startTime?: string;
  readonly startedAtMs: number;
  readonly state: InstanceState;
  readonly sinceMs: number;
  readonly healthyAtMs?: number;
  /** Whether it registers itself; absent while unknown. */
  readonly selfRegistering?: boolean;
  readonly drain?: DrainOrder;
}

export interface DrainOrder {
  readonly cause: string;
  /** Wall ms at which it is killed. */
  readonly endsAtMs: number;
}

/** The state file: JSON, replaced as a whole. */
export interface AgentState {
  readonly format: 1;
  /** Start times and pids mean something in this boot only. */
  readonly boot: string;
  readonly epoch: number;
  readonly instances: readonly InstanceEntry[];
  /** Logs of instances forgotten already, oldest first; bounded. */
  readonly oldLogs: readonly string[];
}

/**
 * Reads a state file. `undefined` when there is none.
 *
 * @throws PlatformError `AGENT_STATE_UNREADABLE` when it is there and cannot be used.
 */
export function readAgentState(path: string): AgentState | undefined {
  try {
    const state: AgentState = JSON.parse(readFileSync(path, "utf8"));
    if (state.format !== 1 || !Array.isArray(state.instances)) throw new Error("it is of another format");
    return state;
  } catch (error) {
    if (codeOf(error) === "ENOENT") return undefined;
    throw new PlatformError("AGENT_STATE_UNREADABLE", `${path}: cannot be read (${messageOf(error)})`, {
      cause: error,
      next: "stop the stack with `holdfast down`, then remove the file",
    });
  }
}

const retryMs = 2_000;

/**
 * Writes the agent's state after changes: to a temporary file, synced, renamed over the old one, so that a reader
 * finds the old or the new list whole. Changes during a write are written together by the next one.
 * A disk that refuses is tried again every 2 s, and never stops the agent.
 */
export class StateWriter {
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #path: string;
  readonly #state: () => AgentState;
  #writing: Promise<void> | undefined;
  #again = false;
  #problem = "";
  /** One, however many writes have failed. */
  #retry: Timer | undefined;
  #closed = false;

  constructor(clock: Clock, log: Log, path: string, state: () => AgentState) {
    this.#clock = clock;
    this.#log = log;
    this.#path = path;
    this.#state = state;
  }

  /** Why the last write failed; empty when it did not. */
  get problem(): string {
    return this.#problem;
  }

  /** Says that the state has changed. */
  mark(): void {
    if (!this.#closed) void this.flush();
  }

  /** Resolves when all changes made so far have been written, or could not be. Never rejects. */
  flush(): Promise<void> {
    if (this.#writing === undefined) {
      this.#writing = this.#run();
      return this.#writing;
    }
    this.#again = true;
    return this.#writing;
  }

  /** Writes once more, and never after that: what cannot be written now is the next agent's to find out. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.flush();
    this.#retry?.cancel();
  }

  async #run(): Promise<void> {
    do {
      // Lets all changes of this turn come along.
      await Promise.resolve();
      this.#again = false;
      await this.#write();
    } while (this.#again);
    this.#writing = undefined;
  }

  async #write(): Promise<void> {
    try {
      const temporary = `${this.#path}.new`;
      const file = await open(temporary, "w", 0o600);
      try {
        await file.writeFile(JSON.stringify(this.#state()));
        // A sync that hangs with its disk must not hold up replacements.
        await within(this.#clock, 1_000, `sync of ${temporary}`, file.sync());
      } finally {
        await file.close();
      }
      await rename(temporary, this.#path);
      if (this.#problem !== "") this.#log.info("agent.state.writable");
      this.#problem = "";
    } catch (error) {
      if (this.#problem === "") this.#log.error("agent.state.not-written", { path: this.#path, error });
      this.#problem = messageOf(error);
      this.#retry?.cancel();
      this.#retry = this.#closed ? undefined : this.#clock.after(retryMs, () => this.mark());
    }
  }
}
