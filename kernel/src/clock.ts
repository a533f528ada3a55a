/**
 * Time as an argument. Everything that waits, expires or measures takes a `Clock`, so that an hour of outage
 * runs in a millisecond under test.
 */
export interface Clock {
  /** Wall time in milliseconds since the epoch; may jump. For people and for records, never for durations. */
  wallMs(): number;
  /** Milliseconds from an arbitrary start; never goes back. For durations, leases and timeouts. */
  monotonicMs(): number;
  /**
   * Resolves after `ms` milliseconds.
   *
   * @throws the signal's reason when `signal` aborts first.
   */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
  /** Calls `callback` once after `ms` milliseconds, unless the returned timer is cancelled first. */
  after(ms: number, callback: () => void): Timer;
  /** Calls `callback` each `ms` milliseconds until cancelled. Does not keep a process alive. */
  every(ms: number, callback: () => void): Timer;
}

export interface Timer {
  cancel(): void;
}

/** The machine's own clock. Only `main.ts` files build one. */
export class SystemClock implements Clock {
  wallMs(): number {
    return Date.now();
  }

  monotonicMs(): number {
    return performance.now();
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return sleepOn(this, ms, signal);
  }

  after(ms: number, callback: () => void): Timer {
    const handle = setTimeout(callback, ms);
    return { cancel: () => clearTimeout(handle) };
  }

  every(ms: number, callback: () => void): Timer {
    const handle = setInterval(callback, ms);
    handle.unref();
    return { cancel: () => clearInterval(handle) };
  }
}

/** `Clock.sleep` in terms of `Clock.after`; shared by every clock, the fake one included. */
export function sleepOn(clock: Pick<Clock, "after">, ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason);
    const onAbort = (): void => {
      timer.cancel();
      reject(signal?.reason);
    };
    const timer = clock.after(ms, () => {
      signal?.removeEventListener("abort", onAbort);
      resolve();
    });
    signal?.addEventListener("abort", onAbort, { once: true });
  });
}
