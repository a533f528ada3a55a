import { type Clock, sleepOn, type Timer } from "@holdfast/kernel";
import type { EventQueue } from "./event-queue.ts";

/** The wall time at which the world begins, where clocks are right. */
const worldStartMs = 1_700_000_000_000;

/**
 * A host with clocks of its own. Its processes stand still while it is stopped (SIGSTOP: the monotonic clock goes on) or
 * suspended (it does not); what fell due meanwhile runs late, in order.
 */
export class Machine {
  readonly name: string;
  readonly zone: string;
  readonly #queue: EventQueue;
  /** By how much the wall clock is wrong. */
  #skewMs: number;
  readonly #onWake: (stillMs: number) => void;
  #stillSinceMs = 0;
  #jumpedAtMs = Number.NEGATIVE_INFINITY;
  /** How long the monotonic clock stood still so far, … */
  #lagMs = 0;
  /** … and since when it does again. */
  #suspendedAtMs: number | undefined;
  #isStill = false;
  #late: (() => void)[] = [];
  #process: Process | undefined;

  /** `onWake` hears for how long it stood still by its own monotonic clock. */
  constructor(
    queue: EventQueue,
    name: string,
    zone: string,
    skewMs: number,
    onWake: (stillMs: number) => void = () => {},
  ) {
    this.#queue = queue;
    this.#onWake = onWake;
    this.name = name;
    this.zone = zone;
    this.#skewMs = skewMs;
  }

  /** What runs here. */
  get process(): Process | undefined {
    return this.#process;
  }

  get isStill(): boolean {
    return this.#isStill;
  }

  get skewMs(): number {
    return this.#skewMs;
  }

  wallMs(): number {
    return Math.floor(worldStartMs + this.#queue.nowMs + this.#skewMs);
  }

  monotonicMs(): number {
    return (this.#suspendedAtMs ?? this.#queue.nowMs) - this.#lagMs;
  }

  /** True time of the wall clock's latest jump. */
  get jumpedAtMs(): number {
    return this.#jumpedAtMs;
  }

  jumpWall(ms: number): void {
    this.#jumpedAtMs = this.#queue.nowMs;
    this.#skewMs += ms;
  }

  /** Starts a process in place of the one before, whose timers never ring again. */
  boot(): Process {
    if (this.#process !== undefined) this.kill();
    this.#process = new Process(this, this.#queue);
    return this.#process;
  }

  /** `kill -9`. */
  kill(): void {
    this.#process?.end();
    this.#process = undefined;
  }

  /** `suspend`: as when the lid is closed. */
  stop(how: "stop" | "suspend"): void {
    if (this.#isStill) return;
    this.#isStill = true;
    this.#stillSinceMs = this.#queue.nowMs;
    if (how === "suspend") this.#suspendedAtMs = this.#queue.nowMs;
  }

  resume(): void {
    if (!this.#isStill) return;
    this.#isStill = false;
    // A suspended host's own clocks but the wall's do not know of it.
    const stillMs = this.#suspendedAtMs === undefined ? this.#queue.nowMs - this.#stillSinceMs : 0;
    if (this.#suspendedAtMs !== undefined) this.#lagMs += this.#queue.nowMs - this.#suspendedAtMs;
    this.#suspendedAtMs = undefined;
    this.#onWake(stillMs);
    const late = this.#late;
    this.#late = [];
    for (const run of late) this.#queue.after(0, () => this.whenAwake(run));
  }

  /** Now, or as soon as it runs again. */
  whenAwake(run: () => void): void {
    if (this.#isStill) this.#late.push(run);
    else run();
  }
}

/** One life of a program on a machine: its clock, and what reaches it. */
export class Process implements Clock {
  readonly machine: Machine;
  readonly #queue: EventQueue;
  readonly #endings = new Set<() => void>();
  #ended = false;
  #timers = 0;

  constructor(machine: Machine, queue: EventQueue) {
    this.machine = machine;
    this.#queue = queue;
  }

  get ended(): boolean {
    return this.#ended;
  }

  /** Timers that are set; a leak shows here. */
  get timers(): number {
    return this.#timers;
  }

  end(): void {
    this.#ended = true;
    for (const ending of this.#endings) ending();
    this.#endings.clear();
  }

  /** Calls back when this life ends; returns the way not to. */
  onEnd(ending: () => void): () => void {
    this.#endings.add(ending);
    return () => void this.#endings.delete(ending);
  }

  /** Something from outside arrives. */
  receive(run: () => void): void {
    this.machine.whenAwake(() => {
      if (!this.#ended) run();
    });
  }

  wallMs(): number {
    return this.machine.wallMs();
  }

  monotonicMs(): number {
    return this.machine.monotonicMs();
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return sleepOn(this, ms, signal);
  }

  after(ms: number, callback: () => void): Timer {
    return this.#timer(ms, callback, false);
  }

  every(ms: number, callback: () => void): Timer {
    return this.#timer(ms, callback, true);
  }

  #timer(ms: number, callback: () => void, repeats: boolean): Timer {
    let isSet = true;
    const unset = (): void => {
      if (isSet) this.#timers -= 1;
      isSet = false;
    };
    const set = (dueMs: number): void => {
      this.#queue.after(dueMs - this.monotonicMs(), () => this.receive(() => ring(dueMs)));
    };
    const ring = (dueMs: number): void => {
      if (!isSet) return;
      // The machine was suspended meanwhile: the clock is not there yet. (0.001: sums of fractions.)
      if (this.monotonicMs() + 0.001 < dueMs) return set(dueMs);
      if (!repeats) unset();
      callback();
      // A real interval does not make up for the beats it missed.
      if (repeats && isSet) set(this.monotonicMs() + ms);
    };
    this.#timers += 1;
    // Node rounds 0 up to 1 ms.
    set(this.monotonicMs() + Math.max(1, ms));
    return { cancel: unset };
  }
}
