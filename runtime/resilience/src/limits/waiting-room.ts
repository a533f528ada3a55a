import type { Clock, Timer } from "@holdfast/kernel";
import { DeadlineList, type Timed } from "../timeouts.ts";

/** Priorities are 0 (matters most) to 3. */
export const priorities = 4;

export interface RoomOptions {
  /** How many may wait, all priorities together. Default 100. */
  readonly backlog: number;
  /** How long each may wait while the line of its priority empties now and then, in ms. Default 100. */
  readonly patienceMs: number;
  /** How long each may wait while it does not, in ms: CoDel's target. Default 5. */
  readonly overloadedPatienceMs: number;
}

export const roomDefaults: RoomOptions = { backlog: 100, patienceMs: 100, overloadedPatienceMs: 5 };

/** A line that was not empty for so long is overload, not a burst (CoDel's interval). */
const overloadedAfterMs = 100;
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
 * How long one waits is as with CoDel (RFC 8289, in Facebook's form): 100 ms while its line empties now and then, 5 ms once it
 * has not for 100 ms. In such a line the newest goes first, since it is still wanted; the oldest in all others.
 */
export class WaitingRoom {
  readonly #clock: Clock;
  readonly #backlog: number;
  readonly #lines: readonly Line[];
  readonly #onTimer = (): void => this.#look();
  #size = 0;
  #timer: Timer | undefined;

  constructor(clock: Clock, options: RoomOptions) {
    this.#clock = clock;
    this.#backlog = options.backlog;
    this.#lines = Array.from({ length: priorities }, () => new Line(options));
  }

  get size(): number {
    return this.#size;
  }

  /** False: there is no room for it. It waits from its `startMs` on, which is now. */
  add(guest: Guest): boolean {
    const nowMs = guest.startMs;
    this.#expire(nowMs);
    if (this.#size >= this.#backlog && !this.#makeRoom(guest.priority, nowMs)) return false;
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
    for (const line of this.#lines) {
      for (let late = line.late(nowMs); late !== undefined; late = line.late(nowMs)) this.#turnAway(line, late, nowMs);
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
  readonly #options: RoomOptions;
  readonly #list = new DeadlineList(0, () => {});
  /** When it was last empty. */
  #emptyMs = 0;

  constructor(options: RoomOptions) {
    this.#options = options;
  }

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

  /** The first, when it has waited for too long. */
  late(nowMs: number): Timed | undefined {
    const { first } = this.#list;
    if (first === undefined) return undefined;
    const { patienceMs, overloadedPatienceMs } = this.#options;
    return nowMs - first.startMs > (this.#isOverloaded(nowMs) ? overloadedPatienceMs : patienceMs) ? first : undefined;
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
    return nowMs - this.#emptyMs > overloadedAfterMs;
  }
}
