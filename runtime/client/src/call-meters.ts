import type { Counter, MeterRegistry, Timer } from "@holdfast/metrics";

/** `ipc.client.call` and `ipc.client.retries`, per service and status class, with resolved meters kept. */
export class CallMeters {
  readonly #meters: MeterRegistry;
  readonly #timers = new Map<string, Timer>();
  readonly #retries = new Map<string, Counter>();

  constructor(meters: MeterRegistry) {
    this.#meters = meters;
  }

  /** `status` 0: there was no answer. */
  record(app: string, status: number, ms: number, tries: number): void {
    const kind = status === 0 ? "none" : `${Math.floor(status / 100)}xx`;
    const key = `${app} ${kind}`;
    let timer = this.#timers.get(key);
    if (timer === undefined) {
      timer = this.#meters.timer("ipc.client.call", { service: app, status: kind });
      this.#timers.set(key, timer);
    }
    timer.record(ms);
    if (tries <= 1) return;
    let retries = this.#retries.get(app);
    if (retries === undefined) {
      retries = this.#meters.counter("ipc.client.retries", { service: app });
      this.#retries.set(app, retries);
    }
    retries.increment(tries - 1);
  }
}
