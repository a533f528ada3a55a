import type { Random } from "@holdfast/kernel";
import type { Picker, PickRequest, PickServer } from "./picker.ts";
import { anotherUntried, randomUntried } from "./untried.ts";

/** Nearly equal is equal: the first is random already, and nobody starves for a fraction of a millisecond. */
const nearlyEqual = 1.25;
/** A server never asked costs little, but not nothing: the second call there must cost more than the first. */
const leastMs = 0.5;

/**
 * Power of two choices (Mitzenmacher) with Finagle's peak EWMA: of two random untried servers the cheaper one, where the
 * cost is (average of answer times + 0.5 ms) × (calls under way + 1). Costs within a factor of 1.25 are equal.
 *
 * Weight counts by chance: the lighter of two is taken with probability lighter / heavier. A cost divided by the weight
 * would starve it instead: while calls are few, a server of weight 0.05 is 20 times as dear as any other and got 1/10 of
 * its share (simulated, ten servers). By chance it gets its share, and up to twice that when it is the cheapest.
 */
export class PowerOfTwoPicker implements Picker {
  readonly name = "power-of-two";
  readonly #random: Random;

  constructor(random: Random) {
    this.#random = random;
  }

  pick(servers: readonly PickServer[], request: PickRequest): PickServer | undefined {
    const { tried, nowMs } = request;
    const a = randomUntried(servers, tried, this.#random);
    if (a === undefined) return undefined;
    const b = anotherUntried(servers, tried, a, this.#random);
    if (b === undefined) return a;
    const isFirst = costOf(a, nowMs) <= costOf(b, nowMs) * nearlyEqual;
    const better = isFirst ? a : b;
    const other = isFirst ? b : a;
    const weight = better.weight(nowMs);
    const otherWeight = other.weight(nowMs);
    return weight >= otherWeight || this.#random.next() * otherWeight < weight ? better : other;
  }
}

function costOf(server: PickServer, nowMs: number): number {
  return (server.ewmaMs(nowMs) + leastMs) * (server.outstanding + 1);
}
