import type { Clock, Timer } from "@holdfast/kernel";
import type { SeenAnswer } from "@holdfast/wire";

interface Waiter {
  readonly sequence: number;
  readonly awaited: Set<string>;
  readonly total: number;
  readonly done: (answer: SeenAnswer) => void;
  readonly timer: Timer;
}

/** Those who wait until listeners have applied all up to a place in the history. */
export class SeenWaiters {
  readonly #clock: Clock;
  readonly #waiters = new Set<Waiter>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Resolves when all of `awaited` have acknowledged `sequence` or gone away, or after `timeoutMs`. */
  wait(sequence: number, awaited: Set<string>, timeoutMs: number): Promise<SeenAnswer> {
    const total = awaited.size;
    if (total === 0) return Promise.resolve({ listeners: 0, seen: 0, complete: true });
    return new Promise((resolve) => {
      const timer = this.#clock.after(timeoutMs, () => this.#settle(waiter, false));
      const waiter: Waiter = { sequence, awaited, total, done: resolve, timer };
      this.#waiters.add(waiter);
    });
  }

  isAwaited(listener: string): boolean {
    for (const waiter of this.#waiters) if (waiter.awaited.has(listener)) return true;
    return false;
  }

  acknowledge(listener: string, sequence: number): void {
    for (const waiter of this.#waiters) {
      if (sequence >= waiter.sequence) this.#strike(waiter, listener);
    }
  }

  gone(listener: string): void {
    for (const waiter of this.#waiters) this.#strike(waiter, listener);
  }

  close(): void {
    for (const waiter of this.#waiters) this.#settle(waiter, false);
  }

  #strike(waiter: Waiter, listener: string): void {
    waiter.awaited.delete(listener);
    if (waiter.awaited.size === 0) this.#settle(waiter, true);
  }

  #settle(waiter: Waiter, complete: boolean): void {
    if (!this.#waiters.delete(waiter)) return;
    waiter.timer.cancel();
    waiter.done({ listeners: waiter.total, seen: waiter.total - waiter.awaited.size, complete });
  }
}
