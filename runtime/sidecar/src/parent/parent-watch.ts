import type { Clock, Timer } from "@holdfast/kernel";
import type { ParentAnswer, ParentCheck } from "./parent-check.ts";

export type ParentState = "starting" | "up" | "down";

/** As `serve` asks: often until it is first up, then each two seconds. */
const startingEveryMs = 250;
const everyMs = 2_000;
/** A parent that has gone down so often within so long must be well several times in a row before it gets traffic again. */
const flapWindowMs = 60_000;
const provesMax = 5;

/**
 * Looks at the parent again and again. Down counts at once; to be up again it must be well once for each time it went down
 * in the last minute (five times at most), so that a flapping parent does not flap in the registry.
 */
export class ParentWatch {
  readonly #clock: Clock;
  readonly #check: ParentCheck;
  readonly #onChange: (state: ParentState, reason: string) => void;
  #state: ParentState = "starting";
  #reason = "has not answered yet";
  /** Monotonic times at which it went down. */
  #downs: number[] = [];
  #wells = 0;
  #timer: Timer | undefined;
  #closed = false;

  constructor(clock: Clock, check: ParentCheck, onChange: (state: ParentState, reason: string) => void) {
    this.#clock = clock;
    this.#check = check;
    this.#onChange = onChange;
  }

  get state(): ParentState {
    return this.#state;
  }

  /** Why it is not up; what it answered when it is. */
  get reason(): string {
    return this.#reason;
  }

  /** Resolves after the first look. */
  async start(): Promise<void> {
    await this.#look();
  }

  close(): void {
    this.#closed = true;
    this.#timer?.cancel();
  }

  async #look(): Promise<void> {
    const answer = await this.#check();
    if (this.#closed) return;
    this.#take(answer);
    const afterMs = this.#state === "starting" ? startingEveryMs : everyMs;
    this.#timer = this.#clock.after(afterMs, () => void this.#look());
  }

  #take(answer: ParentAnswer): void {
    const nowMs = this.#clock.monotonicMs();
    this.#downs = this.#downs.filter((atMs) => nowMs - atMs < flapWindowMs);
    if (answer.kind !== "up") {
      this.#wells = 0;
      // Nothing listens yet: the same as "still starting" while it has never been up.
      const state = this.#state === "starting" || answer.kind === "starting" ? "starting" : "down";
      if (this.#state === "up") this.#downs.push(nowMs);
      return this.#turn(state, answer.detail);
    }
    this.#wells += 1;
    const needed = Math.min(provesMax, Math.max(1, this.#downs.length));
    if (this.#state === "up" || this.#wells >= needed) return this.#turn("up", answer.detail);
    const detail = `${answer.detail}, but it went down ${this.#downs.length} times in the last minute: well ${this.#wells} of ${needed} times`;
    this.#turn(this.#state, detail);
  }

  #turn(state: ParentState, reason: string): void {
    this.#reason = reason;
    if (state === this.#state) return;
    this.#state = state;
    this.#onChange(state, reason);
  }
}
