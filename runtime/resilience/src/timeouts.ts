import type { Clock, Timer } from "@holdfast/kernel";

/** Something with a deadline, itself a link of the list it waits in: no allocation but the call's own. */
export interface Timed {
  deadlineMs: number;
  previous: Timed | undefined;
  next: Timed | undefined;
  /** Called once when the deadline has passed. `stalled`: it was we who stood still, so it proves nothing about the callee. */
  expire(stalled: boolean): void;
}

/** Deadlines are looked at so often: 10,000 calls under way need one native timer each 10 ms. */
const tickMs = 10;
/** A timer later than this says that the event loop stood still: answers may be waiting to be read. */
const stallMs = 100;

/**
 * Deadlines of calls with one timeout: they come in order, so a list is enough, and one timer for its head. After a stall
 * of our own (garbage collection, a host that is short of CPU) answers that have arrived are read first.
 */
export class Timeouts {
  readonly #clock: Clock;
  #head: Timed | undefined;
  #tail: Timed | undefined;
  #timer: Timer | undefined;
  #dueMs = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  add(timed: Timed): void {
    timed.previous = this.#tail;
    timed.next = undefined;
    if (this.#tail === undefined) this.#head = timed;
    else this.#tail.next = timed;
    this.#tail = timed;
    if (this.#timer === undefined) this.#arm(timed.deadlineMs, this.#clock.monotonicMs());
  }

  /** Takes it out; harmless when it is not in. */
  remove(timed: Timed): void {
    const { previous, next } = timed;
    if (previous === undefined) {
      if (this.#head !== timed) return;
      this.#head = next;
    } else previous.next = next;
    if (next === undefined) this.#tail = previous;
    else next.previous = previous;
    timed.previous = undefined;
    timed.next = undefined;
  }

  #arm(deadlineMs: number, nowMs: number): void {
    const waitMs = Math.max(tickMs, Math.ceil((deadlineMs - nowMs) / tickMs) * tickMs);
    this.#dueMs = nowMs + waitMs;
    this.#timer = this.#clock.after(waitMs, () => this.#tick());
  }

  #tick(): void {
    const nowMs = this.#clock.monotonicMs();
    this.#timer = undefined;
    if (nowMs - this.#dueMs <= stallMs) return this.#expire(nowMs, false);
    // One more turn of the loop reads what has arrived while we stood still.
    this.#timer = this.#clock.after(tickMs, () => {
      this.#timer = undefined;
      this.#expire(nowMs, true);
    });
  }

  #expire(nowMs: number, stalled: boolean): void {
    for (let timed = this.#head; timed !== undefined && timed.deadlineMs <= nowMs; timed = this.#head) {
      this.remove(timed);
      timed.expire(stalled);
    }
    const head = this.#head;
    if (head !== undefined && this.#timer === undefined) this.#arm(head.deadlineMs, this.#clock.monotonicMs());
  }
}
