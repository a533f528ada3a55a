import type { Random } from "@holdfast/kernel";
import type { Picker, PickRequest, PickServer } from "./picker.ts";
import { anotherUntried, randomUntried } from "./untried.ts";

/**
 * Nearly equal is equal: the first is random already, and nobody starves for a fraction of a millisecond. Below 1.5, so
 * that three calls count as more than two. With answer times of much spread, at 1.25 the busiest of 100 equal servers got
 * 1.12 to 1.31 of the mean (simulated, loads of 5–80 %), at 1.5 1.10 to 1.18, and one ten times as slow 0.03 instead of 0.02.
 */
const nearlyEqual = 1.5;
/** A server never asked costs little, but not nothing: the second call there must cost more than the first. */
const leastMs = 0.5;

/**
 * Power of two choices (Mitzenmacher) with Finagle's peak EWMA: of two random untried servers the cheaper one, where the
 * cost is (average of answer times + 0.5 ms) × (calls under way / weight + 1). Costs within a factor of 1.5 are equal.
 *
 * While few calls are under way, weight counts by chance: the lighter of two is taken with probability lighter / heavier.
 * Were the whole cost divided by the weight, one of weight 0.05 would be 20 times as dear as an idle other one and get a
 * tenth of its share at most; so it gets 0.07, one of 0.5 gets 0.52–0.57 (simulated: ten servers, load 5–80 %).
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
    const weightOfA = a.weight(nowMs);
    const weightOfB = b.weight(nowMs);
    if (costOf(a, weightOfA, nowMs) < costOf(b, weightOfB, nowMs) * nearlyEqual)
      return weightOfA >= weightOfB || this.#random.next() * weightOfB < weightOfA ? a : b;
    return weightOfB >= weightOfA || this.#random.next() * weightOfA < weightOfB ? b : a;
  }
}

function costOf(server: PickServer, weight: number, nowMs: number): number {
  return (server.ewmaMs(nowMs) + leastMs) * (server.outstanding / weight + 1);
}
