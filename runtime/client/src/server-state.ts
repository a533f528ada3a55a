import type { InstanceRecord } from "@holdfast/wire";
import { PeakEwma, RecentAverage } from "./latency.ts";
import type { HostHealth, Standing } from "./outlier/host-health.ts";
import { slowStartShare } from "./outlier/slow-start.ts";
import { metadataWeight } from "./pick/metadata-match.ts";
import type { PickServer } from "./pick/picker.ts";
import { isServerFault } from "./server-fault.ts";

/** What one caller knows of one server: how busy, how fast, how warm, and whether it is kept out for a while. Pure. */
export class ServerState implements PickServer {
  readonly id: string;
  readonly health: HostHealth;
  outstanding = 0;
  /** Since this process knows it: tries, and those of them that failed or were answered with a 5xx. */
  requests = 0;
  failures = 0;
  /** The registry still names it and says UP. */
  listed = true;
  readonly #slowStartMs: number;
  readonly #since: number;
  readonly #ewma: PeakEwma;
  #latestMs = 0;
  readonly #average = new RecentAverage();
  #record: InstanceRecord;
  #weight: number;
  #isWarm = false;
  /** When it last answered, or was first asked after all had been answered. */
  #lastSignMs = 0;

  /** `sinceMs`: when it joined others that were there before; −∞ when it did not. */
  constructor(
    record: InstanceRecord,
    health: HostHealth,
    nowMs: number,
    slowStartMs = 0,
    sinceMs = Number.NEGATIVE_INFINITY,
  ) {
    this.#record = record;
    this.id = record.id;
    this.health = health;
    this.#weight = metadataWeight(record);
    this.#slowStartMs = slowStartMs;
    this.#since = sinceMs;
    this.#ewma = new PeakEwma(nowMs);
  }

  get record(): InstanceRecord {
    return this.#record;
  }

  get zone(): string {
    return this.#record.zone;
  }

  get metadata(): Readonly<Record<string, string>> {
    return this.#record.metadata;
  }

  /** The same server, of which other things are said now. */
  describe(record: InstanceRecord): void {
    this.#record = record;
    this.#weight = metadataWeight(record);
  }

  get ejectedUntilMs(): number {
    return this.health.ejectedUntilMs;
  }

  standing(nowMs: number): Standing {
    return this.listed ? this.health.standing(nowMs) : "ejected";
  }

  /**
   * As slow as its answers were, or as its silence is by now: a server that owes answers and gives none does not look
   * quick because it was, or because nothing is known of it yet.
   */
  ewmaMs(nowMs: number): number {
    const ewmaMs = this.#ewma.valueMs(nowMs);
    return this.outstanding > 0 ? Math.max(ewmaMs, nowMs - this.#lastSignMs) : ewmaMs;
  }

  /** The worse of that and of its latest answers: the average of many is late to say that all have become slow. */
  expectedMs(nowMs: number): number {
    return Math.max(this.ewmaMs(nowMs), this.#latestMs);
  }

  averageMs(): number {
    return this.#average.valueMs;
  }

  /** How much of a full load it may get: less than 1 in slow start. */
  warmth(nowMs: number): number {
    if (this.#isWarm) return 1;
    const share = slowStartShare(nowMs - Math.max(this.#since, this.health.backAtMs), this.#slowStartMs);
    this.#isWarm = share === 1;
    return share;
  }

  weight(nowMs: number): number {
    return this.#isWarm ? this.#weight : this.#weight * this.warmth(nowMs);
  }

  /** Lower is better. A server never tried costs little, so that it gets its first calls. */
  cost(nowMs: number): number {
    return (this.ewmaMs(nowMs) + 0.5) * (this.outstanding / this.weight(nowMs) + 1);
  }

  started(nowMs: number): void {
    if (this.outstanding === 0) this.#lastSignMs = nowMs;
    this.outstanding += 1;
    this.requests += 1;
    this.health.started();
  }

  /** It answered, whatever the status; `retryAfterMs` more than 0: it asked to be left alone for so long. */
  answered(status: number, ms: number, nowMs: number, retryAfterMs: number): void {
    this.outstanding -= 1;
    this.#lastSignMs = nowMs;
    this.#ewma.record(ms, nowMs);
    this.#average.record(ms);
    this.#latestMs = (this.#latestMs + ms) / 2;
    if (!isServerFault(status)) return this.health.succeeded(nowMs);
    this.failures += 1;
    this.health.answeredBadly(status, nowMs);
    if (retryAfterMs > 0) this.health.rest(retryAfterMs, nowMs);
  }

  /** It answered that it is full. */
  shed(nowMs: number): void {
    this.outstanding -= 1;
    this.#lastSignMs = nowMs;
    this.health.shed(nowMs);
  }

  /** It refused the connection (`refused`), or reset it, or cut the answer. */
  broke(refused: boolean, nowMs: number): void {
    this.failures += 1;
    this.outstanding -= 1;
    this.health.broke(refused ? "could not be connected to" : "reset the connection or cut the answer", nowMs);
    this.#isWarm = false;
  }

  /** It had not answered when another had, or when time was over. */
  keptSilent(ms: number, nowMs: number): void {
    this.failures += 1;
    this.outstanding -= 1;
    this.#ewma.record(ms, nowMs);
    this.health.keptSilent(ms, nowMs);
    this.#isWarm = false;
  }

  /** The call ended for a reason that says nothing about the server. */
  released(): void {
    this.outstanding -= 1;
    this.health.released();
  }
}
