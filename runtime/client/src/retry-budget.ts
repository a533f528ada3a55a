/**
 * A token bucket that keeps second tries a small share of calls: each call deposits `share`, each second `perSecond`;
 * a second try takes one. Ten seconds of deposits can be saved up, so that a death under light load is covered too.
 * (Finagle's RetryBudget.)
 */
export class RetryBudget {
  readonly #share: number;
  readonly #perMs: number;
  readonly #tokensMax: number;
  #tokens: number;
  #atMs: number;

  constructor(share: number, perSecond: number, nowMs: number) {
    this.#share = share;
    this.#perMs = perSecond / 1_000;
    this.#tokensMax = Math.max(perSecond * 10, 10);
    this.#tokens = this.#tokensMax;
    this.#atMs = nowMs;
  }

  deposit(): void {
    this.#tokens = Math.min(this.#tokensMax, this.#tokens + this.#share);
  }

  /** True, and one token less, when there is one. */
  take(nowMs: number): boolean {
    this.#tokens = Math.min(this.#tokensMax, this.#tokens + (nowMs - this.#atMs) * this.#perMs);
    this.#atMs = nowMs;
    if (this.#tokens < 1) return false;
    this.#tokens -= 1;
    return true;
  }
}
