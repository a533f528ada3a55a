import type { InstanceRecord } from "@holdfast/wire";
import { PeakEwma, RecentAverage } from "./latency.ts";
import type { ClientOptions } from "./options.ts";
import { metadataWeight } from "./pick/metadata-match.ts";
import type { PickServer } from "./pick/picker.ts";
import { isServerFault } from "./server-fault.ts";

/** May it get calls? `returning`: one, as a trial, and more only when that has succeeded. */
export type Standing = "usable" | "returning" | "ejected";

/** What one caller knows of one server: how busy, how fast, and whether it is kept out for a while. Pure. */
export class ServerState implements PickServer {
  readonly record: InstanceRecord;
  readonly id: string;
  readonly zone: string;
  readonly metadata: Readonly<Record<string, string>>;
  outstanding = 0;
  /** Since this process knows it: tries, and those of them that failed or were answered with a 5xx. */
  requests = 0;
  failures = 0;
  /** The registry still names it and says UP. */
  listed = true;
  readonly #options: ClientOptions;
  readonly #ewma: PeakEwma;
  readonly #average = new RecentAverage();
  readonly #weight: number;
  /** Told when its standing is not what it was. */
  readonly #onChange: () => void;
  #failuresInRow = 0;
  #ejections = 0;
  #ejectedUntilMs = 0;
  #isReturning = false;
  #onTrial = false;

  constructor(record: InstanceRecord, options: ClientOptions, nowMs: number, onChange: () => void = () => {}) {
    this.record = record;
    this.id = record.id;
    this.zone = record.zone;
    this.metadata = record.metadata;
    this.#weight = metadataWeight(record);
    this.#options = options;
    this.#onChange = onChange;
    this.#ewma = new PeakEwma(nowMs);
  }

  get ejectedUntilMs(): number {
    return this.#ejectedUntilMs;
  }

  /** Its trial call is under way. */
  get isOnTrial(): boolean {
    return this.#onTrial;
  }

  /** It is out for what it answered, not for being out of reach. */
  get isOutForAnswers(): boolean {
    return false;
  }

  standing(nowMs: number): Standing {
    if (!this.listed || nowMs < this.#ejectedUntilMs) return "ejected";
    return this.#isReturning ? "returning" : "usable";
  }

  ewmaMs(nowMs: number): number {
    return this.#ewma.valueMs(nowMs);
  }

  averageMs(): number {
    return this.#average.valueMs;
  }

  weight(_nowMs: number): number {
    return this.#weight;
  }

  /** Lower is better. A server never tried costs little, so that it gets its first calls. */
  cost(nowMs: number): number {
    return (this.#ewma.valueMs(nowMs) + 0.5) * (this.outstanding / this.weight(nowMs) + 1);
  }

  started(_nowMs: number): void {
    this.outstanding += 1;
    this.requests += 1;
    if (this.#isReturning) this.#onTrial = true;
  }

  /** It answered, whatever the status. */
  answered(status: number, ms: number, nowMs: number, _retryAfterMs: number): void {
    if (isServerFault(status)) this.failures += 1;
    this.outstanding -= 1;
    this.#onTrial = false;
    this.#failuresInRow = 0;
    if (this.#ejections > 0 && nowMs - this.#ejectedUntilMs > this.#options.ejectionMaxMs) this.#ejections = 0;
    this.#ewma.record(ms, nowMs);
    this.#average.record(ms);
    if (!this.#isReturning) return;
    this.#isReturning = false;
    this.#onChange();
  }

  /** It refused, reset or cut the answer: out at once. */
  broke(_refused: boolean, nowMs: number): void {
    this.failures += 1;
    this.outstanding -= 1;
    this.#onTrial = false;
    this.#failuresInRow += 1;
    this.#eject(nowMs);
  }

  /** It had not answered when another had, or when time was over. Twice in a row and it is out. */
  keptSilent(ms: number, nowMs: number): void {
    this.failures += 1;
    this.outstanding -= 1;
    this.#onTrial = false;
    this.#failuresInRow += 1;
    this.#ewma.record(ms, nowMs);
    if (this.#failuresInRow >= 2) this.#eject(nowMs);
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
    this.#isReturning = true;
    this.#onChange();
  }
}
