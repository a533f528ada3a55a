import type { Clock, Timer } from "@holdfast/kernel";

/** Something with a deadline, itself a link of the list it waits in: no allocation but the call's own. */
export interface Timed {
  readonly startMs: number;
  previous: Timed | undefined;
  next: Timed | undefined;
  /** Called once when the deadline has passed. `stalled`: it was we who stood still, so it proves nothing about the callee. */
  expire(stalled: boolean): void;
}

/** Deadlines are looked at so often: 10,000 calls under way need one native timer each 10 ms. */
const tickMs = 10;
/** A timer later than this: answers may be waiting to be read, and are read first. */
const lateMs = 20;
/** A timer later than this says that the event loop stood still: its deadlines prove nothing about the callees. */
const stallMs = 100;
/** As a power of two: lists between one timeout and its double. */
const stepsPerDoubling = 5;
/** No timer waits longer, so that a process whose calls have all ended can end soon, and a stall is seen. */
const longestMs = 250;

/**
 * Deadlines of calls with one and the same timeout: they come in order, so a list is enough. It is a ring, known by its
 * last link: one reference from this old object to a young one is all that adding costs the garbage collector.
 */
export class DeadlineList {
  readonly timeoutMs: number;
  readonly #wake: (deadlineMs: number) => void;
  #last: Timed | undefined;

  constructor(timeoutMs: number, wake: (deadlineMs: number) => void) {
    this.timeoutMs = timeoutMs;
    this.#wake = wake;
  }

  get first(): Timed | undefined {
    return this.#last?.next;
  }

  /** When the first of them is due; `Infinity` when there is none. */
  get dueMs(): number {
    const first = this.#last?.next;
    return first === undefined ? Number.POSITIVE_INFINITY : first.startMs + this.timeoutMs;
  }

  add(timed: Timed): void {
    const last = this.#last;
    this.#last = timed;
    const first = last?.next;
    if (last === undefined || first === undefined) {
      timed.previous = timed;
      timed.next = timed;
      return this.#wake(timed.startMs + this.timeoutMs);
    }
    timed.previous = last;
    timed.next = first;
    last.next = timed;
    first.previous = timed;
  }

  /** Takes it out; harmless when it is not in. */
  remove(timed: Timed): void {
    const { previous, next } = timed;
    if (previous === undefined || next === undefined) return;
    timed.previous = undefined;
    timed.next = undefined;
    if (next === timed) {
      this.#last = undefined;
      return;
    }
    previous.next = next;
    next.previous = previous;
    if (this.#last === timed) this.#last = previous;
  }
}

/**
 * All deadlines of a process on one native timer. After a stall of our own (garbage collection, a host that is short of
 * CPU) answers that have arrived are read first; a deadline that passed in a stall is told as such.
 */
export class Timeouts {
  readonly #clock: Clock;
  readonly #lists = new Map<number, DeadlineList>();
  readonly #wake = (deadlineMs: number): void => this.#arm(deadlineMs);
  readonly #onTimer = (): void => this.#tick();
  #timer: Timer | undefined;
  #dueMs = Number.POSITIVE_INFINITY;
  #stalledUntilMs = Number.NEGATIVE_INFINITY;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** The list of calls with that timeout. Timeouts are options, so there are few. */
  list(timeoutMs: number): DeadlineList {
    const known = this.#lists.get(timeoutMs);
    if (known !== undefined) return known;
    const list = new DeadlineList(timeoutMs, this.#wake);
    this.#lists.set(timeoutMs, list);
    return list;
  }

  /** A list for `timeoutMs`, whatever it is: up to 3 % shorter, so that remains of deadlines need few lists. */
  listNear(timeoutMs: number): DeadlineList {
    if (!(timeoutMs >= 1)) return this.list(1);
    const step = 2 ** Math.max(0, Math.floor(Math.log2(timeoutMs)) - stepsPerDoubling);
    return this.list(Math.floor(timeoutMs / step) * step);
  }

  /** On the monotonic clock: until then, at the latest look, our own event loop had stood still. */
  get stalledUntilMs(): number {
    return this.#stalledUntilMs;
  }

  #arm(deadlineMs: number): void {
    // The timer at work is early enough; when it rings for nothing it is set anew.
    if (this.#dueMs <= deadlineMs) return;
    const nowMs = this.#clock.monotonicMs();
    const waitMs = Math.min(longestMs, Math.max(tickMs, Math.ceil((deadlineMs - nowMs) / tickMs) * tickMs));
    if (this.#dueMs <= nowMs + waitMs) return;
    this.#timer?.cancel();
    this.#dueMs = nowMs + waitMs;
    this.#timer = this.#clock.after(waitMs, this.#onTimer);
  }

  #tick(): void {
    const nowMs = this.#clock.monotonicMs();
    const overMs = nowMs - this.#dueMs;
    if (overMs <= lateMs) return this.#expire(nowMs, false);
    const stalled = overMs > stallMs;
    if (stalled) this.#stalledUntilMs = nowMs;
    // One more turn of the loop reads what has arrived meanwhile.
    this.#dueMs = nowMs + tickMs;
    this.#timer = this.#clock.after(tickMs, () => this.#expire(nowMs, stalled));
  }

  #expire(untilMs: number, stalled: boolean): void {
    this.#timer = undefined;
    this.#dueMs = Number.POSITIVE_INFINITY;
    let firstMs = Number.POSITIVE_INFINITY;
    for (const list of this.#lists.values()) {
      for (let timed = list.first; timed !== undefined && list.dueMs <= untilMs; timed = list.first) {
        list.remove(timed);
        timed.expire(stalled);
      }
      firstMs = Math.min(firstMs, list.dueMs);
    }
    if (firstMs !== Number.POSITIVE_INFINITY) this.#arm(firstMs);
  }
}
