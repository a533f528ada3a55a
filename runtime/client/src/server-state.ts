import type { InstanceRecord } from "@holdfast/wire";
import { PeakEwma } from "./latency.ts";
import type { ClientOptions } from "./options.ts";
import { isServerFault } from "./server-fault.ts";

/** What one caller knows of one server: how busy, how fast, and whether it is kept out for a while. Pure. */
export class ServerState {
  readonly record: InstanceRecord;
  readonly #options: ClientOptions;
  readonly #ewma: PeakEwma;
  outstanding = 0;
  /** Since this process knows it: tries, and those of them that failed or were answered with a 5xx. */
  requests = 0;
  failures = 0;
  #failures = 0;
  #ejections = 0;
  #ejectedUntilMs = 0;
  #onTrial = false;
  /** The registry still names it and says UP. */
  listed = true;

  constructor(record: InstanceRecord, options: ClientOptions, nowMs: number) {
    this.record = record;
    this.#options = options;
    this.#ewma = new PeakEwma(nowMs);
  }

  get ejectedUntilMs(): number {
    return this.#ejectedUntilMs;
  }

  ewmaMs(nowMs: number): number {
    return this.#ewma.valueMs(nowMs);
  }

  /** Lower is better. A server never tried costs little, so that it gets its first calls. */
  cost(nowMs: number): number {
    return (this.#ewma.valueMs(nowMs) + 0.5) * (this.outstanding + 1);
  }

  /** May a new call go there? One that comes back from ejection gets one call, and more only after it succeeded. */
  available(nowMs: number): boolean {
    if (!this.listed || nowMs < this.#ejectedUntilMs) return false;
    return this.#ejections === 0 || this.#failures === 0 || !this.#onTrial;
  }

  started(_nowMs: number): void {
    this.outstanding += 1;
    this.requests += 1;
    if (this.#failures > 0) this.#onTrial = true;
  }

  /** It answered, whatever the status. */
  answered(status: number, ms: number, nowMs: number, _retryAfterMs: number): void {
    if (isServerFault(status)) this.failures += 1;
    this.outstanding -= 1;
    this.#onTrial = false;
    this.#failures = 0;
    if (this.#ejections > 0 && nowMs - this.#ejectedUntilMs > this.#options.ejectionMaxMs) this.#ejections = 0;
    this.#ewma.record(ms, nowMs);
  }

  /** It refused, reset or cut the answer: out at once. */
  broke(_refused: boolean, nowMs: number): void {
    this.failures += 1;
    this.outstanding -= 1;
    this.#onTrial = false;
    this.#failures += 1;
    this.#eject(nowMs);
  }

  /** It had not answered when another had, or when time was over. Twice in a row and it is out. */
  keptSilent(ms: number, nowMs: number): void {
    this.failures += 1;
    this.outstanding -= 1;
    this.#onTrial = false;
    this.#failures += 1;
    this.#ewma.record(ms, nowMs);
    if (this.#failures >= 2) this.#eject(nowMs);
  }

  /** The call ended for a reason that says nothing about the server. */
  released(): void {
    this.outstanding -= 1;
    this.#onTrial = false;
  }

  #eject(nowMs: number): void {
    if (nowMs < this.#ejectedUntilMs) return;
    const growth = 2 ** Math.min(this.#ejections, 16);
    this.#ejections += 1;
    this.#ejectedUntilMs = nowMs + Math.min(this.#options.ejectionMaxMs, this.#options.ejectionMs * growth);
  }
}
