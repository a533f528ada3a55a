import type { Counter } from "../meters/counter.ts";

/**
 * Turns totals that somebody else counts into increments. The first total is where counting begins; one that is lower than
 * the last begins anew.
 */
export class MonotonicCounter {
  readonly #counter: Counter;
  #last = Number.NaN;

  constructor(counter: Counter) {
    this.#counter = counter;
  }

  /** What is no number is ignored. */
  set(total: number): void {
    if (Number.isNaN(total)) return;
    this.#counter.increment(total - this.#last);
    this.#last = total;
  }
}

const wrap = 1n << 64n;

/** As {@link MonotonicCounter}, for unsigned 64-bit totals: a lower one has run over. */
export class MonotonicCounterUint {
  readonly #counter: Counter;
  #last: bigint | undefined;

  constructor(counter: Counter) {
    this.#counter = counter;
  }

  set(total: bigint): void {
    const now = BigInt.asUintN(64, total);
    if (this.#last !== undefined) this.#counter.increment(Number((now - this.#last + wrap) % wrap));
    this.#last = now;
  }
}
