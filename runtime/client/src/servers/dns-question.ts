import { backoffMs, type Clock, messageOf, type Random, type Timer } from "@holdfast/kernel";
import { saysThereIsNone } from "./dns-resolver.ts";

/** When DNS is asked again. All in ms. */
export interface DnsTiming {
  /** A lookup that has not ended after so long has failed. */
  readonly lookupTimeoutMs: number;
  /** However short its TTL, an answer is good for so long. */
  readonly ttlMinMs: number;
  /** However long its TTL, it is asked for again after so long. */
  readonly ttlMaxMs: number;
  /** For answers that come without a TTL: Node gives none for SRV. */
  readonly ttlUnknownMs: number;
  /** Asked again after a failure or an empty answer: first after so long, then doubling … */
  readonly retryMinMs: number;
  /** … to so long. */
  readonly retryMaxMs: number;
}

/** What is waited beyond the TTL, as a share of it, so that a fleet that started together does not ask together. */
const jitterShare = 0.1;

export interface DnsAnswer<T> {
  readonly records: readonly T[];
  /** As the server said; `undefined` when the answer bears none. */
  readonly ttlMs: number | undefined;
}

/**
 * One question (a name and a type of record), asked again and again for as long as it is open, one lookup at a time. A
 * lookup that fails changes nothing but {@link problem}; an answer that there is none is an answer.
 */
export class DnsQuestion<T> {
  /** Of the last answer. */
  records: readonly T[] = [];
  /** Lookups that have ended, well or not. */
  ended = 0;
  /** Why the last lookup failed; `undefined` when it was answered. */
  problem: string | undefined;
  /** Monotonic: when the next lookup begins; `undefined` while one is under way. */
  nextAtMs: number | undefined;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #timing: DnsTiming;
  readonly #what: string;
  readonly #ask: () => Promise<DnsAnswer<T>>;
  readonly #cancel: () => void;
  readonly #onEnd: () => void;
  #timer: Timer | undefined;
  #fruitless = 0;
  /** Of the latest lookup, from 1; 0 when closed. */
  #lookup = 0;

  /** `cancel` is called when a lookup takes too long, `onEnd` after each. Nothing is asked before {@link start}. */
  constructor(
    clock: Clock,
    random: Random,
    timing: DnsTiming,
    what: string,
    ask: () => Promise<DnsAnswer<T>>,
    cancel: () => void,
    onEnd: () => void,
  ) {
    this.#clock = clock;
    this.#random = random;
    this.#timing = timing;
    this.#what = what;
    this.#ask = ask;
    this.#cancel = cancel;
    this.#onEnd = onEnd;
  }

  start(): void {
    const lookup = ++this.#lookup;
    this.nextAtMs = undefined;
    const { lookupTimeoutMs } = this.#timing;
    this.#timer = this.#clock.after(lookupTimeoutMs, () => {
      this.#end(lookup, undefined, new Error(`${this.#what}: no answer from DNS within ${lookupTimeoutMs} ms`));
      this.#cancel();
    });
    this.#ask().then(
      (answer) => this.#end(lookup, answer, undefined),
      (error: unknown) => this.#end(lookup, undefined, error),
    );
  }

  close(): void {
    const isUnderWay = this.nextAtMs === undefined;
    this.#lookup = 0;
    this.#timer?.cancel();
    if (isUnderWay) this.#cancel();
  }

  /** Only the first end of the lookup under way counts: not what comes after its time, or after {@link close}. */
  #end(lookup: number, answer: DnsAnswer<T> | undefined, error: unknown): void {
    if (lookup !== this.#lookup || this.nextAtMs !== undefined) return;
    this.#timer?.cancel();
    const waitMs = answer === undefined ? this.#failed(error) : this.#answered(answer);
    this.ended += 1;
    this.nextAtMs = this.#clock.monotonicMs() + waitMs;
    this.#timer = this.#clock.after(waitMs, () => this.start());
    this.#onEnd();
  }

  #answered(answer: DnsAnswer<T>): number {
    this.problem = undefined;
    this.records = answer.records;
    if (answer.records.length === 0) return this.#backOffMs();
    this.#fruitless = 0;
    const { ttlMinMs, ttlMaxMs, ttlUnknownMs } = this.#timing;
    const ttlMs = Math.min(ttlMaxMs, Math.max(ttlMinMs, answer.ttlMs ?? ttlUnknownMs));
    // After the TTL, never before: a caching resolver asked a moment early answers what it has for one moment more.
    return ttlMs * (1 + jitterShare * this.#random.next());
  }

  #failed(error: unknown): number {
    if (saysThereIsNone(error)) return this.#answered({ records: [], ttlMs: undefined });
    this.problem = messageOf(error);
    return this.#backOffMs();
  }

  #backOffMs(): number {
    this.#fruitless += 1;
    const { retryMinMs, retryMaxMs } = this.#timing;
    const waitMs = backoffMs(this.#fruitless, { initialMs: retryMinMs, maxMs: retryMaxMs, factor: 2 });
    return waitMs * (1 + jitterShare * this.#random.next());
  }
}
