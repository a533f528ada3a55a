import type { Clock, Timer } from "@holdfast/kernel";
import { DeadlineList, type Timed } from "../timeouts.ts";

/** Priorities are 0 (matters most) to 3. */
export const priorities = 4;

export interface RoomOptions {
  /** How many may wait, all priorities together. Default 100. */
  readonly backlog: number;
  /** Nobody waits longer, in ms, however long answers take. Default 100. */
  readonly patienceMs: number;
}

export const roomDefaults: RoomOptions = { backlog: 100, patienceMs: 100 };

/** One waits for half the mean time of an answer: many places come free meanwhile, and it is too short to be felt. */
const patienceTimes = 0.5;
/** While others who matter less are there to make way, a place is sure to come: one waits for so many mean times. */
const preferredTimes = 2;
/** But for this at least, in ms (CoDel's target): a turn of the event loop may take as long. */
const leastPatienceMs = 5;
/** How much of one answer's time counts in the mean. */
const meanShare = 1 / 64;

/** A line that was not empty for so long is overload, not a burst; one that was empty for so long is idle (CoDel's interval). */
const intervalMs = 100;
/** Who has waited for too long is looked for so often when nothing else happens, in ms. */
const lookMs = 10;

/** One who waits. */
export interface Guest extends Timed {
  readonly priority: number;
  /** Told once, after it has been taken out of the room: no place came free for it in time, or others mattered more. */
  expire(): void;
}

/**
 * Where those wait whom a server has no place for, a line for each priority: whoever matters more is served first, and takes
 * the place of one who matters less when the room is full. Nobody is turned away for a priority while there are places, so
 * that low priorities cost nothing in quiet times.
 *
 * One waits for half the mean time of an answer, or for two while others who matter less wait or have done so within 100 ms;
 * 5 to 100 ms. A line that has not been empty for 100 ms is overloaded (as CoDel
 * has it, RFC 8289): in such a line the newest goes first, since it is still wanted; the oldest in all others.
 */
export class WaitingRoom {
  readonly #clock: Clock;
  readonly #options: RoomOptions;
  readonly #lines: readonly Line[];
  readonly #onTimer = (): void => this.#look();
  /** Of an answer; 0: none yet. */
  #meanMs = 0;
  #size = 0;
  #timer: Timer | undefined;

  constructor(clock: Clock, options: RoomOptions) {
    this.#clock = clock;
    this.#options = options;
    this.#lines = Array.from({ length: priorities }, () => new Line());
  }

  get size(): number {
    return this.#size;
  }

  /** False: there is no room for it. It waits from its `startMs` on, which is now. */
  add(guest: Guest): boolean {
    const nowMs = guest.startMs;
    this.#expire(nowMs);
    if (this.#size >= this.#options.backlog && !this.#makeRoom(guest.priority, nowMs)) return false;
    this.#size += 1;
    this.#line(guest.priority).add(guest, nowMs);
    if (this.#timer === undefined) this.#timer = this.#clock.after(lookMs, this.#onTimer);
    return true;
  }

  /** It waits no more. Harmless when it is not here. */
  remove(guest: Guest): void {
    if (guest.next === undefined) return;
    this.#line(guest.priority).remove(guest, this.#clock.monotonicMs());
    this.#size -= 1;
  }

  /** A place has come free: takes out the one who gets it, the first in order that `fits`. */
  next(fits: (guest: Timed) => boolean): Timed | undefined {
    if (this.#size === 0) return undefined;
    const nowMs = this.#clock.monotonicMs();
    this.#expire(nowMs);
    for (const line of this.#lines) {
      const guest = line.find(nowMs, fits);
      if (guest === undefined) continue;
      line.remove(guest, nowMs);
      this.#size -= 1;
      return guest;
    }
    return undefined;
  }

  /** An answer has taken so long, in ms. */
  noteTime(ms: number): void {
    this.#meanMs = this.#meanMs === 0 ? ms : this.#meanMs + (ms - this.#meanMs) * meanShare;
  }

  #patienceMs(isPreferred: boolean): number {
    const { patienceMs } = this.#options;
    if (this.#meanMs === 0) return patienceMs;
    const ms = (isPreferred ? preferredTimes : patienceTimes) * this.#meanMs;
    return Math.min(patienceMs, Math.max(leastPatienceMs, ms));
  }

  #line(priority: number): Line {
    const line = this.#lines[priority];
    if (line === undefined) throw new RangeError(`priority ${priority}`);
    return line;
  }

  /** Turns away the one who matters least and has waited longest, if it matters less than `priority`. */
  #makeRoom(priority: number, nowMs: number): boolean {
    for (let lower = priorities - 1; lower > priority; lower--) {
      const line = this.#line(lower);
      if (line.first === undefined) continue;
      this.#turnAway(line, line.first, nowMs);
      return true;
    }
    return false;
  }

  #expire(nowMs: number): void {
    if (this.#size === 0) return;
    let isPreferred = false;
    for (let priority = priorities - 1; priority >= 0; priority--) {
      const line = this.#line(priority);
      const beforeMs = nowMs - this.#patienceMs(isPreferred);
      isPreferred ||= line.isInUse(nowMs);
      for (let first = line.first; first !== undefined && first.startMs < beforeMs; first = line.first) {
        this.#turnAway(line, first, nowMs);
      }
    }
  }

  #turnAway(line: Line, guest: Timed, nowMs: number): void {
    line.remove(guest, nowMs);
    this.#size -= 1;
    guest.expire(false);
  }

  #look(): void {
    this.#timer = undefined;
    this.#expire(this.#clock.monotonicMs());
    if (this.#size > 0) this.#timer = this.#clock.after(lookMs, this.#onTimer);
  }
}

/** Those of one priority, in the order they came. */
class Line {
  readonly #list = new DeadlineList(0, () => {});
  /** When it was last empty. */
  #emptyMs = Number.NEGATIVE_INFINITY;

  get first(): Timed | undefined {
    return this.#list.first;
  }

  add(guest: Timed, nowMs: number): void {
    if (this.#list.first === undefined) this.#emptyMs = nowMs;
    this.#list.add(guest);
  }

  remove(guest: Timed, nowMs: number): void {
    this.#list.remove(guest);
    if (this.#list.first === undefined) this.#emptyMs = nowMs;
  }

  isInUse(nowMs: number): boolean {
    return this.#list.first !== undefined || nowMs - this.#emptyMs < intervalMs;
  }

  find(nowMs: number, fits: (guest: Timed) => boolean): Timed | undefined {
    const { first } = this.#list;
    const newestFirst = this.#isOverloaded(nowMs);
    const begin = newestFirst ? first?.previous : first;
    for (let guest = begin; guest !== undefined; ) {
      if (fits(guest)) return guest;
      guest = newestFirst ? guest.previous : guest.next;
      if (guest === begin) return undefined;
    }
    return undefined;
  }

  #isOverloaded(nowMs: number): boolean {
    return nowMs - this.#emptyMs > intervalMs;
  }
}
