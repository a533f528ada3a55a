import type { Random } from "@holdfast/kernel";
import type { Picker, PickRequest, PickServer } from "./picker.ts";
import { isTried } from "./untried.ts";

/** How many are looked at before the one that is owed the most gets the call: bounds a pick when all weigh little. */
const visits = 16;

/**
 * One after the other, by deficit round robin: at each visit a server is owed its weight more, and it gets a call when it
 * is owed a whole one. So half the weight is exactly half the calls, evenly spread, and weights above 1 count too.
 *
 * It begins at a random place: a thousand callers that start together do not all begin with the first server.
 */
export class RoundRobinPicker implements Picker {
  readonly name = "round-robin";
  readonly #random: Random;
  #servers: readonly PickServer[] | undefined;
  #owed = new Float64Array(0);
  #next = 0;

  constructor(random: Random) {
    this.#random = random;
  }

  pick(servers: readonly PickServer[], request: PickRequest): PickServer | undefined {
    if (servers !== this.#servers) this.#begin(servers);
    const { tried, nowMs } = request;
    let most = -1;
    let visited = 0;
    for (let i = 0; visited < visits && (visited > 0 || i < servers.length); i++) {
      const at = this.#next;
      const server = servers[at];
      if (server === undefined) return undefined;
      // No visit: with one untried server among a thousand, that one is found.
      if (isTried(server, tried)) {
        this.#advance();
        continue;
      }
      visited += 1;
      let owed = this.#owed[at] ?? 0;
      if (owed < 1) {
        owed += server.weight(nowMs);
        this.#owed[at] = owed;
      }
      if (owed >= 1) {
        this.#owed[at] = owed - 1;
        // Owed one more: it is its turn again.
        if (owed < 2) this.#advance();
        return server;
      }
      if (most < 0 || owed > (this.#owed[most] ?? 0)) most = at;
      this.#advance();
    }
    if (most < 0) return undefined;
    this.#owed[most] = (this.#owed[most] ?? 1) - 1;
    return servers[most];
  }

  #advance(): void {
    this.#next = this.#next + 1 >= this.#owed.length ? 0 : this.#next + 1;
  }

  /** A new list: what was owed is chance now, so that a light server is neither owed its first call nor robbed of it. */
  #begin(servers: readonly PickServer[]): void {
    const isFirst = this.#servers === undefined;
    this.#servers = servers;
    if (this.#owed.length !== servers.length) this.#owed = new Float64Array(servers.length);
    for (let i = 0; i < servers.length; i++) this.#owed[i] = this.#random.next();
    if (isFirst) this.#next = this.#random.below(servers.length);
    else if (this.#next >= servers.length) this.#next = 0;
  }
}
