import { type Clock, sleepOn, type Timer } from "@holdfast/kernel";

interface Pending {
  readonly atMs: number;
  readonly order: number;
  readonly callback: () => void;
  readonly everyMs: number | undefined;
}

/** A clock that moves only when told to, firing timers in order and letting promises settle in between. */
export class FakeClock implements Clock {
  #nowMs = 0;
  #wallOffsetMs: number;
  #order = 0;
  readonly #pending = new Map<number, Pending>();

  constructor(wallStartMs = 1_700_000_000_000) {
    this.#wallOffsetMs = wallStartMs;
  }

  wallMs(): number {
    return this.#wallOffsetMs + this.#nowMs;
  }

  monotonicMs(): number {
    return this.#nowMs;
  }

  /** Moves wall time alone, as an operator or NTP would. */
  jumpWall(ms: number): void {
    this.#wallOffsetMs += ms;
  }

  /** Both times go on by `ms` and nothing runs, as under SIGSTOP; what fell due meanwhile runs late, at the next advance. */
  freeze(ms: number): void {
    this.#nowMs += ms;
    for (const [key, pending] of this.#pending) {
      // A real interval does not make up for the beats it missed.
      if (pending.everyMs !== undefined && pending.atMs < this.#nowMs) {
        this.#pending.set(key, { ...pending, atMs: this.#nowMs });
      }
    }
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return sleepOn(this, ms, signal);
  }

  after(ms: number, callback: () => void): Timer {
    return this.#add(ms, callback, undefined);
  }

  every(ms: number, callback: () => void): Timer {
    return this.#add(ms, callback, Math.max(ms, 1));
  }

  /** How many timers wait; a leak shows here. */
  get pendingTimers(): number {
    return this.#pending.size;
  }

  /** Moves both times forward by `ms`, running all that falls due on the way, in order. */
  async advance(ms: number): Promise<void> {
    const endMs = this.#nowMs + ms;
    await settle();
    for (;;) {
      const due = this.#next(endMs);
      if (due === undefined) break;
      const [key, pending] = due;
      this.#pending.delete(key);
      this.#nowMs = Math.max(this.#nowMs, pending.atMs);
      if (pending.everyMs !== undefined) {
        this.#pending.set(key, { ...pending, atMs: pending.atMs + pending.everyMs });
      }
      pending.callback();
      await settle();
    }
    this.#nowMs = endMs;
    await settle();
  }

  #add(ms: number, callback: () => void, everyMs: number | undefined): Timer {
    const key = this.#order++;
    this.#pending.set(key, { atMs: this.#nowMs + Math.max(ms, 0), order: key, callback, everyMs });
    return { cancel: () => void this.#pending.delete(key) };
  }

  #next(endMs: number): [number, Pending] | undefined {
    let best: [number, Pending] | undefined;
    for (const entry of this.#pending) {
      const pending = entry[1];
      if (pending.atMs > endMs) continue;
      if (best === undefined || pending.atMs < best[1].atMs) best = entry;
    }
    return best;
  }
}

/** Lets every promise that can settle do so. `setImmediate` is real time, but waits for nothing. */
export function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
