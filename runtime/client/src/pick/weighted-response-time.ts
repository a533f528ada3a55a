import type { Random } from "@holdfast/kernel";
import type { Picker, PickRequest, PickServer } from "./picker.ts";
import { RoundRobinPicker } from "./round-robin.ts";
import { isTried } from "./untried.ts";

/** Ribbon's `serverWeightTaskTimerInterval`. */
const refreshMs = 30_000;
/** While nobody has answered, it is looked at again after so long: a caller that starts does not wait 30 s. */
const emptyRefreshMs = 1_000;
/** Ribbon: less than this in all is no weight. */
const leastTotal = 0.001;
/** Draws that may meet a tried server or one that is not at full weight, before it is round robin's turn. */
const draws = 8;

/**
 * Ribbon's `WeightedResponseTimeRule`: each server's weight is the sum of all average answer times less its own; one is
 * drawn in proportion. Weights are worked out anew when 30 s are over or the list changes, at the next pick (no timer).
 * Round robin until there are averages. A server that has not answered counts as average (Ribbon: as the fastest).
 */
export class WeightedResponseTimePicker implements Picker {
  readonly name = "weighted-response-time";
  readonly #random: Random;
  readonly #roundRobin: RoundRobinPicker;
  #servers: readonly PickServer[] | undefined;
  #sums = new Float64Array(0);
  #total = 0;
  #staleAtMs = 0;

  constructor(random: Random) {
    this.#random = random;
    this.#roundRobin = new RoundRobinPicker(random);
  }

  pick(servers: readonly PickServer[], request: PickRequest): PickServer | undefined {
    const { nowMs, tried } = request;
    if (servers !== this.#servers || nowMs >= this.#staleAtMs) this.#weigh(servers, nowMs);
    if (this.#total < leastTotal) return this.#roundRobin.pick(servers, request);
    for (let i = 0; i < draws; i++) {
      const server = servers[this.#indexOf(this.#random.next() * this.#total)];
      if (server === undefined || isTried(server, tried)) continue;
      const weight = server.weight(nowMs);
      if (weight >= 1 || this.#random.next() < weight) return server;
    }
    return this.#roundRobin.pick(servers, request);
  }

  /** The first whose sum is above `point`. */
  #indexOf(point: number): number {
    let low = 0;
    let high = this.#sums.length - 1;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#sums[middle] ?? 0) > point) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  #weigh(servers: readonly PickServer[], nowMs: number): void {
    this.#servers = servers;
    if (this.#sums.length !== servers.length) this.#sums = new Float64Array(servers.length);
    let known = 0;
    let knownMs = 0;
    for (const server of servers) {
      const ms = server.averageMs();
      if (!(ms > 0)) continue;
      known += 1;
      knownMs += ms;
    }
    const meanMs = known === 0 ? 0 : knownMs / known;
    const totalMs = meanMs * servers.length;
    let sum = 0;
    for (const [i, server] of servers.entries()) {
      sum += Math.max(0, totalMs - (server.averageMs() || meanMs));
      this.#sums[i] = sum;
    }
    this.#total = sum;
    this.#staleAtMs = nowMs + (known === 0 ? emptyRefreshMs : refreshMs);
  }
}
