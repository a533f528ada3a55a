import { type Clock, numberBetween, wholeBetween, withDefaults } from "@holdfast/kernel";
import type { CallPermit } from "../command-definition.ts";
import { type DeadlineList, type Timed, Timeouts } from "../timeouts.ts";
import type { Limiter } from "./limiter.ts";

export interface QueueOptions {
  /** Who is let in first of those who wait. Default `lifo` (Netflix's): under overload the newest is still wanted. */
  readonly order: "fifo" | "lifo";
  /** How many may wait; one more is turned away at once. Default 100. */
  readonly backlog: number;
  /** How long each may wait, in ms, up to an hour; a wait ends up to 20 ms later. Default 1,000. */
  readonly timeoutMs: number;
}

const queueDefaults: QueueOptions = { order: "lifo", backlog: 100, timeoutMs: 1_000 };

/** Those whom a limiter has no room for wait here for a while. One timer for all of them. */
export class QueueLimiter<C = unknown> {
  readonly #clock: Clock;
  readonly #limiter: Limiter<C>;
  readonly #options: QueueOptions;
  readonly #line: DeadlineList;
  #waiting = 0;
  #turnedAway = 0;
  #timedOut = 0;

  /** @throws OptionError */
  constructor(clock: Clock, limiter: Limiter<C>, options?: Partial<QueueOptions>) {
    const all = withDefaults(queueDefaults, options);
    wholeBetween("queue.backlog", all.backlog, 1, 1_000_000);
    numberBetween("queue.timeoutMs", all.timeoutMs, 1, 3_600_000);
    this.#clock = clock;
    this.#limiter = limiter;
    this.#options = all;
    this.#line = new Timeouts(clock).list(all.timeoutMs);
    limiter.onRoom(() => this.#letIn());
  }

  /** How many wait now. */
  get waiting(): number {
    return this.#waiting;
  }

  /** Calls that got no place: none was left to wait in (`turnedAway`), or they waited for too long (`timedOut`). */
  get counts(): { readonly turnedAway: number; readonly timedOut: number } {
    return { turnedAway: this.#turnedAway, timedOut: this.#timedOut };
  }

  /**
   * A place at once, or later, or `undefined`: at once when the backlog is full, later when the time is over or `signal` is
   * aborted.
   */
  acquire(context?: C, signal?: AbortSignal): CallPermit | undefined | Promise<CallPermit | undefined> {
    if (this.#limiter.hasRoom(context)) return this.#limiter.acquire(context);
    if (signal?.aborted === true) return undefined;
    if (this.#waiting >= this.#options.backlog) {
      this.#turnedAway += 1;
      return undefined;
    }
    return new Promise((resolve) => {
      const waiter = new Waiter(this.#clock.monotonicMs(), context, resolve, () => {
        this.#waiting -= 1;
        this.#timedOut += 1;
      });
      this.#waiting += 1;
      this.#line.add(waiter);
      if (signal !== undefined) this.#leaveOn(signal, waiter);
    });
  }

  #leaveOn(signal: AbortSignal, waiter: Waiter<C>): void {
    const leave = (): void => {
      this.#line.remove(waiter);
      this.#waiting -= 1;
      waiter.resolve(undefined);
    };
    signal.addEventListener("abort", leave, { once: true });
    waiter.stopListening = () => signal.removeEventListener("abort", leave);
  }

  #letIn(): void {
    for (let next = this.#next(); next !== undefined; next = this.#next()) {
      this.#line.remove(next);
      this.#waiting -= 1;
      next.resolve(this.#limiter.acquire(next.context));
    }
  }

  /** The first in order for whom there is room: with partitions it need not be the first of all. */
  #next(): Waiter<C> | undefined {
    const first = this.#line.first;
    if (first === undefined) return undefined;
    const isFifo = this.#options.order === "fifo";
    const begin = isFifo ? first : first.previous;
    let waiter = begin;
    do {
      if (!(waiter instanceof Waiter)) return undefined;
      if (this.#limiter.hasRoom(waiter.context)) return waiter;
      waiter = isFifo ? waiter.next : waiter.previous;
    } while (waiter !== begin);
    return undefined;
  }
}

/** One who waits, a link of the line. */
class Waiter<C> implements Timed {
  readonly startMs: number;
  readonly context: C | undefined;
  previous: Timed | undefined = undefined;
  next: Timed | undefined = undefined;
  stopListening: (() => void) | undefined = undefined;
  readonly #resolve: (permit: CallPermit | undefined) => void;
  readonly #timedOut: () => void;

  constructor(
    startMs: number,
    context: C | undefined,
    resolve: (permit: CallPermit | undefined) => void,
    timedOut: () => void,
  ) {
    this.startMs = startMs;
    this.context = context;
    this.#resolve = resolve;
    this.#timedOut = timedOut;
  }

  resolve(permit: CallPermit | undefined): void {
    this.stopListening?.();
    this.#resolve(permit);
  }

  expire(): void {
    this.#timedOut();
    this.resolve(undefined);
  }
}
