const savedMax = 50;

/**
 * A token bucket that keeps second tries a small share of calls: each call deposits `share`, each second `perSecond`;
 * a second try takes one. Fifty can be saved up: what a server that falls silent under 200 calls a second needs before it
 * is put out. (Finagle's RetryBudget.) A second try that fails, too, costs two: where they help, `share` of the calls get
 * one, and half as many in an outage, where they only add to the load.
 */
export class RetryBudget {
  #share: number;
  #perMs: number;
  readonly #tokensMax: number;
  #tokens: number;
  #atMs: number;

  constructor(share: number, perSecond: number, nowMs: number) {
    this.#share = share;
    this.#perMs = perSecond / 1_000;
    this.#tokensMax = savedMax;
    this.#tokens = this.#tokensMax;
    this.#atMs = nowMs;
  }

  configure(share: number, perSecond: number): void {
    this.#share = share;
    this.#perMs = perSecond / 1_000;
  }

  deposit(): void {
    this.#tokens = Math.min(this.#tokensMax, this.#tokens + this.#share);
  }

  /** Second tries that would be allowed now. */
  left(nowMs: number): number {
    this.#tokens = Math.min(this.#tokensMax, this.#tokens + (nowMs - this.#atMs) * this.#perMs);
    this.#atMs = nowMs;
    return this.#tokens;
  }

  /** A second try has failed as the first did. */
  failed(): void {
    this.#tokens = Math.max(-this.#tokensMax, this.#tokens - 1);
  }

  /** True, and one token less, when there is one. */
  take(nowMs: number): boolean {
    this.left(nowMs);
    if (this.#tokens < 1) return false;
    this.#tokens -= 1;
    return true;
  }
}
